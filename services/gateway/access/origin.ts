import type { MiddlewareHandler } from 'hono';
import { problem } from '../problem.ts';
import type { Refusals } from '../refusals.ts';

/**
 * Refuses what a page of another site asks for in the name of a browser that is logged in: WebSockets (RFC 6455, 10.2) and changes. Each
 * browser of today sends `Origin` with both; one that does not may say by `Sec-Fetch-Site` where the page is from. Programs send neither.
 */
export function sameOrigin(refusals: Refusals): MiddlewareHandler {
  return async (c, next) => {
    const isReading = ['GET', 'HEAD'].includes(c.req.method) && c.req.header('Upgrade') === undefined;
    if (isReading) return next();
    const origin = c.req.header('Origin');
    const site = c.req.header('Sec-Fetch-Site');
    const isOwn = origin ? hostOf(origin) === c.req.header('Host') : site === undefined || site === 'same-origin' || site === 'none';
    if (isOwn) return next();
    refusals.add('other-origin', { origin: origin ?? site, path: c.req.path });
    const whose = origin ? `of ${origin}` : 'of another site';
    return problem(403, `A page ${whose} may not do this. Open HomeGuard itself; behind a proxy, pass the Host header on.`);
  };
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
