import { Hono } from 'hono';
import type { Logger } from '../shared/log.ts';
import type { Access } from './access/access.ts';
import { Audit } from './access/audit.ts';
import { guard } from './access/guard.ts';
import { addLogin } from './access/login.ts';
import { addMe } from './access/me.ts';
import { sameOrigin } from './access/origin.ts';
import { Pages } from './access/pages.ts';
import { Presence } from './access/presence.ts';
import type { Client, Sender } from './access/proxy.ts';
import { addTickets } from './access/ticket-routes.ts';
import { addTokens } from './access/token-routes.ts';
import { addUsers } from './access/user-routes.ts';
import { type Asset, createAsset } from './assets.ts';
import { addCameras, type CameraParts } from './camera-routes.ts';
import type { Env } from './context.ts';
import { securityHeaders } from './headers.ts';
import type { Metrics } from './metrics.ts';
import { problem } from './problem.ts';
import type { Refusals } from './refusals.ts';
import { Routes } from './routes.ts';
import { serve } from './serve.ts';

export interface AppParts {
  hub: CameraParts['hub'];
  /** Null: anyone may come in (`GATEWAY_AUTH=off`). */
  access: Access | null;
  assets: Map<string, Asset>;
  basePath: string;
  door: CameraParts['door'];
  callers: CameraParts['callers'];
  clientOf: (sender: Sender) => Client;
  /** What changes users on the command line here. */
  userProgram: string;
  /** What runs the doctor there. */
  doctorProgram: string;
  refusals: Refusals;
  metrics: Metrics;
  log: Logger;
}

/** All routes of the gateway, and what each needs. It never listens, so a test can ask it without a port. */
export function createApp(parts: AppParts): { app: Hono<Env>; routes: Routes } {
  const { hub, access, assets, basePath, door, callers, clientOf, userProgram, doctorProgram, refusals, metrics, log } = parts;
  // Without `strict` Hono cuts the slash off a request's path before it looks for its route, so the base has none either.
  const app = new Hono<Env>({ strict: false });
  const routes = new Routes(app.basePath(basePath.replace(/(?<=.)\/$/, '')));
  const pages = new Pages(assets, basePath);
  const audit = new Audit(log, (c) => clientOf(c.env.incoming));
  app.use('*', securityHeaders(), sameOrigin(refusals), guard({ access, routes, pages, refusals }));
  app.onError((error, c) => {
    const { incoming } = c.env;
    // Who leaves in the midst of his own request is no fault of ours, and reads no answer.
    if (incoming.destroyed && !incoming.complete) return problem(400, 'The request has no end.');
    log.error({ err: error }, 'a request failed for a fault of ours');
    return problem(500, 'HomeGuard made a mistake; its log says more.');
  });
  app.notFound(() => problem(404, 'There is nothing at this address.'));

  routes.add('GET', '/healthz', 'open', (c) => c.text('ok\n'));
  routes.add('GET', '/assets/:name{.+}', 'open', (c) => serve(c, assets.get(c.req.param('name') ?? '')));
  addLogin(routes, { access, pages, basePath, refusals, audit });
  addMe(routes, hub);
  addTokens(routes, access?.tokens ?? null, audit);
  addUsers(routes, { users: access?.users ?? null, program: userProgram, audit });
  addTickets(routes, { hub, access, basePath, audit });
  routes.add('GET', '/readyz', 'login', () => (hub.trouble ? problem(503, hub.trouble) : new Response('ready\n')));
  routes.add('GET', '/metrics', 'view-all', async (c) => c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType }));

  const presence = access?.presence ?? new Presence();
  const { stream, snapshot } = addCameras(routes, { hub, door, callers, presence, refusals, audit, doctorProgram });
  const page = pageFor(assets.get('index.html'), access !== null);
  routes.add('GET', '/', 'login', (c, next) => {
    // mjpg-streamer's addresses, which many programs have built in.
    const action = c.req.query('action');
    if (action === 'stream') return stream(c, next);
    if (action === 'snapshot') return snapshot(c, next);
    if (action !== undefined) return problem(400, 'action has to be stream or snapshot.');
    if (!new URL(c.req.url).pathname.endsWith('/')) return c.redirect(basePath, 308);
    return serve(c, page, 'no-store');
  });
  return { app, routes };
}

/** Where nobody logs in, nobody logs out. */
function pageFor(page: Asset | undefined, withLogin: boolean): Asset | undefined {
  if (!page || withLogin) return page;
  return createAsset(page.type, Buffer.from(page.body.toString().replace(/<!--auth-->.*<!--\/auth-->/s, '')));
}
