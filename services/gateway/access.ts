import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { problem } from './problem.ts';
import type { Client, Sender } from './proxy.ts';
import type { Refusals } from './refusals.ts';
import { SESSION_MS, type Sessions, sameSecret } from './sessions.ts';

const COOKIE = 'homeguard';
/** A name of its own, or who has it could not log in over plain HTTP on that host: browsers let no page replace a Secure cookie from there. */
const SECURE_COOKIE = '__Secure-homeguard';
/** A wrong password is answered after so long, in ms, and so many wait at once; one more is refused at once. */
const WRONG_MS = 500;
const MAX_WAITING = 10;

type Env = { Bindings: HttpBindings };

export interface Secrets {
  token: string;
  password: string;
}

/** Who may see the cameras: those with the token, and browsers that logged in with it or with the password. */
export class Access {
  readonly #secrets: Secrets;
  readonly #sessions: Sessions;
  readonly #basePath: string;
  readonly #find: (sender: Sender) => Client;
  readonly #refusals: Refusals;
  #waiting = 0;

  constructor(secrets: Secrets, sessions: Sessions, basePath: string, find: (sender: Sender) => Client, refusals: Refusals) {
    this.#secrets = secrets;
    this.#sessions = sessions;
    this.#basePath = basePath;
    this.#find = find;
    this.#refusals = refusals;
  }

  /** Lets nobody pass who has neither a session nor the token; browsers are led to the login page. */
  guard(): MiddlewareHandler<Env> {
    return async (c, next) => {
      if (this.#isKnown(c)) return next();
      const wantsPage = c.req.method === 'GET' && c.req.header('Accept')?.includes('text/html');
      if (wantsPage) return c.redirect(`${this.#basePath}login`, 303);
      const isWrong = c.req.header('Authorization') !== undefined || getCookie(c, this.#cookie(c).name) !== undefined;
      this.#refusals.add(isWrong ? 'wrong-token' : 'no-login', { client: this.#find(c.env.incoming).address, path: c.req.path });
      return problem(401, 'Log in at /login, or send the header "Authorization: Bearer {token}".', {}, { 'WWW-Authenticate': 'Bearer' });
    };
  }

  /** Checks a token or password; a right one sets the session cookie. False, or null when too many wrong ones are waiting. */
  async logIn(c: Context<Env>, secret: string): Promise<boolean | null> {
    if (this.#waiting >= MAX_WAITING) {
      this.#refusals.add('too-many-logins', { client: this.#find(c.env.incoming).address });
      return null;
    }
    if (sameSecret(secret, this.#secrets.token) || sameSecret(secret, this.#secrets.password)) {
      // Lax, not Strict: the login link may be opened from a mail or a chat, and its redirect has to carry the cookie.
      const id = this.#sessions.begin(Date.now());
      const { name, attributes } = this.#cookie(c);
      setCookie(c, name, id, { ...attributes, httpOnly: true, sameSite: 'Lax', maxAge: SESSION_MS / 1000 });
      return true;
    }
    const { address } = this.#find(c.env.incoming); // before the wait, by whose end the connection may be gone
    this.#waiting++;
    await new Promise((resolve) => setTimeout(resolve, WRONG_MS));
    this.#waiting--;
    this.#refusals.add('wrong-login', { client: address });
    return false;
  }

  logOut(c: Context<Env>): void {
    const { name, attributes } = this.#cookie(c);
    const id = getCookie(c, name);
    if (id) this.#sessions.end(id);
    deleteCookie(c, name, attributes);
  }

  #cookie(c: Context<Env>) {
    const { https } = this.#find(c.env.incoming);
    return { name: https ? SECURE_COOKIE : COOKIE, attributes: { path: this.#basePath, secure: https } };
  }

  #isKnown(c: Context<Env>): boolean {
    const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
    if (bearer) return sameSecret(bearer, this.#secrets.token);
    const id = getCookie(c, this.#cookie(c).name);
    return id !== undefined && this.#sessions.has(id, Date.now());
  }
}

/** Refuses what a page of another site asks for in the name of a logged-in browser: WebSockets and changes (RFC 6455, 10.2). */
export function sameOrigin(refusals: Refusals): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('Origin');
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    const upgrades = c.req.header('Upgrade') !== undefined;
    if (origin && (changes || upgrades) && hostOf(origin) !== c.req.header('Host')) {
      refusals.add('other-origin', { origin, path: c.req.path });
      return problem(403, `A page of ${origin} may not do this. Open HomeGuard itself; behind a proxy, pass the Host header on.`);
    }
    return next();
  };
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
