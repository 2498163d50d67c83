/** Who may come in, as whom, and what each may: the one place that the broker asks. */
import type { Account, Accounts } from '../shared/accounts.ts';
import { clientIdPrefix } from '../shared/contract.ts';
import { NOTHING } from '../shared/rights.ts';
import { ClientIds, type Holder } from './client-ids.ts';
import { Logins } from './logins.ts';
import type { Prefixes } from './topic-kinds.ts';
import { everybodysRules, type Rule, rulesOfAccount, rulesOfOwnUser } from './topic-rights.ts';
import { type Identity, MAX_SHOWN, Visitor } from './visitor.ts';

/** CONNACK's codes of MQTT 3.1.1 (table 3.1), which Aedes translates for MQTT 5: 0x85, 0x88, 0x87. */
const REFUSED = { id: 2, later: 3, unauthorised: 5 } as const;

/** Characters of a user's name, and of a client id: it is remembered for as long as its session, or what the client has done wrong. */
const MAX_NAME = 256;

export interface Arrival extends Identity {
  password: Buffer | undefined;
  will: { topic: string; isClearing: boolean; responseTopic?: string } | undefined;
  /** The connection: it has, or keeps, the id. */
  holder: Holder;
}

export type Admission = { visitor: Visitor } | { refused: Refusal };

export interface Refusal {
  returnCode: (typeof REFUSED)[keyof typeof REFUSED];
  /** For the log: there are few of them. */
  sentence: string;
  cause?: string;
}

export interface AccessParts {
  prefixes: Prefixes;
  /** The broker's own users, name -> password, and those that were made; null lets anyone in. */
  users: { own: ReadonlyMap<string, string>; accounts: Accounts } | null;
}

export class Access {
  readonly #prefixes: Prefixes;
  readonly #users: { accounts: Accounts; logins: Logins; ids: ClientIds } | null;
  /** Those who are in -> the account's hash with which they came; none for the broker's own users. */
  readonly #visitors = new Map<Visitor, string | undefined>();
  readonly #gatewayIds: string;

  constructor({ prefixes, users }: AccessParts) {
    this.#prefixes = prefixes;
    this.#gatewayIds = clientIdPrefix(prefixes.prefix, 'gateway');
    this.#users = users && {
      accounts: users.accounts,
      logins: new Logins(users.own, users.accounts),
      ids: new ClientIds(prefixes.prefix),
    };
  }

  /** May they in? Who was admitted has to be let go by `leave`. Null: the connection has ended meanwhile. */
  async admit({ user, clientId, address, password, will, holder }: Arrival): Promise<Admission | null> {
    // Without logins a name is anybody's word, of which the log would have a line for each.
    if (clientId.length > MAX_NAME) return refuse('id', `login refused: a client id may have ${MAX_NAME} characters, take a shorter one`);
    if ((user?.length ?? 0) > MAX_NAME) return refuse('unauthorised', 'login refused: unknown user or wrong password');
    const identity = { user: this.#users ? user : 'anybody', clientId, address };
    const verdict = (await this.#users?.logins.check({ user, password, address })) ?? 'right';
    if (holder.closed) return null;
    if (verdict === 'wrong') return refuse('unauthorised', 'login refused: unknown user or wrong password');
    if (verdict === 'later')
      return refuse('later', 'login refused unread: there were too many wrong passwords; later it is looked at again');
    const isOwn = this.#users?.logins.isOwnUser(user ?? '') ?? true;
    const visitor = new Visitor(identity, { prefixes: this.#prefixes, rules: this.#rulesOf(identity), isOwn });
    if (will && !visitor.mayPublish(will.topic, will))
      return refuse('unauthorised', 'login refused: its user may not publish its will', will.topic.slice(0, MAX_SHOWN));
    const account = this.#accountOf(user);
    const cause = this.#users?.ids.claim(clientId, user, account?.rights ?? null, holder);
    if (cause) return refuse('id', "login refused: its client id is another one's", cause);
    this.#visitors.set(visitor, account?.hash);
    return { visitor };
  }

  leave(visitor: Visitor, holder: Holder): void {
    this.#visitors.delete(visitor);
    this.#users?.ids.release(visitor.identity.clientId, holder);
  }

  /** A session that was kept for this client id has come to its end. */
  forgetSession(clientId: string): void {
    this.#users?.ids.forget(clientId);
  }

  /**
   * Reads the users anew if they have changed; rights count at once. To be called about once a second.
   * @returns null: nothing has changed; else those who are in, but as users that are gone or have another password
   * @throws FaultError when they cannot be read; then all stays as it was
   */
  refresh(): { gone: Visitor[]; users: string[] } | null {
    if (!this.#users?.accounts.refresh()) return null;
    const { accounts, logins } = this.#users;
    logins.forgetChanged();
    const gone: Visitor[] = [];
    for (const [visitor, hash] of this.#visitors) {
      if (hash === undefined) continue;
      if (accounts.get(visitor.identity.user ?? '')?.hash === hash) visitor.setRules(this.#rulesOf(visitor.identity));
      else gone.push(visitor);
    }
    return { gone, users: accounts.names };
  }

  /** Gateways count their own viewers, so the broker must not count them once more. Nobody else may have their ids. */
  isGateway({ user, clientId }: Identity): boolean {
    return (this.#users !== null && user === 'gateway') || clientId.startsWith(this.#gatewayIds);
  }

  #rulesOf(identity: Identity): readonly Rule[] {
    const { user = '', clientId } = identity;
    if (!this.#users) return everybodysRules;
    if (!this.#users.logins.isOwnUser(user)) return rulesOfAccount(user, this.#accountOf(user)?.rights ?? NOTHING);
    const cameraIds = clientIdPrefix(this.#prefixes.prefix, 'camera');
    return rulesOfOwnUser(user, clientId.startsWith(cameraIds) ? clientId.slice(cameraIds.length) : undefined);
  }

  /** A user that was made; the broker's own ones go before those of the same name. */
  #accountOf(user = ''): Account | undefined {
    return this.#users?.logins.isOwnUser(user) ? undefined : this.#users?.accounts.get(user);
  }
}

function refuse(why: keyof typeof REFUSED, sentence: string, cause?: string): { refused: Refusal } {
  return { refused: { returnCode: REFUSED[why], sentence, cause } };
}
