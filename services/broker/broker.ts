import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type AedesOptions, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import { Accounts } from '../shared/accounts.ts';
import { cameraTopics, isPictureStream } from '../shared/contract.ts';
import { GatheringLog } from '../shared/gathering-log.ts';
import type { Logger } from '../shared/log.ts';
import { BROKER_USERS, readOrMakeSecret } from '../shared/secrets.ts';
import type { BrokerSettings } from '../shared/settings.ts';
import { memoryPair } from '../shared/transport.ts';
import { MAX_SESSION_S, MAX_SESSIONS } from './absent.ts';
import { Access } from './access.ts';
import { BRIDGE_USER, Bridge } from './bridge/bridge.ts';
import { Door, RefusedError } from './door.ts';
import { BrokenRuleError } from './guard/broken-rule.ts';
import { type Listener, openListeners } from './listeners.ts';
import { BoundedMemory } from './memory.ts';
import { Peer } from './peer.ts';
import { type Place, Places } from './places.ts';
import { leaveRepeatsToUs } from './repeats.ts';
import { watchSessions } from './sessions.ts';
import { Telemetry } from './telemetry.ts';
import { MAX_TOPIC_LEVELS } from './topic-bounds.ts';
import { RECEIVE_MAXIMUM } from './unreleased.ts';
import { Viewers } from './viewers.ts';

/** Room for topic and properties around a frame. */
const PACKET_OVERHEAD = 64 << 10;
const CONNECT_TIMEOUT_MS = 10_000;
const SWEEP_MS = 1_000;

export interface Broker extends AsyncDisposable {
  /** Where TCP is served; its port differs from the setting when that is 0. */
  readonly address: { host: string; port: number };
  /** A connection within the process. */
  connect(): Duplex;
}

/**
 * Starts the message bus: Aedes behind TCP and, if set, a Unix socket and TLS, and the bridge to the house's broker.
 * Throws FaultError when an address is taken, a certificate cannot be read or secrets cannot be written.
 */
export async function startBroker(settings: BrokerSettings, tools: { log: Logger }): Promise<Broker> {
  const service = new BrokerService(settings, tools.log);
  await service.start();
  return service;
}

/**
 * Pictures go out at QoS 0, whatever their publisher asked for: nothing is kept of them for anyone, so the newest wins. What was refused is
 * only acknowledged.
 */
class PictureAedes extends Aedes {
  isRefused: (packet: object) => boolean = () => false;

  override publish(packet: PublishPacket, ...rest: [callback: (error?: Error) => void]): void {
    const isKept = packet.qos > 0 && isPictureStream(packet.topic);
    // Our own messages come with a callback alone, a client's with the client in front of it.
    if (this.isRefused(packet)) rest.at(-1)?.();
    else super.publish(isKept ? { ...packet, qos: 0 } : asMessage(packet), ...rest);
  }
}

class BrokerService implements Broker {
  readonly #settings: BrokerSettings;
  readonly #log: Logger;
  readonly #gathering: GatheringLog;
  readonly #access: Access;
  readonly #door: Door;
  readonly #viewers: Viewers;
  readonly #peers = new Set<Peer>();
  readonly #peerOf = new WeakMap<Client['conn'], Peer>();
  readonly #memory: BoundedMemory;
  readonly #aedes: PictureAedes;
  readonly #sweepSessions: (now: number) => void;
  readonly #telemetry: Telemetry;
  readonly #bridge: Bridge | null;
  #listeners: Listener[] = [];
  #sweeper: NodeJS.Timeout | undefined;

