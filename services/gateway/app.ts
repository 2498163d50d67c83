import type { HttpBindings } from '@hono/node-server';
import { upgradeWebSocket } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import type { WebSocket } from 'ws';
import { MAX_COMMAND_BYTES } from '../shared/knob.ts';
import type { Logger } from '../shared/log.ts';
import { type Access, sameOrigin } from './access.ts';
import { type Asset, createAsset } from './assets.ts';
import type { Callers } from './callers.ts';
import type { Channel } from './channel.ts';
import type { Commands } from './command.ts';
import type { Door } from './door.ts';
import type { Hub } from './hub.ts';
import { LiveClient, type LiveOptions } from './live.ts';
import { addLogin } from './login.ts';
import type { Metrics } from './metrics.ts';
import { STREAM_HEADERS, streamMjpeg } from './mjpeg.ts';
import { problem } from './problem.ts';
import type { Refusals } from './refusals.ts';
import { changeSetting } from './setting.ts';
import { answerSized, answerSnapshot } from './snapshot.ts';

const DEFAULT_MAX_AGE_MS = 1_000;
const MAX_FPS = 240;

type Env = { Bindings: HttpBindings };
type CameraAnswer = (c: Context<Env>, channel: Channel, commands: Commands) => Response | Promise<Response>;

export interface AppParts {
  hub: Hub;
  /** Null: anyone may come in (`GATEWAY_AUTH=off`). */
  access: Access | null;
  assets: Map<string, Asset>;
  basePath: string;
  door: Door;
  callers: Pick<Callers, 'admitViewer'>;
  refusals: Refusals;
  metrics: Metrics;
  log: Logger;
}

