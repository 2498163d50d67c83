import type { Accounts } from '../../shared/accounts.ts';
import { FaultError } from '../../shared/fault.ts';
import type { Logger } from '../../shared/log.ts';
import { ADMIN } from '../../shared/rights.ts';
import type { Asked } from '../context.ts';
import { SessionCookie } from './cookies.ts';
import { ADMIN_NAME, Passwords, type Verdict } from './passwords.ts';
import { Presence } from './presence.ts';
import type { Client, Sender } from './proxy.ts';
import { type ProxyLogin, proxyUser } from './proxy-user.ts';
import { sameSecret } from './secret.ts';
import { type Found, Sessions, type Subject } from './sessions.ts';
import { Tickets } from './tickets.ts';
import { Tokens } from './tokens.ts';
import { UserBook } from './user-book.ts';
import type { Visitor } from './visitor.ts';

export interface AccessParts {
  dataDir: string;
  /** The gateway's own: GATEWAY_TOKEN and GATEWAY_PASSWORD, or those that were made. */
  secrets: { token: string; password: string };
  accounts: Accounts;
  /** Null: no proxy's word on who somebody is counts. */
  proxyLogin: ProxyLogin | null;
  basePath: string;
  clientOf: (sender: Sender) => Client;
  log: Logger;
}

/** Who asks, or why nobody is let in. */
export type Identity = Visitor | { refused: 'no-login' | 'wrong-token' | 'wrong-login' } | { refused: 'too-many-logins'; ms: number };

const OWN: Visitor = { kind: 'admin', name: ADMIN_NAME, rights: () => ADMIN };
/** Browsers, all of them. They send name and password of themselves only where a proxy in front asked for those, which are its own. */
const BROWSER = /^Mozilla\//;

/** Tells who somebody is, by what he shows: a token, a ticket, a session's cookie, a proxy's word, or a name and a password. */
export class Access {
  readonly presence = new Presence();
  readonly tickets = new Tickets();
  readonly tokens: Tokens;
  readonly users: UserBook;
  readonly #parts: AccessParts;
  readonly #sessions: Sessions;
  readonly #passwords: Passwords;
  readonly #cookie: SessionCookie;
  #trouble = '';

  /** @throws FaultError when the tokens cannot be read; without users it goes on, and the log says why */
  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.tokens = new Tokens(parts.dataDir, (name) => this.#adminHashOf(name));
    this.users = new UserBook(parts.dataDir, () => this.tick());
    this.#sessions = new Sessions(parts.dataDir, (subject) => this.#credentialOf(subject));
    this.#passwords = new Passwords(parts.secrets.password, parts.accounts);
    this.#cookie = new SessionCookie(parts.basePath, (c) => this.clientOf(c).https);
    this.#refresh();
  }

  clientOf(c: Asked): Client {
    return this.#parts.clientOf(c.env.incoming);
  }

  /** A token counts whatever else is shown with it; all else in this order, so that who is somebody already is not asked for more. */
  async identify(c: Asked): Promise<Identity> {
    const shown = c.req.header('Authorization') ?? '';
    const bearer = /^Bearer +(\S+)$/i.exec(shown)?.[1];
    if (bearer) return this.#byToken(bearer) ?? { refused: 'wrong-token' };
    const known = this.#byTicket(c) ?? this.#bySession(c) ?? this.#byProxy(c);
    if (known) return known;
    const basic = /^Basic +([\w+/=-]+)$/i.exec(shown)?.[1];
    if (basic && !isBrowser(c)) return this.#byPassword(c, Buffer.from(basic, 'base64').toString());
    const isWrong = shown !== '' || c.req.query('ticket') !== undefined || this.#cookie.get(c) !== undefined;
    return { refused: isWrong ? 'wrong-token' : 'no-login' };
  }

  /** Is this name's password right? The name may be left out: it is the gateway's own then. */
  check(c: Asked, name: string, password: string): Promise<Verdict> {
    this.#refresh();
    return this.#passwords.check({ name, password, address: this.clientOf(c).address });
  }

  isUser(name: string): boolean {
    return name === ADMIN_NAME || this.#parts.accounts.get(name) !== undefined;
  }