  constructor(settings: BrokerSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#gathering = new GatheringLog(log);
    this.#bridge = settings.bridge.url ? new Bridge(settings, { log, connect: () => this.connect() }) : null;
    this.#access = new Access({ prefixes: settings.mqtt, users: settings.broker.auth ? this.#readUsers() : null });
    this.#door = new Door({
      access: this.#access,
      peerOf: (client) => this.#peerOf.get(client.conn),
      log,
      gathering: this.#gathering,
      onRefused: () => this.#telemetry.counts.logins_refused++,
    });
    this.#door.start();
    this.#viewers = new Viewers(settings.mqtt.prefix, (id, count) => {
      this.#tell(cameraTopics(settings.mqtt.prefix, id).viewers('broker'), count === null ? '' : String(count), true);
    });
    this.#memory = new BoundedMemory(
      (cause) => this.#gathering.tell('warn', 'a message was not kept', { cause }),
      ({ conn }, filter) => this.#peerOf.get(conn)?.visitor?.isSubscribed(filter) ?? false,
    );
    this.#aedes = new PictureAedes(this.#options());
    this.#sweepSessions = watchSessions(this.#aedes, { memory: this.#memory, access: this.#access, gathering: this.#gathering });
    this.#aedes.isRefused = (packet) => this.#door.isRefused(packet);
    const publish = (topic: string, payload: string) => this.#tell(topic, payload);
    this.#telemetry = new Telemetry({ prefix: settings.mqtt.prefix, look: () => this.#look(), publish });
  }

  get address(): { host: string; port: number } {
    return { host: this.#settings.broker.host, port: this.#listeners[0]?.port ?? 0 };
  }

  async start(): Promise<void> {
    await this.#aedes.listen();
    this.#watchClients();
    this.#watchTraffic();
    this.#sweeper = setInterval(() => this.#sweep(performance.now()), SWEEP_MS);
    this.#telemetry.start();
    const { maxConnections: max, maxConnectionsPerAddress: maxPerAddress } = this.#settings.broker;
    const places = new Places({ max, maxPerAddress, gathering: this.#gathering });
    try {
      const take = (socket: Socket, place: Place) => this.#take(new Peer({ socket, place }));
      this.#listeners = await openListeners(this.#settings.broker, { places, gathering: this.#gathering, take });
      this.#bridge?.start();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    if (!this.#settings.broker.auth) this.#log.warn('BROKER_AUTH is off: whoever reaches the broker sees every picture');
  }

  connect(): Duplex {
    const { broker, client } = memoryPair();
    this.#take(new Peer({ stream: broker }));
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It tells the house's broker that its cameras go.
    await this.#bridge?.[Symbol.asyncDispose]();
    clearInterval(this.#sweeper);
    this.#telemetry.stop();
    const closed = this.#listeners.map((listener) => listener.close());
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    for (const peer of this.#peers) peer.stream.destroy();
    await Promise.all(closed);
  }

  #options(): AedesOptions {
    return {
      persistence: this.#memory,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Our streams never wait for a drain: `Peer` and `NewestWins` bound what waits.
      drainTimeout: 0,
      receiveMaximum: RECEIVE_MAXIMUM,
      maximumPacketSize: this.#settings.frameMaxBytes + PACKET_OVERHEAD,
      sessionExpiryIntervalLimit: MAX_SESSION_S,
      pendingSessionsLimit: MAX_SESSIONS,
      maxTopicLevels: MAX_TOPIC_LEVELS,
      authenticate: (client, ...rest) =>
        this.#bridge?.isOurselves(client.id) ? rest[2](null, false) : this.#door.authenticate(client, ...rest),
      authorizePublish: this.#door.authorizePublish,
      authorizeSubscribe: this.#door.authorizeSubscribe,
      authorizeForward: (client, packet) => (this.#mayForward(client, packet) ? packet : null),
    };
  }

  #readUsers() {
    const { dataDir } = this.#settings;
    const own = new Map<string, string>(BROKER_USERS.map((user) => [user, readOrMakeSecret(dataDir, `mqtt-${user}`)]));
    if (this.#bridge) own.set(BRIDGE_USER, this.#bridge.password);
    return { own, accounts: new Accounts(dataDir) };
  }

  #look() {
    return {
      clients: this.#aedes.connectedClients,
      subscriptions: sum([...this.#peers].map((peer) => peer.subscriptions)),
      ...(this.#bridge && { bridge: Number(this.#bridge.isWorking) }),
    };
  }

  #take(peer: Peer): void {
    this.#peers.add(peer);
    this.#peerOf.set(peer.stream, peer);
    peer.stream.once('close', () => this.#peers.delete(peer));
    this.#aedes.handle(peer.stream);
  }

  #mayForward(client: Client, packet: AedesPublishPacket): boolean {
    const peer = this.#peerOf.get(client.conn);
    if (!peer?.visitor?.mayRead(packet.topic) || isTooLarge(client, packet) || peer.repeats.isRepeat(packet)) return false;
    if (!isPictureStream(packet.topic)) return true;
    const isAdmitted = peer.newest.admit(packet.topic, packet.payload.length, peer.stream.backlog);
    this.#telemetry.counts[isAdmitted ? 'frames_out' : 'dropped']++;
    return isAdmitted;
  }

  #watchClients(): void {
    this.#aedes.on('client', (client) => {
      leaveRepeatsToUs(this.#aedes, client);
      const peer = this.#peerOf.get(client.conn);
      peer?.place?.settle();
      peer?.allow(this.#settings.frameMaxBytes + PACKET_OVERHEAD);
      this.#bridge?.onClient();
      this.#log.debug({ client: client.id, user: peer?.username, from: peer?.address }, 'client connected');
    });
    this.#aedes.on('clientError', (client, error) => {
      if (error instanceof BrokenRuleError) return this.#onBrokenRule(client, error);
      // At a stop every client ends with an error, which is none; what was refused is told by the door.
      if (!this.#aedes.closed && !(error instanceof RefusedError))
        this.#gathering.tell('info', 'client closed for a fault', {
          client: client.id,
          from: this.#peerOf.get(client.conn)?.address,
          cause: error.message,
        });
    });
    this.#aedes.on('connectionError', (client, error) => {
      if (error instanceof BrokenRuleError) return this.#onBrokenRule(client, error);
      const from = this.#peerOf.get(client.conn)?.address;
      if (!this.#aedes.closed) this.#gathering.tell('info', 'connection closed before login', { from, cause: error.message });
    });
  }

  #onBrokenRule(client: Client, { message }: BrokenRuleError): void {
    const from = this.#peerOf.get(client.conn)?.address;
    this.#gathering.tell('warn', 'closed a peer that broke a rule of MQTT', { client: client.id, from, cause: message });
  }

  #watchTraffic(): void {
    this.#aedes.on('clientReady', (client) => this.#note(client));
    this.#aedes.on('subscribe', (filters, client) => {
      this.#note(client);
      this.#telemetry.onSubscribed(filters.map(({ topic }) => topic));
    });
    this.#aedes.on('unsubscribe', (filters, client) => {
      for (const filter of filters) this.#peerOf.get(client.conn)?.visitor?.unsubscribe(filter);
      this.#note(client);
    });
    this.#aedes.on('clientDisconnect', (client) => this.#viewers.setFilters(client.id, []));
    this.#aedes.on('publish', ({ topic, payload }) => {
      if (isPictureStream(topic)) this.#telemetry.counts.frames_in++;
      this.#viewers.notice(topic, payload.length === 0);
    });
  }

  /** Takes note of what a client is subscribed to. */
  #note(client: Client): void {
    const filters = Object.keys((client as Client & { subscriptions: Record<string, unknown> }).subscriptions);
    const peer = this.#peerOf.get(client.conn);
    const visitor = peer?.visitor;
    if (!visitor) return;
    peer.subscriptions = filters.length;
    const isCounted = !this.#access.isGateway(visitor.identity);
    this.#viewers.setFilters(client.id, isCounted ? filters : [], (topic) => visitor.mayRead(topic));
  }

  /** Publishes what is the broker's own; retained or, where it is renewed anyway, not. */
  #tell(topic: string, payload: string, retain = false): void {
    if (this.#aedes.closed) return;
    this.#aedes.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: retain ? 1 : 0, retain, dup: false }, () => {});
  }

  #sweep(now: number): void {
    if (this.#door.refresh()) for (const client of this.#door.clients) this.#note(client);
    this.#viewers.sweep(now);
    this.#sweepSessions(now);
    for (const peer of this.#peers) {
      const complaint = peer.complaint(now);
      if (!complaint) continue;
      this.#telemetry.counts.slow_closed++;
      this.#log.warn({ client: peer.clientId, user: peer.username, from: peer.address, cause: complaint }, 'slow client closed');
      peer.stream.destroy();
    }
  }
}

/** A last will's delay is no property of the message that it becomes (MQTT 5.0, 3.3.2.3): its readers would close over it. */
function asMessage(packet: PublishPacket): PublishPacket {
  const { willDelayInterval, ...properties } = (packet.properties ?? {}) as { willDelayInterval?: number };
  return willDelayInterval === undefined ? packet : { ...packet, properties };
}

const sum = (numbers: number[]) => numbers.reduce((all, each) => all + each, 0);

/** Aedes knows what a client has announced to take at most, and leaves it to us to heed it [MQTT-3.1.2-24]. */
function isTooLarge(client: Client, { topic, payload }: AedesPublishPacket): boolean {
  const { maximumPacketSize } = client as Client & { maximumPacketSize?: number };
  return maximumPacketSize !== undefined && payload.length + topic.length > maximumPacketSize;
}
