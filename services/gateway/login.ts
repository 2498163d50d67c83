import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Access } from './access.ts';
import type { Asset } from './assets.ts';
import { problem } from './problem.ts';

const MAX_BODY_BYTES = 16 << 10;

type Env = { Bindings: HttpBindings };

/** The routes by which people come in and leave. Where nobody has to log in (`access` is null) they lead on to the page. */
export function addLogin(app: Hono<Env>, access: Access | null, assets: Map<string, Asset>, basePath: string): void {
  const form = (c: Context<Env>, status: 200 | 401 | 429, error = '') => {
    const page = assets.get('login.html')?.body.toString() ?? '';
    return c.html(page.replace('<!--error-->', error && `<p class="error" role="alert">${error}</p>`), status, {
      'Cache-Control': 'no-store',
    });
  };
  const logIn = async (c: Context<Env>, secret: string, wrong: string) => {
    const done = await access?.logIn(c, secret);
    if (done === null) return form(c, 429, 'Too many wrong tries; wait a few seconds.');
    return done === false ? form(c, 401, wrong) : c.redirect(basePath, 303);
  };
  app.get('/login', (c) => {
    const token = c.req.query('token');
    if (!access) return c.redirect(basePath, 303);
    return token === undefined ? form(c, 200) : logIn(c, token, 'This link is not valid (any more). Log in with the password.');
  });
  app.post('/login', bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => problem(413, 'That is too much for a login.') }), async (c) => {
    const { password } = await c.req.parseBody();
    return logIn(c, typeof password === 'string' ? password : '', 'That was not the password.');
  });
  app.post('/logout', (c) => {
    access?.logOut(c);
    return c.redirect(`${basePath}login`, 303);
  });
}
