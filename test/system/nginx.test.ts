/** The files of deploy/nginx as they stand, in a real nginx, before a real gateway. */
import assert from 'node:assert/strict';
import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { Accounts } from '../../services/shared/accounts.ts';
import { parseRights } from '../../services/shared/rights.ts';
import { type FakeCamera, readFrames } from '../helpers/fake-camera.ts';
import { freePort } from '../helpers/free-port.ts';
import { startFront } from '../helpers/front-camera.ts';
import { deployed, type Nginx, startNginx } from '../helpers/nginx.ts';
import { type Env, password, type TestGateway, token } from '../helpers/services.ts';
import { makeCertificate } from '../helpers/site-certificate.ts';
import { until, within } from '../helpers/until.ts';
import { bearer, openLive, seqs, watchStream } from '../helpers/viewers.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });

interface Site {
  camera: FakeCamera;
  gateway: TestGateway;
  nginx: Nginx;
  /** Where HomeGuard is in nginx, with a slash at its end. */
  url: string;
  /** `https://127.0.0.1:{port}`, as a browser sends it. */
  origin: string;
}

/** The files that both sites need, with the gateway's port. */
const common = (gateway: TestGateway) => ({
  'conf.d/homeguard-gateway.conf': deployed('nginx/conf.d/homeguard-gateway.conf', {
    '127.0.0.1:8080': `127.0.0.1:${gateway.gateway.address.port}`,
  }),
  'snippets/homeguard-proxy.conf': deployed('nginx/snippets/homeguard-proxy.conf'),
});

const setUpCamera = (t: TestContext, env: Env) => startFront(t, frames, { env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1', ...env } });

async function view(gateway: TestGateway): Promise<Record<string, unknown>> {
  return (await (await fetch(`${gateway.url}cameras/front`, { headers: bearer })).json()) as Record<string, unknown>;
}

async function ownHost(t: TestContext): Promise<Site & { plain: string }> {
  const parts = await setUpCamera(t, {});
  const [port, plainPort, cert] = [await freePort(), await freePort(), makeCertificate(t)];
  const site = deployed('nginx/sites-available/homeguard.conf', {
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    'listen [::]:80;': '',
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    'listen [::]:443 ssl;': '',
    'https://$host$request_uri': `https://$host:${port}$request_uri`,
    '/etc/letsencrypt/live/cam.example.org/fullchain.pem': cert.path,
    '/etc/letsencrypt/live/cam.example.org/privkey.pem': cert.keyPath,
  });
  const nginx = await startNginx(t, { ...common(parts.gateway), 'sites-enabled/homeguard.conf': site }, port);
  return {
    ...parts,
    nginx,
    origin: `https://127.0.0.1:${port}`,
    url: `https://127.0.0.1:${port}/`,
    plain: `http://127.0.0.1:${plainPort}/`,
  };
}

/** A site of somebody's own, with rules that would take HomeGuard's files, and HomeGuard below /cams/. */
async function belowPath(t: TestContext, env: Env = {}): Promise<Site> {
  const parts = await setUpCamera(t, { GATEWAY_BASE_PATH: '/cams/', ...env });
  const port = await freePort();
  const site = `server {
    listen 127.0.0.1:${port};
    include snippets/homeguard-cams.conf;
    location / { return 200 "the site's own\\n"; }
    location ~* \\.(css|js|svg)$ { return 410; }
  }`;
  const snippet = { 'snippets/homeguard-cams.conf': deployed('nginx/snippets/homeguard-cams.conf') };
  const nginx = await startNginx(t, { ...common(parts.gateway), ...snippet, 'sites-enabled/site.conf': site }, port);
  return { ...parts, nginx, origin: `http://127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/cams/` };
}

interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The client's own address. */
  from?: string;
}

/** One request, with what `fetch` does not let one choose. */
function ask(url: string, { method = 'GET', headers = bearer, body = '', from }: Asking = {}): Promise<IncomingMessage & { body: string }> {
  const make = url.startsWith('https:') ? requestSecurely : requestPlainly;
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false, timeout: 10_000, ...(from && { localAddress: from }) };
    const asking = make(url, options, async (answer) => resolve(Object.assign(answer, { body: await text(answer) })));
    asking.once('error', reject).once('timeout', () => asking.destroy(new Error('no answer')));
    asking.end(body);
  });
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

function logIn({ url, origin }: Site, secret = password, asking: Asking = {}) {
  const headers = { ...form, Origin: origin, ...asking.headers };
  return ask(`${url}login`, { method: 'POST', body: new URLSearchParams({ password: secret }).toString(), ...asking, headers });
}

