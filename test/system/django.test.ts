/** deploy/django in a site as that of the question which began HomeGuard: nginx, uWSGI's emperor with ten workers, Django. It takes root. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type DjangoSite, holders, startDjangoSite } from '../helpers/django-site.ts';
import { logInToDjango } from '../helpers/django-user.ts';
import { processStats } from '../helpers/process-stats.ts';
import { token } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { openLive, seqs, watchStream } from '../helpers/viewers.ts';

const BASE = '/vision/camera-usb-streaming/';
const WORKERS = 10;

let site: DjangoSite;
const undos: (() => void | Promise<void>)[] = [];
before(async () => {
  site = await startDjangoSite({ after: (undo) => undos.push(undo) });
});
after(async () => {
  for (const undo of undos.reverse()) await undo();
});

interface Asking {
  method?: string;
  version?: '1.0' | '1.1';
  headers?: Record<string, string>;
  body?: string;
}

/** What is answered within a moment to a request line as it stands here; `fetch` would tidy the address up. */
function askRaw(target: string, { method = 'GET', version = '1.1', headers = {}, body = '' }: Asking = {}): Promise<string> {
  const { host, port } = new URL(site.origin);
  const socket = connect(Number(port), '127.0.0.1');
  const lines = Object.entries({ Host: host, Connection: 'close', 'Content-Length': String(body.length), ...headers });
  socket.write(`${method} ${target} HTTP/${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      const headEnd = answer.indexOf('\r\n\r\n') + 4;
      const length = Number(/^Content-Length: (\d+)$/im.exec(answer.slice(0, headEnd))?.[1] ?? Number.POSITIVE_INFINITY);
      // All is here, or more than any page here has: a stream.
      if ((headEnd > 4 && answer.length - headEnd >= length) || answer.length > 50_000) socket.destroy();
    });
    socket.setTimeout(5_000, () => socket.destroy());
    socket.once('error', reject).once('close', () => resolve(answer));
  });
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

/** Neither a picture, nor a stream's head, nor what is known of a camera, nor the gateway's page, nor the token. */
function isNothing(answer: string): boolean {
  return !/\xff\xd8\xff|multipart\/x-mixed|"condition"|101 Switching|HomeGuard|canvas/.test(answer) && !answer.includes(token);
}

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

describe('a Django site with deploy/django', () => {
  test('twenty viewers, one device, which www-data could not even open; and all ten workers are free', { timeout: 90_000 }, async (t) => {
    const { origin, device, uwsgi } = site;
    const visitors = await Promise.all(Array.from({ length: 20 }, () => logInToDjango(origin, 'viewer')));
    const pages = await Promise.all(visitors.map((headers) => fetch(origin + BASE, { headers })));
    for (const page of pages) assert.match(await page.text(), /<canvas/);
    const streams = visitors.slice(0, 10).map((headers) => watchStream(t, `${origin}${BASE}stream`, headers));
    const sockets = await Promise.all(
      visitors.slice(10).map((headers) => openLive(t, `${origin}${BASE}cameras/front/ws`, { headers: { ...headers, Origin: origin } })),
    );
    const counts = () => [...streams.map(({ seen }) => seqs(seen).length), ...sockets.map(({ pictures }) => seqs(pictures).length)];
    await until('pictures for all', () => counts().every((count) => count >= 30), { ms: 20_000 });

    // The device: opened once, by ffmpeg, and not to be opened by the site's user.
    const [holder = 0, ...others] = holders(device);
    assert.deepEqual([processStats(holder)?.name, others], ['ffmpeg', []]);
    const asSite = spawnSync('setpriv', ['--reuid=www-data', '--regid=www-data', '--clear-groups', 'test', '-r', device]);
    assert.equal(asSite.status, 1);
    const workers = uwsgi().slice(2);
    assert.equal(workers.length, WORKERS);
    for (const { pid } of uwsgi().slice(1)) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      assert.match(status, /^Uid:\t33\t33\t33\t33$/m);
      assert.doesNotMatch(status, /^Groups:.*\b44\b/m);
    }

    // The workers: each takes a request that holds it, and meanwhile, with none left, the pictures go on.
    const before = counts();
    const busy = Array.from({ length: WORKERS }, async () => (await fetch(`${origin}/busy/`)).text());
    await until('pictures while all are busy', () => counts().every((count, i) => count >= (before[i] ?? 0) + 15));
    const answered = await Promise.all(busy);
    assert.deepEqual([...new Set(answered.map(Number))].sort(), workers.map(({ pid }) => pid).sort());
  });

  test('an anonymous visitor gets nothing, by no way of writing the address', { timeout: 60_000 }, async () => {
    const up = BASE.slice(0, -1);
    const paths = [
      '',
      'stream',
      'snapshot',
      'ws',
      'cameras',
      'cameras/front',
      'cameras/front/stream',
      'cameras/front/snapshot',
      'cameras/front/ws',
    ];
    const targets = [
      ...paths.flatMap((path) => [BASE + path, `${BASE}${path}?fps=5`, `${up}//${path}`, `/x/..${BASE}${path}`, `${BASE}./${path}`]),
      ...['stream', 'snapshot', 'cameras'].flatMap((path) => [
        `/${path}`,
        `//${path}`,
        `${BASE}%2e%2e/camera-usb-streaming/${path}`,
        `${up}%2f${path}`,
        `${BASE}${path}%00`,
        `${BASE}${path}%0a`,
        `${BASE}${path}/`,
        `${BASE}${path};x=1`,
        `${BASE}cameras/%2e%2e/${path}`,
        `${BASE}cameras/front/../../${path}`,
        `${BASE}CAMERAS/../${path}`,
        `${BASE}ask/../${path}`,
        `${BASE}ask%2f..%2f${path}`,
        `http://127.0.0.1${BASE}${path}`,
      ]),
      `${BASE}?action=stream`,
      `${BASE}?action=snapshot`,
      '/?action=stream',
      `${BASE}ask/watch`,
      `${BASE}login?token=${token}x`,
      `${BASE}readyz`,
      `${BASE}metrics`,
      `${BASE}assets/page.ts`,
    ];
    const forged = [
      {},
      { Cookie: 'sessionid=made-up; homeguard=made-up' },
      { Authorization: 'Bearer made-up-token-of-somebody' },
      { 'X-Original-URI': '/accounts/login/', 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-User': 'chief', Remote_User: 'chief' },
    ];
    for (const target of targets) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        const answer = await askRaw(target, { method });
        assert.ok(isNothing(answer) && statusOf(answer) >= 300, `${method} ${target}: ${answer.slice(0, 300)}`);
      }
      const old = await askRaw(target, { version: '1.0' });
      assert.ok(isNothing(old) && !old.startsWith('HTTP/1.1 2'), `HTTP/1.0 ${target}: ${old.slice(0, 300)}`);
    }
    for (const path of paths) {
      for (const headers of [...forged, upgrade] as Record<string, string>[]) {
        const answer = await askRaw(BASE + path, { headers });
        assert.ok(isNothing(answer) && statusOf(answer) >= 300, `${path} ${JSON.stringify(headers)}: ${answer.slice(0, 300)}`);
      }
    }
    const page = await askRaw(BASE);
    assert.match(page, /^HTTP\/1\.1 302 .*\r\nLocation: \/accounts\/login\/\?next=/s);
  });

  test('who logged in gets what Django’s page needs, and nothing else of the gateway', async () => {
    const headers = await logInToDjango(site.origin, 'viewer');
    const expected: Record<string, number> = {
      snapshot: 200,
      'snapshot?max_age=500': 200,
      cameras: 200,
      'cameras/front': 200,
      'cameras/front/snapshot': 200,
      'cameras/nope/snapshot': 404,
      ws: 426,
      login: 404,
      readyz: 404,
      metrics: 404,
      'assets/page.ts': 404,
      'cameras/front/fps': 403,
      'ask/watch': 404,
    };
    for (const [path, status] of Object.entries(expected)) {
      const answer = await fetch(site.origin + BASE + path, { headers });
      assert.equal(answer.status, status, path);
      assert.ok(!(await answer.text()).includes(token) && !answer.headers.get('set-cookie'), path);
    }
    for (const target of [`${BASE}?action=snapshot`, `${BASE}%2e%2e/stream`, '/stream']) {
      const answer = await askRaw(target, { headers });
      assert.doesNotMatch(answer, /\xff\xd8\xff|multipart/, target);
    }
    assert.match(await askRaw(`${BASE}//snapshot`, { headers }), /\xff\xd8\xff/, 'and what means the same is the same');
  });

  test('a page of another site opens no WebSocket in the name of who is logged in', async (t) => {
    const headers = await logInToDjango(site.origin, 'viewer');
    const open = (Origin: string) => openLive(t, `${site.origin}${BASE}ws`, { headers: { ...headers, Origin } });
    await assert.rejects(open('https://evil.example'), /refused with 403/);
    await open(site.origin);
  });

  test('staff may turn the knobs, others may not, and no page of another site in their name', async () => {
    const [viewer, chief] = [await logInToDjango(site.origin, 'viewer'), await logInToDjango(site.origin, 'chief')];
    const set = (setting: string, value: string, headers: Record<string, string>) =>
      fetch(`${site.origin}${BASE}cameras/front/${setting}`, { method: 'POST', headers, body: value });
    const statuses = async (headers: Record<string, string>) =>
      Promise.all(['capture', 'fps', 'controls/brightness', 'restart'].map(async (name) => (await set(name, '', headers)).status));
    assert.deepEqual(await statuses({}), [401, 401, 401, 401]);
    assert.deepEqual(await statuses(viewer), [403, 403, 403, 403]);
    assert.equal((await set('capture', 'OFF', { ...chief, Origin: 'https://evil.example' })).status, 403);
    assert.equal((await set('snapshot', '', chief)).status, 403, 'that address is for watching');
    const off = await set('capture', 'OFF', { ...chief, Origin: site.origin });
    assert.ok(off.ok, `${off.status} ${await off.text()}`);
    const condition = async () => {
      const answer = await fetch(`${site.origin}${BASE}cameras/front`, { headers: viewer });
      return ((await answer.json()) as { condition: string }).condition;
    };
    await until('darkness', async () => (await condition()) === 'off');
    assert.ok((await set('capture', 'ON', chief)).ok);
    await until('light', async () => /live|idle/.test(await condition()));
  });

  test('who logged out gets nothing more', async () => {
    const headers = await logInToDjango(site.origin, 'viewer');
    assert.equal((await fetch(`${site.origin}${BASE}snapshot`, { headers })).status, 200);
    await fetch(`${site.origin}/accounts/logout/`, { headers, redirect: 'manual' });
    assert.equal((await fetch(`${site.origin}${BASE}snapshot`, { headers })).status, 401);
  });
});

test('while Django is away nothing is passed on, also to who is logged in', async (t) => {
  const { origin, uwsgi } = await startDjangoSite(t);
  const headers = await logInToDjango(origin, 'viewer');
  const [emperor] = uwsgi();
  assert.equal((await fetch(`${origin}${BASE}snapshot`, { headers })).status, 200);
  process.kill(emperor?.pid ?? 0, 'SIGINT');
  await until('its end', () => uwsgi().length === 0, { ms: 10_000 });
  for (const path of ['stream', 'snapshot', 'cameras', 'ws']) {
    const answer = await fetch(`${origin}${BASE}${path}`, { headers });
    assert.equal(answer.status, 500, path);
    assert.doesNotMatch(await answer.text(), /condition|JFIF/);
  }
});
