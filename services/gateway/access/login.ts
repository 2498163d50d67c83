import { bodyLimit } from 'hono/body-limit';
import type { Asked } from '../context.ts';
import { problem } from '../problem.ts';
import type { Refusals } from '../refusals.ts';
import type { Routes } from '../routes.ts';
import type { Access } from './access.ts';
import type { Audit } from './audit.ts';
import type { Pages } from './pages.ts';
import type { Subject } from './sessions.ts';

const MAX_BODY_BYTES = 16 << 10;
/** A name that is shown again in the form. */
const MAX_NAME = 64;

export interface LoginParts {
  /** Null: nobody has to log in, and is led on to the page. */
  access: Access | null;
  pages: Pages;
  basePath: string;
  refusals: Refusals;
  audit: Audit;
}

/** The routes by which people come in and leave. */
export function addLogin(routes: Routes, { access, pages, basePath, refusals, audit }: LoginParts): void {
  const come = (c: Asked, access: Access, subject: Subject, by: string) => {
    access.logIn(c, subject);
    audit.note(c, 'login', subject, { by });
  };

  routes.add('GET', '/login', 'open', (c) => {
    const token = c.req.query('token');
    if (!access) return c.redirect(basePath, 303);
    if (token === undefined) return access.isLoggedIn(c) ? c.redirect(basePath, 303) : pages.form(c, 200);
    // Whatever looks at a link before somebody opens it does not log in.
    if (c.req.method === 'HEAD') return c.body(null, 200);
    const subject = access.subjectOf(token);
    if (!subject) {
      refusals.add('wrong-login', { client: access.clientOf(c).address });
      return pages.form(c, 401, { code: 'link', text: 'This link is not valid (any more). Log in with the password.' });
    }
    come(c, access, subject, 'link');
    return pages.isWanted(c) && pages.mayHideCookie(c) ? pages.arrive(c, 200) : c.redirect(basePath, 303);
  });

  const limit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => problem(413, 'That is too much for a login.') });
  routes.add('POST', '/login', 'open', limit, async (c) => {
    if (!access) return c.redirect(basePath, 303);
    const { name, password } = await readForm(c);
    const verdict = await access.check(c, name, password);
    if (verdict.is === 'right') {
      come(c, access, verdict.subject, 'password');
      return c.redirect(basePath, 303);
    }
    if (verdict.is === 'wrong') {
      // A name of nobody's may be a password that was typed into the wrong field.
      refusals.add('wrong-login', { client: access.clientOf(c).address, ...(access.isUser(name) && { user: name }) });
      return pages.form(c, 401, { code: 'wrong-password', text: 'That was not the right password for this name.' }, { name });
    }
    refusals.add('too-many-logins', { client: access.clientOf(c).address });
    const seconds = Math.ceil(verdict.ms / 1000);
    const headers = { 'Retry-After': String(seconds) };
    const text = `Too many wrong passwords came: try again in ${seconds} s.`;
    return pages.form(c, 429, { code: 'too-many', text, values: { seconds } }, { name, headers });
  });

  routes.add('POST', '/logout', 'open', (c) => {
    const subject = access?.logOut(c, c.req.query('everywhere') === '1');
    if (subject) audit.note(c, 'logout', subject);
    return c.redirect(`${basePath}login`, 303);
  });
}

async function readForm(c: Asked): Promise<{ name: string; password: string }> {
  try {
    const { name, password } = await c.req.parseBody();
    return { name: typeof name === 'string' ? name.trim().slice(0, MAX_NAME) : '', password: typeof password === 'string' ? password : '' };
  } catch {
    // No form, whatever its Content-Type says: a wrong password as any other.
    return { name: '', password: '' };
  }
}