/** All routes of the gateway. It never listens, so a test can ask it without a port. */
export function createApp({ hub, access, assets, basePath, door, callers, refusals, metrics, log }: AppParts): Hono<Env> {
  // Without `strict` Hono cuts the slash off a request's path before it looks for its route, so the base has none either.
  const app = new Hono<Env>({ strict: false }).basePath(basePath.replace(/(?<=.)\/$/, ''));
  app.use('*', secureHeaders(HEADERS), sameOrigin(refusals));
  app.onError((error) => {
    log.error({ err: error }, 'a request failed for a fault of ours');
    return problem(500, 'HomeGuard made a mistake; its log says more.');
  });
  app.notFound(() => problem(404, 'There is nothing at this address.'));

  const page = pageFor(assets.get('index.html'), access !== null);

  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/assets/:name', (c) => serve(c, assets.get(c.req.param('name'))));
  addLogin(app, access, assets, basePath);
  if (access) app.use('*', access.guard());

  const describe = (channel: Channel) => ({ ...channel.view(), default: channel.camera.id === hub.defaultId });
  const describeNow = (channel: Channel) => ({ type: 'state', ...describe(channel), now: Date.now() });
  const find = (id: string) => hub.channel(id);

  /** Does `answer` for the camera named in the path, or the default one; says why when there is none. */
  const withCamera = (answer: CameraAnswer) => async (c: Context<Env>) => {
    const id = c.req.param('id');
    const channel = await hub.find(id);
    const commands = channel && hub.commands(channel.camera.id);
    if (commands) return answer(c, channel, commands);
    const known =
      hub.ids.length > 0 ? `Known are: ${hub.ids.join(', ')}.` : 'None has shown itself on the bus yet: is the camera service running?';
    return id ? problem(404, `There is no camera "${id}". ${known}`) : problem(503, hub.trouble ?? `There is no camera yet. ${known}`);
  };

  const stream = withCamera((c, channel) => {
    const fps = numberOf(c.req.query('fps'), Number.POSITIVE_INFINITY);
    if (!(fps > 0)) return problem(400, `fps has to be a number above 0, at most ${MAX_FPS}.`);
    // Hono makes an answer of its own for HEAD, so nothing may be written past it.
    if (c.req.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS);
    const away = door.turnAway(c);
    if (away) return away;
    callers.admitViewer(c.env.incoming.socket);
    streamMjpeg(channel, c.env, { fps, slow: door.slow(c) });
    return RESPONSE_ALREADY_SENT;
  });
  const snapshot = withCamera((c, channel, commands) => {
    const size = c.req.query('size');
    if (size !== undefined) return answerSized(channel, commands, size);
    const maxAge = numberOf(c.req.query('max_age'), DEFAULT_MAX_AGE_MS);
    if (!(maxAge >= 0)) return problem(400, 'max_age has to be a number of milliseconds, 0 or more.');
    return door.turnAway(c) ?? answerSnapshot(channel, maxAge);
  });

  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }));
  app.get('/readyz', () => (hub.trouble ? problem(503, hub.trouble) : new Response('ready\n')));
  app.get('/', (c) => {
    // mjpg-streamer's addresses, which many programs have built in.
    const action = c.req.query('action');
    if (action === 'stream') return stream(c);
    if (action === 'snapshot') return snapshot(c);
    if (action !== undefined) return problem(400, 'action has to be stream or snapshot.');
    if (!new URL(c.req.url).pathname.endsWith('/')) return c.redirect(basePath, 308);
    return serve(c, page);
  });
  app.get('/cameras', (c) => c.json(hub.ids.flatMap((id) => find(id) ?? []).map(describe), 200, { 'Cache-Control': 'no-store' }));
  app.get(
    '/cameras/:id',
    withCamera((c, channel) => c.json(describe(channel), 200, { 'Cache-Control': 'no-store' })),
  );
  app.on('GET', ['/stream', '/cameras/:id/stream'], stream);
  app.on('GET', ['/snapshot', '/cameras/:id/snapshot'], snapshot);
  app.post(
    '/cameras/:id/:setting{.+}',
    bodyLimit({ maxSize: MAX_COMMAND_BYTES, onError: () => problem(413, `A value is at most ${MAX_COMMAND_BYTES} bytes long.`) }),
    withCamera((c, channel, commands) => changeSetting(c.req, c.req.param('setting') ?? '', channel, commands)),
  );

  const upgrade = (begin: (client: WebSocket, c: Context<Env>) => LiveClient) => async (c: Context<Env>) => {
    if (c.req.header('Upgrade')?.toLowerCase() !== 'websocket')
      return problem(426, 'This address speaks WebSocket.', {}, { Upgrade: 'websocket' });
    const away = door.turnAway(c);
    if (away) return away;
    let client: LiveClient | undefined;
    const answer = await upgradeWebSocket(() => ({
      onOpen: (_event, { raw }) => {
        callers.admitViewer(c.env.incoming.socket);
        client = begin(raw as unknown as WebSocket, c);
      },
      onMessage: ({ data }) => client?.take(typeof data === 'string' ? data : ''),
    }))(c, async () => {});
    return answer ?? problem(400, 'The WebSocket handshake failed.');
  };
  const live = (c: Context<Env>): LiveOptions => ({
    describe: describeNow,
    find: null,
    isFull: () => door.turnAway(c) !== null,
    slow: door.slow(c),
  });
  app.get(
    '/ws',
    upgrade((socket, c) => new LiveClient(socket, c.env.incoming.socket, { ...live(c), find })),
  );
  app.get(
    '/cameras/:id/ws',
    withCamera((c, channel) =>
      upgrade((socket) => {
        const client = new LiveClient(socket, c.env.incoming.socket, live(c));
        client.watch(channel);
        return client;
      })(c),
    ),
  );
  return app;
}

const HEADERS = {
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", 'blob:', 'data:'],
    connectSrc: ["'self'", 'ws:', 'wss:'],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'self'"],
  },
  // Web sites embed the pictures; who may see them the login decides, whose cookie no other site can send.
  crossOriginResourcePolicy: false,
  // Not no-referrer: with it browsers send `Origin: null` from our own forms (Fetch, 3.2).
  referrerPolicy: 'same-origin',
  // Over plain HTTP this would only make later visits fail; the proxy that adds TLS adds it as well.
  strictTransportSecurity: false,
};

/** Where nobody logs in, nobody logs out. */
function pageFor(page: Asset | undefined, withLogin: boolean): Asset | undefined {
  if (!page || withLogin) return page;
  return createAsset(page.type, Buffer.from(page.body.toString().replace(/<!--auth-->.*<!--\/auth-->/s, '')));
}

function serve(c: Context<Env>, asset: Asset | undefined): Response | Promise<Response> {
  if (!asset) return c.notFound();
  const headers = { 'Content-Type': asset.type, ETag: asset.etag, 'Cache-Control': 'no-cache' };
  if (c.req.header('If-None-Match') === asset.etag) return c.body(null, 304, headers);
  return c.body(new Uint8Array(asset.body), 200, headers);
}

function numberOf(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
}