const cookieOf = (answer: IncomingMessage) => answer.headers['set-cookie']?.[0] ?? '';

/** Why and who, as the gateway's log has it; of each reason the first. */
function refused({ gateway }: Site): string[] {
  return gateway.lines.filter(({ reason, client }) => reason && client).map(({ reason, client }) => `${reason} ${client}`);
}

/** All that a browser does, with the cookie of its login. */
async function useAll(t: TestContext, site: Site): Promise<void> {
  const { camera, url, origin } = site;
  camera.takeCommands({ fps: { label: 'Frame rate', type: 'number', value: 30, default: 30, min: 1, max: 60, step: 1 } });
  camera.play(30);
  assert.equal((await ask(`${url}cameras`, { headers: {} })).statusCode, 401);
  const login = await logIn(site);
  assert.equal(login.statusCode, 303, login.body);
  assert.equal(login.headers.location, new URL(url).pathname);
  const headers = { Cookie: cookieOf(login).split(';')[0] ?? '' };
  const page = await ask(url, { headers });
  assert.match(page.body, /<title>HomeGuard/);
  for (const [, link = ''] of page.body.matchAll(/(?:src|href)="(assets\/[^"]*)"/g)) {
    assert.equal((await ask(url + link, { headers })).statusCode, 200, link);
  }
  const snapshot = await fetch(`${url}snapshot`, { headers });
  assert.equal(Buffer.from(await snapshot.arrayBuffer()).readUInt16BE(0), 0xffd8);
  const viewer = watchStream(t, `${url}stream`, headers);
  const live = await openLive(t, `${url}cameras/front/ws`, { headers: { ...headers, Origin: origin } });
  await until('pictures on both', () => viewer.seen.length > 10 && live.pictures.length > 10);
  assert.ok(seqs(viewer.seen).length > 0 && live.messages.some(({ type }) => type === 'state'));
  await assert.rejects(openLive(t, `${url}ws`, { headers: { ...headers, Origin: 'https://evil.example' } }), /refused with 403/);
  const set = (from: string) => ask(`${url}cameras/front/fps`, { method: 'POST', headers: { ...headers, Origin: from }, body: '15' });
  const answer = await set(origin);
  assert.ok((answer.statusCode ?? 500) < 300, `${answer.statusCode} ${answer.body}`);
  assert.deepEqual(camera.commands, [{ setting: 'fps', wanted: '15' }]);
  assert.equal((await set('https://evil.example')).statusCode, 403);
}

/** Fields that stand more than once in the head. */
function doubled({ rawHeaders }: IncomingMessage): string[] {
  const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  return names.filter((name, i) => names.indexOf(name) !== i);
}

