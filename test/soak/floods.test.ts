/** What floods do to a running HomeGuard: to its memory, and to those who are watching. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '../bench/stations.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { madePassword, makeUsers } from '../helpers/made-users.ts';
import { startMosquittoSub } from '../helpers/mosquitto-sub.ts';
import { processStats } from '../helpers/process-stats.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const TOKEN = 'token-of-the-floods-0123456789';
const MB = 1 << 20;
/** What is asked of us: growth of all three processes while it lasts, frames a second, the gateway's share of a core, and ms until the right user is in. */
const MAX_GROWTH_MB = 20;
const LEAST_FPS = 29;
const MAX_CORE = 0.5;
const MAX_LOGIN_MS = 2_000;
/** Until memory is what it is: then each flood has found its code and its buffers. */
const WARM_S = 20;
const SAMPLE_MS = 200;
const SETTLE_MS = 4_000;
/** Where anna has logged in before, and a house from where nobody has. */
const [HOME, ELSEWHERE] = ['127.0.0.9', '127.0.0.10'];
/** They log in for the first time while passwords are guessed. */
const LATE = Array.from({ length: 15 }, (_, i) => `late${i}`);

type Target = 'mqtt' | 'http';
const FLOODS: [string, Target][] = [
  ['100 MB before CONNECT', 'mqtt'],
  ['100 MB after CONNECT', 'mqtt'],
  ['100 MB of headers', 'http'],
  ['100 MB of a body', 'http'],
  ['100 MB to a WebSocket', 'http'],
  ['garbage', 'mqtt'],
  ['garbage', 'http'],
  ['silent', 'mqtt'],
  ['half a CONNECT', 'mqtt'],
  ['silent', 'http'],
  ['half a request', 'http'],
];
/** slowhttptest(1): headers, a body, and answers that come or are read byte by byte, by 1,000 clients. */
const SLOW: Record<string, string[]> = {
  'slow headers': ['-H', '-i', '3'],
  'slow bodies': ['-B', '-i', '3', '-s', '8192', '-t', 'POST'],
  'slow reading': ['-X', '-w', '1', '-y', '16', '-n', '3', '-z', '4'],
};
const GUESSES: [string, Target][] = [
  ['wrong passwords, MQTT', 'mqtt'],
  ['wrong passwords, HTTP', 'http'],
  ['wrong passwords, HTTP, from everywhere', 'http'],
];

interface House {
  broker: Program;
  gateway: Program;
  programs: Program[];
  ports: Record<Target, number>;
  secret: Record<Target, string>;
  frames(): number;
}

async function build(t: TestContext): Promise<House> {
  const webcam = await fakecamEnv(t, { dir: await jpegFrames(), fps: 30 });
  const dataDir = makeWorkDir(t);
  const socket = join(dataDir, 'broker.sock');
  const env = { ...webcam, CAMERA_SOURCE: webcam.FAKECAM_PATH ?? '', GATEWAY_TOKEN: TOKEN, DATA_DIR: dataDir };
  await makeUsers(dataDir, Object.fromEntries(['anna', ...LATE].map((name) => [name, ['read:camera']])));
  const broker = startProgram(t, { main: 'services/broker/main.ts', env: { ...env, BROKER_SOCKET: socket } });
  const [, mqtt = ''] = await broker.outputMatching(/open on 127\.0\.0\.1:(\d+)/);
  const client = { ...env, MQTT_URL: `mqtt+unix://${socket}` };
  const gateway = startProgram(t, { main: 'services/gateway/main.ts', env: client });
  const camera = startProgram(t, { main: 'services/camera/main.ts', env: client });
  const [, http = ''] = await gateway.outputMatching(/serving on 127\.0\.0\.1:(\d+)/, { ms: 20_000 });
  const password = readFileSync(join(dataDir, 'secrets/mqtt-homeassistant'), 'utf8').trim();
  const ports = { mqtt: Number(mqtt), http: Number(http) };
  const login = { port: ports.mqtt, username: 'homeassistant', password };
  let frames = 0;
  startMosquittoSub(t, { ...login, topic: 'homeguard/camera/frame', version: '3.1.1' }, () => frames++);
  await until('frames', () => frames > 30, { ms: 20_000 });
  return { broker, gateway, programs: [broker, gateway, camera], ports, secret: { mqtt: password, http: TOKEN }, frames: () => frames };
}

const memoryOf = ({ programs }: House) => programs.reduce((sum, { pid }) => sum + (processStats(pid)?.rssBytes ?? Number.NaN), 0) / MB;
const cpuOf = ({ pid }: Program) => processStats(pid)?.cpuSeconds ?? Number.NaN;

interface Effect {
  before: number;
  most: number;
  after: number;
  mjpeg: number;
  mqtt: number;
  /** Of a core, the gateway's. */
  core: number;
  seconds: number;
}

