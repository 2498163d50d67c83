import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { startGateway } from '../../services/gateway/gateway.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { defer } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { startProgram } from '../helpers/program.ts';
import { type Env, password, startTestBroker, startTestGateway, testSettings, token } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { bearer, openLive } from '../helpers/viewers.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });

async function setUp(t: TestContext, env: Env = {}) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'front', frames);
  camera.play(30);
  const gateway = await startTestGateway(t, bus, env);
  await ready(gateway.url);
  return { bus, camera, gateway, url: gateway.url };
}

const ready = (url: string) =>
  until('camera at the gateway', async () => ((await (await ask(url, 'cameras')).json()) as { online: boolean }[])[0]?.online);

/** One request; of an endless answer only the head is read. */
async function ask(url: string, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${url}${path}`, { redirect: 'manual', headers: bearer, ...init });
  if (response.headers.get('content-type')?.startsWith('multipart/')) await response.body?.cancel();
  return response;
}

const post = (url: string, path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  ask(url, path, { method: 'POST', body: new URLSearchParams(form), headers });

const cookieOf = (response: Response) => response.headers.get('set-cookie')?.split(';')[0] ?? '';

async function logIn(url: string): Promise<{ Cookie: string }> {
  const response = await post(url, 'login', { password });
  assert.equal(response.status, 303);
  return { Cookie: cookieOf(response) };
}

/** Path -> the answer to who may come in; what is open is so to everybody. */
const guarded: Record<string, number> = {
  '': 200,
  cameras: 200,
  'cameras/front': 200,
  'cameras/front/stream': 200,
  'cameras/front/stream?fps=5': 200,
  'cameras/front/snapshot': 200,
  stream: 200,
  snapshot: 200,
  '?action=stream': 200,
  '?action=snapshot': 200,
  readyz: 200,
  'cameras/front/ws': 426,
  ws: 426,
  'cameras/nope': 404,
  'cameras/nope/stream': 404,
  'cameras/front/nothing': 404,
  nonsense: 404,
  '?action=command': 400,
};
const free = ['healthz', 'login', 'assets/style.css'];

describe('who may come in', { concurrency: 3 }, () => {
  test('every route, for nobody, with the token and with a cookie', async (t) => {
    const { url } = await setUp(t);
    const cookie = await logIn(url);
    for (const [path, status] of Object.entries(guarded)) {
      const nobody = await ask(url, path, { headers: {} });
      assert.equal(nobody.status, 401, `nobody at /${path}`);
      assert.equal(nobody.headers.get('content-type'), 'application/problem+json');
      assert.equal(nobody.headers.get('www-authenticate'), 'Basic realm="HomeGuard", charset="UTF-8", Bearer');
      for (const headers of [bearer, cookie] as Record<string, string>[])
        assert.equal((await ask(url, path, { headers })).status, status, `/${path}`);
    }
    for (const path of free) assert.equal((await ask(url, path, { headers: {} })).status, 200, path);
    const refused: Record<string, string>[] = [
      { Authorization: `Bearer ${token}x` },
      { Authorization: 'Bearer ' },
      { Authorization: `Basic ${btoa(`x:${password}`)}` },
      { Authorization: `Bearer ${password}` },
      { Cookie: 'homeguard=made-up' },
      { Cookie: `homeguard=${token}` },
    ];
    for (const headers of refused) {
      assert.equal((await ask(url, 'cameras', { headers })).status, 401, JSON.stringify(headers));
    }
  });

  test('a browser is led to the login page, a program is told', async (t) => {
    const { url } = await setUp(t);
    const browser = await ask(url, '', { headers: { Accept: 'text/html,*/*', 'Sec-Fetch-Site': 'none' } });
    assert.deepEqual([browser.status, browser.headers.get('location')], [303, '/login']);
    const problem = (await (await ask(url, 'cameras', { headers: {} })).json()) as Record<string, unknown>;
    assert.deepEqual([problem.status, problem.title], [401, 'Unauthorized']);
    assert.match(String(problem.detail), /Bearer/);
  });

  test('the link with the token logs in and leads to the page', async (t) => {
    const { gateway, url } = await setUp(t);
    assert.equal(gateway.gateway.url, `${url}login?token=${token}`);
    const response = await ask(url, `login?token=${token}`, { headers: {} });
    assert.deepEqual([response.status, response.headers.get('location')], [303, '/']);
    const attributes = (response.headers.get('set-cookie') ?? '').split('; ').slice(1).sort();
    assert.deepEqual(attributes, ['HttpOnly', `Max-Age=${30 * 86_400}`, 'Path=/', 'SameSite=Strict']);
    const page = await ask(url, '', { headers: { Cookie: cookieOf(response) } });
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /text\/html/);
  });

  test('the form takes the password, and a wrong one is 401 with the form again', async (t) => {
    const { gateway, url } = await setUp(t);
    const form = await ask(url, 'login', { headers: {} });
    assert.equal(form.status, 200);
    assert.match(await form.text(), /<form[^>]*method="post"/i);
    for (const wrong of [
      post(url, 'login', { password: 'wrong' }),
      ask(url, 'login?token=wrong', { headers: {} }),
      post(url, 'login', {}),
    ]) {
      const response = await wrong;
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('set-cookie'), null);
      assert.match(await response.text(), /role="alert"/);
    }
    assert.ok(gateway.lines.some(({ msg }) => msg.includes('wrong token or password')));
    assert.ok(!JSON.stringify(gateway.lines).includes(token));
    await logIn(url);
  });

  test('after five wrong ones the next is refused unread, and told when to come back; elsewhere the right one works', async (t) => {
    const { gateway, url } = await setUp(t, { GATEWAY_PASSWORD: 'a short one', GATEWAY_TRUSTED_PROXIES: '127.0.0.1' });
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    const atOnce = await Promise.all(Array.from({ length: 40 }, () => post(url, 'login', { password: 'wrong' }, from('192.0.2.9'))));
    // On a busy machine the first second may pass meanwhile.
    const read = atOnce.filter(({ status }) => status === 401).length;
    assert.ok(read >= 5 && read <= 9, String(read));
    const tries: number[] = [];
    while (tries.at(-1) !== 429 && tries.length < 20)
      tries.push((await post(url, 'login', { password: 'wrong' }, from('192.0.2.1'))).status);
    assert.ok(tries.length >= 6 && tries.at(-1) === 429, String(tries));
    const refused = await post(url, 'login', { password: 'a short one' }, from('192.0.2.1'));
    assert.equal(refused.status, 429);
    const [, seconds] = /role="alert">Too many wrong passwords came: try again in (\d+) s\.</.exec(await refused.text()) ?? [];
    assert.equal(refused.headers.get('retry-after'), seconds);
    assert.equal((await post(url, 'login', { password: 'a short one' }, from('192.0.2.2'))).status, 303);
    assert.ok(gateway.lines.some(({ reason, client }) => reason === 'too-many-logins' && client === '192.0.2.9'));
  });

  test('a login of more than 16 kB is refused', async (t) => {
    const { url } = await setUp(t);
    assert.equal((await post(url, 'login', { password: 'x'.repeat(20_000) })).status, 413);
  });

  test('logging out ends the session, not only the cookie', async (t) => {
    const { url } = await setUp(t);
    const [cookie, other] = [await logIn(url), await logIn(url)];
    const response = await post(url, 'logout', {}, cookie);
    assert.deepEqual([response.status, response.headers.get('location')], [303, '/login']);
    assert.match(response.headers.get('set-cookie') ?? '', /homeguard=;.*Max-Age=0/);
    assert.equal((await ask(url, 'cameras', { headers: cookie })).status, 401);
    assert.equal((await ask(url, 'cameras', { headers: other })).status, 200);
  });

  test('a restart of the gateway logs nobody out', async (t) => {
    const { bus, gateway, url } = await setUp(t);
    const cookie = await logIn(url);
    await gateway.stop();
    const again = await startTestGateway(t, bus);
    assert.equal((await ask(again.url, 'cameras', { headers: cookie })).status, 200);
  });

  test('GATEWAY_AUTH=off lets anyone in, and says so', async (t) => {
    const { gateway, url } = await setUp(t, { GATEWAY_AUTH: 'off' });
    assert.equal(gateway.gateway.url, url);
    for (const [path, status] of Object.entries(guarded)) assert.equal((await ask(url, path, { headers: {} })).status, status, path);
    for (const path of ['login', 'login?token=x']) assert.equal((await ask(url, path, { headers: {} })).headers.get('location'), '/');
    assert.ok(gateway.lines.some(({ msg }) => msg.startsWith('GATEWAY_AUTH is off')));
    // Then, too, no page of another site may use it.
    await assert.rejects(openLive(t, `${url}ws`, { headers: { Origin: 'http://evil.example' } }), /refused with 403/);
  });

  test('a page of another site may open no WebSocket and post nothing', async (t) => {
    const { url } = await setUp(t);
    const cookie = await logIn(url);
    const own = url.replace(/\/$/, '');
    const foreign = ['http://evil.example', `${own}.evil.example`, own.replace(/\d+$/, '1'), 'null', 'nonsense'];
    for (const Origin of foreign) {
      for (const path of ['ws', 'cameras/front/ws']) {
        await assert.rejects(openLive(t, `${url}${path}`, { headers: { ...cookie, Origin } }), /refused with 403/, Origin);
      }
      assert.equal((await post(url, 'login', { password }, { Origin })).status, 403, Origin);
      assert.equal((await post(url, 'logout', {}, { ...cookie, Origin })).status, 403, Origin);
    }
    await openLive(t, `${url}ws`, { headers: { ...cookie, Origin: own } });
    await openLive(t, `${url}ws`, { headers: cookie });
    await assert.rejects(openLive(t, `${url}ws`, { headers: {} }), /refused with 401/);
    assert.equal((await post(url, 'login', { password }, { Origin: own })).status, 303);
    // Reading may be asked for from anywhere: an <img> elsewhere sends no cookie (SameSite), and a program's token is its own.
    assert.equal((await ask(url, 'cameras', { headers: { ...cookie, Origin: 'http://evil.example' } })).status, 200);
  });
});

describe('addresses', { concurrency: 3 }, () => {
  test('an unknown camera is 404, with those that are known', async (t) => {
    const { bus, url } = await setUp(t);
    await startCamera(t, bus, 'door', frames);
    await until('both cameras', async () => ((await (await ask(url, 'cameras')).json()) as unknown[]).length === 2);
    for (const path of ['cameras/nope', 'cameras/nope/stream', 'cameras/nope/snapshot', 'cameras/nope/ws', 'cameras/__proto__']) {
      const response = await ask(url, path);
      assert.equal(response.status, 404);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.match(((await response.json()) as { detail: string }).detail, /There is no camera ".*"\. Known are: door, front\./);
    }
  });

  test('the default camera: the first by id, or the one that is set', async (t) => {
    const { bus, url } = await setUp(t);
    await startCamera(t, bus, 'door', frames);
    const other = await startTestGateway(t, bus, { GATEWAY_DEFAULT_CAMERA: 'front' });
    const defaults = async (at: string) =>
      ((await (await ask(at, 'cameras')).json()) as { id: string; default: boolean }[]).map((each) => `${each.id} ${each.default}`);
    await until('both cameras', async () => (await defaults(url)).length === 2 && (await defaults(other.url)).length === 2);
    assert.deepEqual(await defaults(url), ['door true', 'front false']);
    assert.deepEqual(await defaults(other.url), ['door false', 'front true']);
  });

  test('no camera at all: 503 that says what may be wrong', async (t) => {
    const bus = await startTestBroker(t);
    const { url } = await startTestGateway(t, bus);
    await until('readiness', async () => (await ask(url, 'readyz')).status === 200);
    for (const path of ['stream', 'snapshot', '?action=stream']) {
      const response = await ask(url, path);
      assert.equal(response.status, 503);
      assert.match(((await response.json()) as { detail: string }).detail, /no camera yet.*is the camera service running\?/);
    }
    assert.deepEqual(await (await ask(url, 'cameras')).json(), []);
  });

  test('the bus is lost: readyz says why, healthz goes on', async (t) => {
    const { bus, url } = await setUp(t);
    assert.equal(await (await ask(url, 'readyz')).text(), 'ready\n');
    await bus.stop();
    const response = await until('loss', async () => {
      const answer = await ask(url, 'readyz');
      return answer.status === 503 && answer;
    });
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.match(((await response.json()) as { detail: string }).detail, /message bus/);
    assert.equal((await ask(url, 'healthz')).status, 200);
    const [camera] = (await (await ask(url, 'cameras')).json()) as { condition: string; online: boolean; cause: string }[];
    assert.deepEqual([camera?.condition, camera?.online], ['bus-lost', false]);
    assert.match(camera?.cause ?? '', /message bus/);
  });

  test('what the list and the one camera tell', async (t) => {
    const { url } = await setUp(t);
    const camera = (await (await ask(url, 'cameras/front')).json()) as Record<string, unknown>;
    const { since, fps, ...rest } = camera;
    assert.ok(Date.parse(String(since)) > 0 && typeof fps === 'number');
    assert.deepEqual(rest, {
      id: 'front',
      name: 'Fake Webcam',
      online: true,
      condition: 'live',
      cause: null,
      advice: null,
      test: false,
      device: { path: '/dev/video0', name: 'Fake Webcam', bus: 'usb-1' },
      format: { pixel: 'MJPG', width: 320, height: 240, fps: 30, encoded: false },
      size: { width: 320, height: 240 },
      small: null,
      settings: {},
      viewers: 0,
      default: true,
      control: true,
      topic: 'homeguard/front',
    });
  });

  test('below a base path: everything there, nothing elsewhere, and the page asks for what is relative to it', async (t) => {
    const { gateway, url } = await setUp(t, { GATEWAY_BASE_PATH: '/cams' });
    assert.ok(url.endsWith('/cams/'));
    assert.equal(gateway.gateway.url, `${url}login?token=${token}`);
    const bare = await ask(url.replace(/\/$/, ''), '');
    assert.deepEqual([bare.status, bare.headers.get('location')], [308, '/cams/']);
    const page = await (await ask(url, '')).text();
    const links = [...page.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, link]) => link ?? '');
    assert.ok(links.length > 0);
    for (const link of links) assert.ok(!/^\/|^\w+:/.test(link), link);
    for (const link of links.filter((each) => each.startsWith('assets/'))) assert.equal((await ask(url, link)).status, 200, link);
    for (const path of ['healthz', 'cameras', 'cameras/front/snapshot', 'stream']) assert.equal((await ask(url, path)).status, 200, path);
    const root = url.replace(/cams\/$/, '');
    for (const path of ['', 'healthz', 'cameras', 'login', 'camsx/', 'assets/style.css']) {
      assert.equal((await ask(root, path)).status, 404, path);
    }
    const login = await ask(url, `login?token=${token}`, { headers: {} });
    assert.equal(login.headers.get('location'), '/cams/');
    assert.match(login.headers.get('set-cookie') ?? '', /Path=\/cams\//);
    assert.equal(
      (await ask(url, '', { headers: { Accept: 'text/html', 'Sec-Fetch-Site': 'none' } })).headers.get('location'),
      '/cams/login',
    );
    const live = await openLive(t, `${url}cameras/front/ws`);
    await until('picture', () => live.pictures.length > 0);
  });

  test('assets come with a validator, and no path leads out of them', async (t) => {
    const { url } = await setUp(t);
    const first = await ask(url, 'assets/style.css');
    const ETag = first.headers.get('etag') ?? '';
    assert.match(first.headers.get('content-type') ?? '', /^text\/css/);
    assert.equal((await ask(url, 'assets/style.css', { headers: { 'If-None-Match': ETag } })).status, 304);
    for (const path of ['assets/', 'assets/nope.js', 'assets/..%2fapp.ts', 'assets/%2e%2e%2fgateway.ts', 'assets/__proto__']) {
      const { status } = await ask(url, path);
      assert.equal(status, 404, path);
    }
  });

  test('headers that keep other sites out', async (t) => {
    const { url } = await setUp(t);
    const { headers } = await ask(url, '');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    for (const path of ['cameras', 'snapshot', 'cameras/front/stream']) {
      assert.equal((await ask(url, path)).headers.get('cache-control'), 'no-store', path);
    }
  });

  test('a busy port is a fault in one sentence, and the program ends with exit code 1', async (t) => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    defer(t, () => void taken.close());
    await untilEvent(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    const sentence = `127.0.0.1:${port} is taken by another program: stop that one, or set GATEWAY_PORT to something else`;
    const bus = await startTestBroker(t);
    const settings = testSettings(t, { GATEWAY_PORT: String(port), DATA_DIR: bus.settings.dataDir });
    await assert.rejects(startGateway(settings, { ...keepLog(), connect: () => bus.broker.connect() }), (error) => {
      assert.ok(error instanceof FaultError);
      assert.equal(error.message, sentence);
      return true;
    });
    const program = startProgram(t, { main: 'services/gateway/main.ts', env: { GATEWAY_PORT: String(port), LOG_LEVEL: 'silent' } });
    await program.ends({ code: 1 });
    assert.equal(program.stderr, `HomeGuard cannot start: ${sentence}\n`);
  });

  test('headers of a megabyte, and garbage, are answered and closed', async (t) => {
    const { url } = await setUp(t);
    const { port } = new URL(url);
    const send = async (bytes: string) => {
      const socket = net.connect(Number(port), '127.0.0.1');
      defer(t, () => void socket.destroy());
      let answer = '';
      socket.on('error', () => {}); // it may be closed while we still write
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.write(bytes);
      await until('end of the connection', () => socket.closed);
      return answer;
    };
    assert.match(await send(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(1 << 20)}\r\n\r\n`), /^(HTTP\/1\.1 431 .*|)/);
    assert.match(await send('\x16\x03\x01 this is no HTTP\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await send('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.equal((await ask(url, 'cameras')).status, 200);
  });
});