describe('under a host name of its own', { concurrency: 2 }, () => {
  test('page, login, stream, snapshot, WebSocket and settings, by HTTPS', async (t) => {
    const site = await ownHost(t);
    await useAll(t, site);
  });

  test('port 80 leads to HTTPS, with method, path and query', async (t) => {
    const { plain, url } = await ownHost(t);
    const answer = await ask(`${plain}stream?fps=5`, { method: 'POST', headers: {} });
    assert.deepEqual([answer.statusCode, answer.headers.location], [308, `${url}stream?fps=5`]);
  });

  test('the cookie is Secure, and has a name of its own', async (t) => {
    const site = await ownHost(t);
    const [nameAndId = '', ...attributes] = cookieOf(await logIn(site)).split('; ');
    assert.match(nameAndId, /^__Host-homeguard=[\w-]{32}$/);
    assert.deepEqual(attributes.sort(), ['HttpOnly', `Max-Age=${30 * 86_400}`, 'Path=/', 'SameSite=Strict', 'Secure']);
    const Cookie = nameAndId;
    assert.equal((await ask(`${site.url}cameras`, { headers: { Cookie } })).statusCode, 200);
    const out = await ask(`${site.url}logout`, { method: 'POST', headers: { Cookie, Origin: site.origin } });
    assert.match(cookieOf(out), /^__Host-homeguard=;.*Max-Age=0.*Secure/);
    assert.equal((await ask(`${site.url}cameras`, { headers: { Cookie } })).statusCode, 401);
  });

  test('each header stands once, HSTS among them', async (t) => {
    const { camera, url } = await ownHost(t);
    camera.play(30);
    for (const path of ['', 'cameras', 'snapshot', 'assets/style.css', 'nonsense']) {
      const answer = await ask(url + path);
      assert.deepEqual(doubled(answer), [], path);
      assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000', path);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', path);
    }
  });

  test('the log tells the client’s address, whatever the client says', async (t) => {
    const site = await ownHost(t);
    const forged = { 'X-Forwarded-For': '6.6.6.6', 'X-Real-IP': '6.6.6.6', Forwarded: 'for=6.6.6.6', 'X-Forwarded-Proto': 'http' };
    await logIn(site, 'wrong password', { from: '127.0.0.9', headers: forged });
    // From the proxy's own address: a list that the client began would be read on.
    await ask(`${site.url}cameras`, { from: '127.0.0.1', headers: { ...forged, Authorization: 'Bearer wrong' } });
    assert.deepEqual(refused(site), ['wrong-login 127.0.0.9', 'wrong-token 127.0.0.1']);
    assert.match(cookieOf(await logIn(site, password, { headers: forged })), /Secure/);
  });

  test('no log has the token of the login link, also not while the gateway is away', async (t) => {
    const { gateway, nginx, url, plain } = await ownHost(t);
    assert.equal((await ask(`${plain}login?token=${token}`, { headers: {} })).statusCode, 308);
    assert.equal((await ask(`${url}login?token=${token}`, { headers: {} })).statusCode, 303);
    await gateway.stop();
    assert.equal((await ask(`${url}login?token=${token}`, { headers: {} })).statusCode, 502);
    assert.equal((await ask(`${url}snapshot`)).statusCode, 502);
    await until('four lines', () => nginx.accessLog().split('\n').length > 4);
    assert.match(nginx.accessLog(), /"GET \/login HTTP\/1\.1" 303 .*\n.*"GET \/login HTTP\/1\.1" 502/);
    assert.match(nginx.errorLog(), /connect\(\) failed .*"GET \/snapshot/);
    assert.ok(!(nginx.accessLog() + nginx.errorLog()).includes(token));
  });
});

