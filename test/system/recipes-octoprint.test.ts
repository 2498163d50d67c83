/** deploy/octoprint: what OctoPrint and its like ask for, of a real gateway, behind a real nginx and without one. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { readStamp } from '../../services/shared/contract.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { freePort } from '../helpers/free-port.ts';
import { readMultipart } from '../helpers/http.ts';
import { deployed, startNginx } from '../helpers/nginx.ts';
import { type Env, startTestBroker, startTestGateway, token } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });

async function setUp(t: TestContext, env: Env = {}) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'printer', frames);
  const { url } = await startTestGateway(t, bus, env);
  await until('camera at the gateway', async () => (await fetch(`${url}cameras/printer`, { headers: bearer })).ok);
  camera.play(20);
  return url;
}

/** @param replace what somebody has changed in homeguard-webcam.conf */
async function behindNginx(t: TestContext, replace: Record<string, string> = {}): Promise<string> {
  const gateway = await setUp(t);
  const port = await freePort();
  const files = {
    'conf.d/homeguard-gateway.conf': deployed('nginx/conf.d/homeguard-gateway.conf', { '127.0.0.1:8080': new URL(gateway).host }),
    'snippets/homeguard-proxy.conf': deployed('nginx/snippets/homeguard-proxy.conf'),
    'snippets/homeguard-webcam.conf': deployed('octoprint/nginx/snippets/homeguard-webcam.conf', replace),
    'homeguard-token.conf': `proxy_set_header Authorization "Bearer ${token}";\n`,
    'sites-enabled/printer.conf': `server { listen 0.0.0.0:${port}; include snippets/homeguard-webcam.conf; }`,
  };
  await startNginx(t, files, port);
  return `http://127.0.0.1:${port}/webcam/`;
}

/** As OctoPrint does: the stream is an `<img>` of a browser's, which sends nothing of ours; the snapshot is a plain request whose body is kept. */
async function lookAsOctoPrint(url: string): Promise<void> {
  const seen: number[] = [];
  for await (const { headers, body } of readMultipart(`${url}?action=stream`)) {
    assert.equal(headers['content-type'], 'image/jpeg');
    seen.push(readStamp(body)?.seq ?? -1);
    if (seen.length === 5) break;
  }
  assert.ok(
    seen.every((seq, i) => i === 0 || seq > (seen[i - 1] ?? seq)),
    String(seen),
  );
  const answer = await fetch(`${url}?action=snapshot`);
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'image/jpeg']);
  assert.ok((readStamp(Buffer.from(await answer.arrayBuffer()))?.seq ?? 0) > 0);
}

const statusOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;

test('through nginx, which shows the token: stream and snapshot, and nothing else', async (t) => {
  const url = await behindNginx(t);
  await lookAsOctoPrint(url);
  assert.equal(await statusOf(url), 404);
  assert.equal(await statusOf(`${url}?action=command`), 404);
  assert.equal(await statusOf(`${url}cameras`), 404);
  assert.equal(await statusOf(`${url}?action=stream`, { method: 'POST', body: 'OFF' }), 403);
});

test('nginx lets in whom its list names', async (t) => {
  const url = await behindNginx(t);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(`${url}?action=snapshot`, { localAddress: '127.0.0.9' }, resolve).once('error', reject);
  const answer = await promise;
  assert.equal(answer.statusCode, 403);
  assert.ok(!(await buffer(answer)).includes(0xff));
});

test('others come in by a name and a password, as Home Assistant shows them', async (t) => {
  const users = join(makeWorkDir(t), 'users');
  writeFileSync(users, 'octoprint:{PLAIN}the password\n');
  const url = await behindNginx(t, {
    '    allow 127.0.0.1;\n': '',
    '# satisfy any;': 'satisfy any;',
    '# auth_basic "HomeGuard";': 'auth_basic "HomeGuard";',
    '# auth_basic_user_file /etc/nginx/homeguard-users;': `auth_basic_user_file ${users};`,
  });
  const login = (password: string) => ({ headers: { Authorization: `Basic ${btoa(`octoprint:${password}`)}` } });
  assert.equal(await statusOf(`${url}?action=snapshot`), 401);
  assert.equal(await statusOf(`${url}?action=snapshot`, login('another one')), 401);
  assert.equal(await statusOf(`${url}?action=snapshot`, login('the password')), 200);
});

test('with GATEWAY_AUTH=off there is nothing in between', async (t) => {
  await lookAsOctoPrint(await setUp(t, { GATEWAY_AUTH: 'off' }));
});

test('with its login on, the gateway shows them nothing without a token, and with one in the address what it is for', async (t) => {
  const url = await setUp(t);
  for (const action of ['stream', 'snapshot']) assert.equal(await statusOf(`${url}?action=${action}`), 401);
  const wanted = /-d '(\{.*\})' http:\/\/127\.0\.0\.1:8080\/tokens/
    .exec(deployed('octoprint/README.md'))?.[1]
    ?.replace('"camera"', '"printer"');
  const made = await fetch(`${url}tokens`, { method: 'POST', headers: bearer, body: wanted ?? '' });
  const { token: secret } = (await made.json()) as { token: string };
  const snapshot = await fetch(`${url}?action=snapshot`, { headers: { Authorization: `Basic ${btoa(`octoprint:${secret}`)}` } });
  assert.ok((readStamp(Buffer.from(await snapshot.arrayBuffer()))?.seq ?? 0) > 0);
  // ffmpeg shows name and password only when it is asked for them.
  const address = url.replace('http://', `http://octoprint:${secret}@`);
  const options = ['-v', 'error', '-f', 'mpjpeg', '-i', `${address}?action=stream`, '-frames:v', '3', '-c', 'copy', '-f', 'framecrc', '-'];
  assert.equal((await promisify(execFile)('ffmpeg', options)).stdout.match(/^0, /gm)?.length, 3);
});