  /** As whom the token of a login link, or a ticket, logs in; null when it is neither. */
  subjectOf(secret: string): Subject | null {
    if (sameSecret(secret, this.#parts.secrets.token)) return { kind: 'admin', name: ADMIN_NAME };
    return this.tickets.spendLogin(secret, performance.now());
  }

  /** Begins a session, by a cookie. */
  logIn(c: Asked, subject: Subject): void {
    this.#cookie.set(c, this.#sessions.begin(subject, Date.now()));
  }

  isLoggedIn(c: Asked): boolean {
    return this.#found(c) !== null;
  }

  /**
   * Ends the session, and what is open by it.
   * @param everywhere all sessions of its user
   * @returns whose it was
   */
  logOut(c: Asked, everywhere: boolean): Subject | null {
    const found = this.#found(c);
    if (found && everywhere) this.#sessions.endAll(found.subject);
    else if (found) this.#sessions.end(found.key);
    this.#cookie.delete(c);
    this.presence.tick();
    return found?.subject ?? null;
  }

  /** Looks at users, and at whoever watches; to be called about once a second. */
  tick(): void {
    this.#refresh();
    this.#sessions.tick(Date.now());
    this.presence.tick();
  }

  #refresh(): void {
    try {
      if (this.#parts.accounts.refresh()) this.#passwords.forgetChanged();
      this.#trouble = '';
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      if (error.message !== this.#trouble) this.#parts.log.error(`${error.message}; until then all users stay as they were`);
      this.#trouble = error.message;
    }
  }

  #byToken(secret: string): Visitor | null {
    if (sameSecret(secret, this.#parts.secrets.token)) return OWN;
    const token = this.tokens.find(secret, Date.now());
    return token && { kind: 'token', name: token.name, rights: () => this.tokens.rightsOf(token.key) };
  }

  #byTicket(c: Asked): Visitor | null {
    const ticket = c.req.query('ticket');
    // HEAD shows no picture, and spends nothing.
    if (ticket === undefined || c.req.method !== 'GET' || c.req.header('Upgrade') !== undefined) return null;
    return this.tickets.spend(ticket, c.req.path, performance.now());
  }

  #bySession(c: Asked): Visitor | null {
    const found = this.#found(c);
    if (!found) return null;
    const { key, subject } = found;
    const credential = this.#credentialOf(subject);
    const isLive = () => this.#sessions.has(key, Date.now()) && this.#credentialOf(subject) === credential;
    return { ...subject, rights: () => (isLive() ? this.#rightsOf(subject) : null) };
  }

  #found(c: Asked): Found | null {
    const id = this.#cookie.get(c);
    return id === undefined ? null : this.#sessions.find(id, Date.now());
  }

  #byProxy(c: Asked): Visitor | null {
    const { proxyLogin, accounts } = this.#parts;
    const name = proxyLogin && this.clientOf(c).proxied ? proxyUser(c.env.incoming.headers, proxyLogin) : null;
    return proxyLogin && name ? { kind: 'proxy', name, rights: () => accounts.get(name)?.rights ?? proxyLogin.rights } : null;
  }

  /** A token may stand where the password does, whatever the name: many programs can show nothing else. */
  async #byPassword(c: Asked, pair: string): Promise<Identity> {
    const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(pair) ?? [];
    const token = this.#byToken(password);
    if (token) return token;
    const verdict = await this.check(c, name, password);
    if (verdict.is === 'later') return { refused: 'too-many-logins', ms: verdict.ms };
    if (verdict.is === 'wrong') return { refused: 'wrong-login' };
    const { subject } = verdict;
    const credential = this.#credentialOf(subject);
    return { ...subject, rights: () => (this.#credentialOf(subject) === credential ? this.#rightsOf(subject) : null) };
  }

  /** The gateway's own sessions end when its password or its token has become another one. */
  #credentialOf({ kind, name }: Subject): string | null {
    const { secrets, accounts } = this.#parts;
    return kind === 'admin' ? `${secrets.password}\0${secrets.token}` : (accounts.get(name)?.hash ?? null);
  }

  /** Null: he is no user, or no admin. */
  #adminHashOf(name: string): string | null {
    const { rights, hash } = this.#parts.accounts.get(name) ?? {};
    return rights?.admin && hash !== undefined ? hash : null;
  }

  #rightsOf({ kind, name }: Subject) {
    return kind === 'admin' ? ADMIN : (this.#parts.accounts.get(name)?.rights ?? null);
  }
}

export function isBrowser(c: Asked): boolean {
  return BROWSER.test(c.req.header('User-Agent') ?? '');
}