/** The lines that deploy/nginx/README.md gives for a login of the proxy's own, and a stand-in for that: who sends `Test-User` is logged in there. */
async function behindLogin(t: TestContext, env: Env): Promise<{ url: string; gateway: TestGateway }> {
  const [, lines = ''] = /```nginx\n(auth_request [^`]+)```/.exec(deployed('nginx/README.md')) ?? [];
  const { gateway } = await setUpCamera(t, { GATEWAY_BASE_PATH: '/cams/', GATEWAY_AUTH_HEADER: 'Remote-User', ...env });
  const [port, loginPort] = [await freePort(), await freePort()];
  const snippet = deployed('nginx/snippets/homeguard-cams.conf', { 'include snippets/homeguard-proxy.conf;': lines });
  const site = `server {
    listen 127.0.0.1:${port};
    ${snippet}
    location = /internal/authelia { internal; proxy_pass http://127.0.0.1:${loginPort}/; }
    location /unasked/ { include snippets/homeguard-proxy.conf; proxy_pass http://homeguard/cams/; }
  }
  server {
    listen 127.0.0.1:${loginPort};
    if ($http_test_user = "") { return 401; }
    location / { add_header Remote-User $http_test_user; return 204; }
  }`;
  await startNginx(t, { ...common(gateway), 'sites-enabled/site.conf': site }, port);
  return { url: `http://127.0.0.1:${port}/`, gateway };
}

test('a login of the proxy’s own names the user, and nobody names himself', async (t) => {
  const { url, gateway } = await behindLogin(t, { GATEWAY_PROXY_RIGHTS: 'read:front' });
  new Accounts(gateway.settings.dataDir).set('anna', { hash: '', rights: parseRights(['control:*']) });
  const me = async (path: string, headers: Record<string, string>) => {
    const answer = await ask(url + path, { headers });
    return answer.statusCode === 200 ? (JSON.parse(answer.body) as object) : answer.statusCode;
  };
  const seen = { by: 'proxy', admin: false };
  await until(
    'the user',
    async () =>
      assert.deepEqual(await me('cams/me', { 'Test-User': 'anna' }), {
        ...seen,
        name: 'anna',
        may: ['control:*'],
        cameras: { front: 'control' },
      }) ?? true,
  );
  const visitor = { ...seen, name: 'bert@example.org', may: ['read:front'], cameras: { front: 'view' } };
  assert.deepEqual(await me('cams/me', { 'Test-User': 'bert@example.org', 'Remote-User': 'anna' }), visitor);
  assert.equal(await me('cams/me', { 'Remote-User': 'anna' }), 401, 'refused by nginx');
  assert.equal(await me('unasked/me', { 'Remote-User': 'anna' }), 401, 'refused by the gateway, where nginx asks nobody');
});

describe('below a path of another site', { concurrency: 2 }, () => {
  test('page, login, stream, snapshot, WebSocket and settings', async (t) => {
    const site = await belowPath(t);
    await useAll(t, site);
    assert.equal((await ask(site.url.replace(/cams\/$/, ''))).body, "the site's own\n");
    assert.equal((await ask(site.url.replace(/cams\/$/, 'camsite'))).body, "the site's own\n");
    const bare = await ask(site.url.slice(0, -1));
    assert.deepEqual([bare.statusCode, bare.headers.location], [308, '/cams/']);
  });

  test('no log has the token there, either', async (t) => {
    const { gateway, nginx, url } = await belowPath(t);
    assert.equal((await ask(`${url}login?token=${token}`, { headers: {} })).statusCode, 303);
    await gateway.stop();
    assert.equal((await ask(`${url}login?token=${token}`, { headers: {} })).statusCode, 502);
    await until('both lines', () => nginx.accessLog().includes('" 502 '));
    assert.ok(!(nginx.accessLog() + nginx.errorLog()).includes(token));
  });

  test('without TLS the cookie is not Secure, and no client can make it so', async (t) => {
    const site = await belowPath(t);
    const headers = { 'X-Forwarded-Proto': 'https' };
    assert.match(cookieOf(await logIn(site, password, { headers })), /^homeguard=(?!.*Secure)/);
  });

  test('a gateway that trusts no proxy heeds no header', async (t) => {
    const site = await belowPath(t, { GATEWAY_TRUSTED_PROXIES: '10.0.0.1' });
    const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '6.6.6.6' };
    await logIn({ ...site, url: site.gateway.url }, 'wrong password', {
      headers: { ...headers, Origin: new URL(site.gateway.url).origin },
    });
    await ask(`${site.url}cameras`, { from: '127.0.0.9', headers: { ...headers, Authorization: 'Bearer wrong' } });
    assert.deepEqual(refused(site), ['wrong-login 127.0.0.1', 'wrong-token 127.0.0.1']);
  });

  test('each picture comes at once, not with the next one', async (t) => {
    const { camera, url } = await belowPath(t);
    const viewer = watchStream(t, `${url}stream`);
    const live = await openLive(t, `${url}cameras/front/ws`);
    await until('the subscription', () => {
      camera.send();
      return seqs(viewer.seen).length > 0 && seqs(live.pictures).length > 0;
    });
    for (let i = 0; i < 5; i++) {
      camera.send();
      const { seq } = camera.sent.at(-1) ?? {};
      await until('this one', () => seqs(viewer.seen).at(-1) === seq && seqs(live.pictures).at(-1) === seq, { ms: 400 });
    }
  });

  test('a viewer that leaves is gone at the gateway at once', async (t) => {
    const { camera, gateway, url } = await belowPath(t);
    camera.play(30);
    const viewer = watchStream(t, `${url}stream`);
    const live = await openLive(t, `${url}cameras/front/ws`);
    await until('both', async () => (await view(gateway)).viewers === 2);
    // With no picture under way: nobody would notice by writing.
    camera.pause();
    viewer.leave();
    await until('one', async () => (await view(gateway)).viewers === 1, { ms: 900 });
    live.socket.terminate();
    await until('none', async () => (await view(gateway)).viewers === 0, { ms: 900 });
  });

  test('a stop of the gateway ends its viewers at once', async (t) => {
    const { camera, gateway, url } = await belowPath(t);
    camera.play(30);
    const viewer = watchStream(t, `${url}stream`);
    const live = await openLive(t, `${url}cameras/front/ws`);
    const closed = new Promise((resolve) => live.socket.once('close', resolve));
    await until('pictures', () => viewer.seen.length > 0 && live.pictures.length > 0);
    await gateway.stop();
    await within('end of the stream', viewer.ended, { ms: 2_000 });
    await within('end of the WebSocket', closed, { ms: 2_000 });
  });

  test('what is too long is refused: by the gateway with a reason, far longer by nginx', async (t) => {
    const { url } = await belowPath(t);
    const send = (length: number) => ask(`${url}cameras/front/fps`, { method: 'POST', body: 'x'.repeat(length) });
    const answer = await send(20_000);
    assert.deepEqual([answer.statusCode, answer.headers['content-type']], [413, 'application/problem+json']);
    assert.equal((await send(70_000)).statusCode, 413);
  });
});
