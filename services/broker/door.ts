import type { AedesOptions, AuthenticateError, Client, PublishPacket } from 'aedes';
import { type AuditEvent, AuditLog } from '../shared/audit.ts';
import { FaultError } from '../shared/fault.ts';
import type { GatheringLog } from '../shared/gathering-log.ts';
import type { Logger } from '../shared/log.ts';
import type { Access } from './access.ts';
import type { Peer } from './peer.ts';
import { type Identity, MAX_SHOWN, MAX_SUBSCRIPTIONS, type Visitor } from './visitor.ts';

/** DISCONNECT's reason (MQTT 5.0, table 3-13) for a user that is gone, or has another password. */
const NOT_AUTHORISED = 0x87;

const TOO_MANY_SUBSCRIPTIONS = `more than ${MAX_SUBSCRIPTIONS} subscriptions of one client: further ones are refused; subscribe with wildcards, or as several clients`;

export interface DoorParts {
  access: Access;
  peerOf: (client: Client) => Peer | undefined;
  log: Logger;
  gathering: GatheringLog;
  /** A login was refused. */
  onRefused: () => void;
}

type Will = Pick<PublishPacket, 'topic' | 'payload' | 'retain' | 'properties'>;

/** Where Aedes asks who may what; what is refused stands in the log, with what mends it. */
export class Door implements Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe'> {
  readonly #parts: DoorParts;
  readonly #audit: AuditLog;
  readonly #clients = new Map<Visitor, Client>();
  /** Messages of MQTT 3.1.1 that go to nobody. */
  readonly #refused = new WeakSet<object>();
  #trouble: string | null = null;
  #hasBegun = false;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#audit = new AuditLog(parts.log, parts.gathering);
  }

  readonly authenticate: NonNullable<AedesOptions['authenticate']> = (client, username, password, done) => {
    const { access, peerOf, gathering, onRefused } = this.#parts;
    const peer = peerOf(client);
    if (!peer) return done(null, false);
    Object.assign(peer, { clientId: client.id, username });
    const identity = { user: username, clientId: client.id, address: peer.address };
    const will = willOf(client);
    access.admit({ ...identity, password, will: will && { topic: will.topic, ...more(will) }, holder: client }).then(
      (admission) => {
        if (!admission) return done(null, false);
        if ('visitor' in admission) {
          this.#letIn(client, peer, admission.visitor);
          return done(null, true);
        }
        const { sentence, cause, returnCode } = admission.refused;
        onRefused();
        const audit = 'mqtt-login-failed';
        gathering.tell('warn', sentence, { audit, user: username, client: client.id, from: peer.address, ...(cause && { cause }) });
        done(Object.assign(new RefusedError(sentence), { returnCode }) as AuthenticateError, false);
      },
      (error: AuthenticateError) => done(error, false),
    );
  };

  readonly authorizePublish: NonNullable<AedesOptions['authorizePublish']> = (client, packet, done) => {
    const visitor = client && this.#parts.peerOf(client)?.visitor;
    if (visitor?.mayPublish(packet.topic, more(packet))) {
      // The end is looked at first, since each frame comes by here.
      if (packet.topic.endsWith('/set') && visitor.isCommand(packet.topic))
        this.#note('command', visitor.identity, {
          topic: packet.topic.slice(0, MAX_SHOWN),
          value: packet.payload.toString().slice(0, MAX_SHOWN),
        });
      return done(null);
    }
    const remedy = visitor ? this.#tellRefused(visitor, packet) : undefined;
    // MQTT 5 has a code for it. By 3.1.1 the message is acknowledged, and goes nowhere [MQTT-3.3.5-2]: to close the connection would take
    // from a program all that it may.
    if (client?.version === 5) return done(new RefusedError(remedy));
    this.#refused.add(packet);
    done(null);
  };

  readonly authorizeSubscribe: NonNullable<AedesOptions['authorizeSubscribe']> = (client, subscription, done) => {
    const visitor = this.#parts.peerOf(client)?.visitor;
    const isGranted = visitor?.maySubscribe(subscription.topic);
    if (isGranted && visitor?.subscribe(subscription.topic)) return done(null, subscription);
    const refusal = visitor?.refusal('read', subscription.topic);
    if (refusal && isGranted) this.#parts.gathering.tell('warn', TOO_MANY_SUBSCRIPTIONS, { ...refusal, remedy: undefined });
    else if (refusal)
      this.#parts.gathering.tell('warn', `a subscription was refused: the user ${refusal.user} may read nothing there`, refusal);
    done(null, null);
  };

  /** Those who are in. */
  get clients(): Iterable<Client> {
    return this.#clients.values();
  }

  /** Is it a message that goes to nobody, though its sender is told nothing? */
  isRefused(packet: object): boolean {
    return this.#refused.has(packet);
  }

  /** Reads the users for the first time. */
  start(): void {
    this.refresh();
    this.#hasBegun = true;
  }

  /**
   * Reads the users anew if they have changed, and disconnects those who are users no longer. To be called about once a second.
   * @returns whether they have changed
   */
  refresh(): boolean {
    try {
      const change = this.#parts.access.refresh();
      this.#trouble = null;
      if (!change) return false;
      if (this.#hasBegun)
        this.#audit.note('users-changed', { who: 'npm run user, or an admin at the gateway', users: change.users.join(',') || 'none' });
      for (const visitor of change.gone) this.#sendOut(visitor);
      return true;
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      if (error.message !== this.#trouble) this.#parts.log.error(`${error.message}; until then all users stay as they were`);
      this.#trouble = error.message;
      return false;
    }
  }

  /** @returns what mends it */
  #tellRefused(visitor: Visitor, { topic, properties, ...packet }: Will): string {
    const isItself = visitor.mayPublish(topic, more({ topic, ...packet }));
    const refusal = visitor.refusal('publish', isItself ? (properties?.responseTopic ?? '') : topic);
    const what = isItself ? 'a command was refused for its response topic' : 'a message was refused';
    this.#parts.gathering.tell('warn', `${what}: the user ${refusal.user} may not publish there`, refusal);
    return refusal.remedy;
  }

  #note(event: AuditEvent, { user, clientId, address }: Identity, about: object = {}): void {
    this.#audit.note(event, { who: user === undefined ? 'anyone' : `user ${user}`, client: clientId, from: address, ...about });
  }

  #letIn(client: Client, peer: Peer, visitor: Visitor): void {
    peer.visitor = visitor;
    this.#clients.set(visitor, client);
    // It comes every few seconds, and can do nothing.
    if (visitor.identity.user !== 'healthcheck') this.#note('mqtt-login', visitor.identity);
    peer.stream.once('close', () => {
      this.#clients.delete(visitor);
      // Aedes learns of the end at the same time, and only then whether the session is kept.
      setImmediate(() => this.#parts.access.leave(visitor, client));
    });
  }

  #sendOut(visitor: Visitor): void {
    const { user, clientId, address } = visitor.identity;
    this.#parts.log.info({ user, client: clientId, from: address }, 'disconnected, since its user is gone or has another password');
    // Its will still goes out: nobody is to think that it is there.
    this.#clients.get(visitor)?.disconnect({ reasonCode: NOT_AUTHORISED }, () => visitor.setRules([]));
  }
}

/** What a login or message was refused with, which is told already, and no fault of the connection. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

/** Aedes keeps it from us until it is published. */
function willOf(client: Client): Will | undefined {
  return (client as Client & { _will?: Will })._will;
}

function more({ payload, retain, properties }: Will) {
  return { isClearing: retain && payload.length === 0, responseTopic: properties?.responseTopic };
}
