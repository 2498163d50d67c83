import type { Asset } from '../assets.ts';
import type { Asked } from '../context.ts';

/** Neither may be kept; and no address with a token in it is told to the next. */
const HEADERS = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };
const FORM_HEADERS = { 'Cache-Control': 'no-store' };

/** Why the login form is shown again: in English, and as the form's own script knows it, in the visitor's language. */
export interface FormError {
  code: 'wrong-password' | 'too-many' | 'link' | 'no-right';
  text: string;
  /** What the text tells beside its words: `{ seconds: 12 }`. */
  values?: Record<string, string | number>;
}

/** What people see who are not let in yet. */
export class Pages {
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #basePath: string;

  constructor(assets: ReadonlyMap<string, Asset>, basePath: string) {
    this.#assets = assets;
    this.#basePath = basePath;
  }

  /** Does somebody want to see a page, and not a program an answer? */
  isWanted(c: Asked): boolean {
    return c.req.method === 'GET' && c.req.header('Accept')?.includes('text/html') === true;
  }

  /**
   * The login form.
   * @param error why it is shown again; null: it is not
   * @param name what stood in it
   */
  form(
    c: Asked,
    status: 200 | 401 | 403 | 429,
    error: FormError | null = null,
    { name = '', headers = {} }: { name?: string; headers?: Record<string, string> } = {},
  ) {
    const page = this.#read('login.html')
      .replace('<!--error-->', () => (error ? errorText(error) : ''))
      .replace('value="admin"', () => `value="${escaped(name || 'admin')}"`);
    return c.html(this.#placed(page), status, { ...FORM_HEADERS, ...headers });
  }

  /**
   * Leads on to the page by way of `/login`, as a page of our own: a redirect of somebody who comes from another site would go without the
   * cookie, which is for our own pages alone (SameSite=Strict).
   */
  arrive(c: Asked, status: 200 | 401) {
    return c.html(this.#placed(this.#read('arrive.html')), status, status === 401 ? { ...HEADERS, 'WWW-Authenticate': 'Bearer' } : HEADERS);
  }

  /** Someone who may be logged in, though no cookie came along, is asked once more from a page of our own; else it would have come. */
  leadToLogin(c: Asked) {
    return this.mayHideCookie(c) ? this.arrive(c, 401) : c.redirect(`${this.#basePath}login`, 303);
  }

  /** May a page of another site have led here? Browsers tell only by HTTPS, and to this machine itself (Fetch Metadata, 3). */
  mayHideCookie(c: Asked): boolean {
    const site = c.req.header('Sec-Fetch-Site');
    return site === undefined || (site !== 'same-origin' && site !== 'none');
  }

  /** With links that lead to the same places from each address at which it may be shown. */
  #placed(page: string): string {
    return page.replaceAll(/(?<=(?:href="|src="|action="|url=))(?=assets\/|login)/g, this.#basePath);
  }

  #read(name: string): string {
    return this.#assets.get(name)?.body.toString() ?? '';
  }
}

function errorText({ code, text, values = {} }: FormError): string {
  const data = Object.entries({ error: code, ...values }).map(([name, value]) => `data-${name}="${escaped(String(value))}"`);
  return `<p class="error" ${data.join(' ')} role="alert">${escaped(text)}</p>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