/** Lets `flood` go on while two MJPEG viewers and mosquitto_sub watch. */
async function endure(house: House, flood: () => Promise<void>, seconds: number): Promise<Effect> {
  const before = memoryOf(house);
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, memoryOf(house));
  }, SAMPLE_MS);
  const [began, cpu] = [performance.now(), cpuOf(house.gateway)];
  const station = { name: '', port: house.ports.http, path: '/stream', header: `Authorization: Bearer ${TOKEN}`, processes: () => [] };
  const viewers = load(station, 2, seconds);
  const heard = countFrames(house, seconds);
  await flood();
  const core = (cpuOf(house.gateway) - cpu) / ((performance.now() - began) / 1_000);
  const { fps_least: mjpeg } = await viewers;
  const mqtt = await heard;
  clearInterval(sampler);
  const spent = (performance.now() - began) / 1_000;
  await sleep(SETTLE_MS);
  return { before, most, after: memoryOf(house), mjpeg, mqtt, core, seconds: spent };
}

async function countFrames(house: House, seconds: number): Promise<number> {
  // As mjpegload does, it begins to count when all are there.
  await sleep(2_000);
  const [began, before] = [performance.now(), house.frames()];
  await sleep(seconds * 1_000);
  return (house.frames() - before) / ((performance.now() - began) / 1_000);
}

async function attack(kind: string, port: number, secret = ''): Promise<void> {
  const child = spawn('nice', ['-n', '10', process.execPath, join(import.meta.dirname, 'attack.ts'), kind, String(port), secret], {
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, kind);
}

async function slowly(args: string[], port: number): Promise<void> {
  const child = spawn(
    'nice',
    ['-n', '10', 'slowhttptest', ...args, '-c', '1000', '-r', '200', '-l', '15', '-p', '3', '-u', `http://127.0.0.1:${port}/login`],
    {
      stdio: 'ignore',
    },
  );
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, 'slowhttptest');
}

/** How long the right user's login takes, in ms, from an address. */
async function logIn(port: number, localAddress: string, name: string): Promise<{ status: string; ms: number }> {
  const body = new URLSearchParams({ name, password: madePassword }).toString();
  const began = performance.now();
  const socket = net.connect({ port, host: '127.0.0.1', localAddress });
  const type = 'Content-Type: application/x-www-form-urlencoded';
  socket.write(`POST /login HTTP/1.1\r\nHost: x\r\n${type}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return { status: answer.slice(9, 12), ms: performance.now() - began };
}

function tell(t: TestContext, name: string, { before, most, after, mjpeg, mqtt, core }: Effect): void {
  const memory = `${before.toFixed(0)} MB, at most ${(most - before).toFixed(1)} more, afterwards ${(after - before).toFixed(1)}`;
  t.diagnostic(
    `${name}: ${memory}; MJPEG ${mjpeg.toFixed(1)}, MQTT ${mqtt.toFixed(1)} frames a second; gateway ${(core * 100).toFixed(0)} % of a core`,
  );
}

/** @param grown by so many MB */
function judge({ before, most, mjpeg, mqtt }: Effect, grown = most - before): void {
  assert.ok(grown <= MAX_GROWTH_MB, `memory grew by ${grown} MB`);
  assert.ok(mjpeg >= LEAST_FPS, `MJPEG: ${mjpeg} frames a second`);
  assert.ok(mqtt >= LEAST_FPS, `MQTT: ${mqtt} frames a second`);
}

test('floods: memory stays, and who watches goes on watching', async (t) => {
  const house = await build(t);
  tell(t, 'nothing', await endure(house, () => sleep(WARM_S * 1_000), WARM_S));
  for (const [kind, target] of FLOODS) {
    await t.test(`${kind}, ${target}`, async () => {
      const effect = await endure(house, () => attack(kind, house.ports[target], house.secret[target]), 10);
      tell(t, `${kind}, ${target} (${effect.seconds.toFixed(0)} s)`, effect);
      judge(effect);
    });
  }
  for (const [kind, args] of Object.entries(SLOW)) {
    await t.test(kind, async () => {
      const effect = await endure(house, () => slowly(args, house.ports.http), 15);
      tell(t, kind, effect);
      judge(effect);
    });
  }
  for (const [kind, target] of GUESSES) {
    await t.test(kind, async () => {
      const flood = attack(kind, house.ports[target]);
      assert.equal((await logIn(house.ports.http, HOME, 'anna')).status, '303');
      const logins: { status: string; ms: number }[] = [];
      const effect = await endure(
        house,
        async () => {
          for (let i = 0; i < 5; i++) {
            await sleep(8_000);
            // From everywhere means from new addresses, too: then those come in from where somebody has logged in before.
            logins.push(await logIn(house.ports.http, kind.endsWith('everywhere') ? HOME : ELSEWHERE, LATE.pop() ?? assert.fail()));
          }
          await flood;
        },
        50,
      );
      tell(t, `${kind}; the right user: ${logins.map(({ status, ms }) => `${status} after ${ms.toFixed(0)} ms`).join(', ')}`, effect);
      // While it computes a password each service has 16 MB for it.
      judge(effect, effect.after - effect.before);
      assert.ok(effect.core <= MAX_CORE, `the gateway took ${effect.core} of a core`);
      for (const { status, ms } of logins) assert.ok(status === '303' && ms <= MAX_LOGIN_MS, `${status} after ${ms} ms`);
    });
  }
});
