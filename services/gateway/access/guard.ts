import type { MiddlewareHandler } from 'hono';
import { USER_NAME } from '../../shared/accounts.ts';
import type { Asked, Env } from '../context.ts';
import { problem } from '../problem.ts';
import type { Refusals } from '../refusals.ts';
import type { Routes } from '../routes.ts';
import { type Access, type Identity, isBrowser } from './access.ts';
import type { Pages } from './pages.ts';
import { ANYONE, mayAnything, type Visitor } from './visitor.ts';

export interface GuardParts {
  /** Null: anyone may come in (`GATEWAY_AUTH=off`). */
  access: Access | null;
  routes: Pick<Routes, 'needOf'>;
  pages: Pages;
  refusals: Refusals;
}

/**
 * Stands before all routes, and before all addresses where there is none: nobody passes who has not been let in, but to what is open.
 * Nothing behind it may be kept by a browser or a proxy.
 */
export function guard({ access, routes, pages, refusals }: GuardParts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const need = routes.needOf(c);
    if (need === 'open') return next();
    const visitor = access ? await access.identify(c) : ANYONE;
    if ('refused' in visitor) return refuse(c, visitor);
    const rights = visitor.rights();
    if (!rights) return refuse(c, { refused: 'wrong-token' });
    if (!mayAnything(rights) && need !== 'self') return nothingHere(c, visitor);
    // Nothing is served that does not say what it needs.
    if (need === undefined) return c.notFound();
    c.set('visitor', visitor);
    await next();
    // Not by `c.header`: that makes another answer of it, which a stream that is being written past Hono has no use for.
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  };

  function refuse(c: Asked, identity: Exclude<Identity, Visitor>): Response | Promise<Response> {
    // Somebody who is on his way to the login is no refusal.
    const isComing = pages.isWanted(c) && (identity.refused === 'no-login' || identity.refused === 'wrong-token');
    if (isComing) return pages.leadToLogin(c);
    refusals.add(identity.refused, { client: access?.clientOf(c).address, path: c.req.path });
    if (identity.refused === 'too-many-logins') {
      const seconds = Math.ceil(identity.ms / 1000);
      return problem(429, `Too many wrong passwords came: try again in ${seconds} s.`, {}, { 'Retry-After': String(seconds) });
    }
    // A browser would ask for name and password in a window of its own, also where a picture stands in somebody else's page.
    const challenge = isBrowser(c) ? 'Bearer' : 'Basic realm="HomeGuard", charset="UTF-8", Bearer';
    const detail = 'Log in at /login, or send the header "Authorization: Bearer {token}", or a name and a password.';
    return problem(401, detail, {}, { 'WWW-Authenticate': challenge });
  }

  function nothingHere(c: Asked, { kind, name }: Visitor): Response | Promise<Response> {
    refusals.add('no-right', { client: access?.clientOf(c).address, path: c.req.path });
    const asUser =
      USER_NAME.test(name) && `"npm run user -- ${kind === 'proxy' ? 'add' : 'may'} ${name} ${kind === 'proxy' ? '--may ' : ''}read:*"`;
    const asAny = kind === 'proxy' && 'GATEWAY_PROXY_RIGHTS, for all whom the proxy names';
    const remedy = [asUser, asAny].filter(Boolean).join(', or by ');
    const detail = `You are logged in as ${name}, who may see no camera here: the owner of HomeGuard can change that by ${remedy}.`;
    return pages.isWanted(c) ? pages.form(c, 403, { code: 'no-right', text: detail, values: { name, remedy } }) : problem(403, detail);
  }
}
