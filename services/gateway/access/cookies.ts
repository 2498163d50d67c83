/** The session's cookie: its name and attributes (RFC 6265bis). */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Asked } from '../context.ts';
import { SESSION_MS } from './sessions.ts';

export class SessionCookie {
  readonly #basePath: string;
  readonly #isHttps: (c: Asked) => boolean;

  constructor(basePath: string, isHttps: (c: Asked) => boolean) {
    this.#basePath = basePath;
    this.#isHttps = isHttps;
  }

  get(c: Asked): string | undefined {
    return getCookie(c, this.#form(c).name);
  }

  set(c: Asked, id: string): void {
    const { name, attributes } = this.#form(c);
    // Strict: no other site's page has it sent along, not even by a link, for which login.ts has a page.
    setCookie(c, name, id, { ...attributes, httpOnly: true, sameSite: 'Strict', maxAge: SESSION_MS / 1000 });
  }

  delete(c: Asked): void {
    const { name, attributes } = this.#form(c);
    deleteCookie(c, name, attributes);
  }

  #form(c: Asked) {
    return this.#isHttps(c)
      ? { name: secureName(this.#basePath), attributes: { path: '/', secure: true } }
      : { name: 'homeguard', attributes: { path: this.#basePath, secure: false } };
  }
}

/**
 * A name with `__Host-` is nobody else's to set, neither another host's nor a page's without TLS, and has to have the path `/`. So that
 * two HomeGuards on one host have one each, the base path is in the name, as characters that a name may have.
 */
function secureName(basePath: string): string {
  const place = basePath.slice(1, -1).replaceAll('/', '+');
  return `__Host-homeguard${place && `+${place}`}`;
}
