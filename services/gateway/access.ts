import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Logger } from '../shared/log.ts';
import { problem } from './problem.ts';
import { SESSION_MS, type Sessions, sameSecret } from './sessions.ts';

const COOKIE = 'homeguard';
/** A wrong password is answered after so long, in ms, and so many wait at once; one more is refused at once. */
const WRONG_MS = 500;
const MAX_WAITING = 10;

export interface Secrets {
  token: string;
  password: string;
}

/** Who may see the cameras: those with the token, and browsers that logged in with it or with the password. */
export class Access {
  readonly #secrets: Secrets;
  readonly #sessions: Sessions;
  readonly #basePath: string;
  readonly #log: Logger;
  #waiting = 0;

  constructor(secrets: Secrets, sessions: Sessions, basePath: string, log: Logger) {
    this.#secrets = secrets;
    this.#sessions = sessions;
    this.#basePath = basePath;
    this.#log = log;
  }

  /** Lets nobody pass who has neither a session nor the token; browsers are led to the login page. */
  guard(): MiddlewareHandler {
    return async (c, next) => {
      if (this.#isKnown(c)) return next();
      const wantsPage = c.req.method === 'GET' && c.req.header('Accept')?.includes('text/html');
      if (wantsPage) return c.redirect(`${this.#basePath}login`, 303);
      return problem(401, 'Log in at /login, or send the header "Authorization: Bearer {token}".', {}, { 'WWW-Authenticate': 'Bearer' });
    };
  }

  /** Checks a token or password; a right one sets the session cookie. False, or null when too many wrong ones are waiting. */
  async logIn(c: Context, secret: string): Promise<boolean | null> {
    if (this.#waiting >= MAX_WAITING) return null;
    if (sameSecret(secret, this.#secrets.token) || sameSecret(secret, this.#secrets.password)) {
      // Lax, not Strict: the login link may be opened from a mail or a chat, and its redirect has to carry the cookie.
      const id = this.#sessions.begin(Date.now());
      setCookie(c, COOKIE, id, { httpOnly: true, sameSite: 'Lax', path: this.#basePath, maxAge: SESSION_MS / 1000 });
      return true;
    }
    this.#waiting++;
    await new Promise((resolve) => setTimeout(resolve, WRONG_MS));
    this.#waiting--;
    this.#log.warn('a login with a wrong token or password was refused');
    return false;
  }

  logOut(c: Context): void {
    const id = getCookie(c, COOKIE);
    if (id) this.#sessions.end(id);
    deleteCookie(c, COOKIE, { path: this.#basePath });
  }

  #isKnown(c: Context): boolean {
    const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
    if (bearer) return sameSecret(bearer, this.#secrets.token);
    const id = getCookie(c, COOKIE);
    return id !== undefined && this.#sessions.has(id, Date.now());
  }
}

/** Refuses what a page of another site asks for in the name of a logged-in browser: WebSockets and changes (RFC 6455, 10.2). */
export function sameOrigin(): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('Origin');
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    const upgrades = c.req.header('Upgrade') !== undefined;
    if (origin && (changes || upgrades) && hostOf(origin) !== c.req.header('Host')) {
      return problem(403, `A page of ${origin} may not do this. Open HomeGuard itself; behind a proxy, pass the Host header on.`);
    }
    return next();
  };
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
