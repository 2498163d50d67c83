import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStamp } from '../../services/shared/contract.ts';
import { readSecret } from '../../services/shared/secrets.ts';
import { defer } from '../helpers/cleanup.ts';
import { type FakeCamera, pacer, readFrames } from '../helpers/fake-camera.ts';
import { freePort } from '../helpers/free-port.ts';
import { type House, startFullCamera, startHouse } from '../helpers/house.ts';
import { stamped } from '../helpers/pictures.ts';
import { processStats } from '../helpers/process-stats.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { connectMqtt, type Received, receive } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const BEFORE_MS = 30_000;
const AWAY_MS = 60_000;
const AFTER_MS = 30_000;
/** Nothing waits and nothing is kept; Node's memory goes up and down by itself under 5 MB of frames a second. */
const MOST_GROWTH = 16 << 20;
const MOST_SWING = 32 << 20;
const MB = 1 << 20;
const topic = (rest: string) => `homeguard/front/${rest}`;

/** The broker's program with its bridge, a camera that tells something new all the time, and who listens at home. */
async function setUp(t: TestContext, house: House) {
  const dir = makeWorkDir(t);
  const port = String(await freePort());
  const env = { BRIDGE_URL: house.url, BRIDGE_FRAMES: 'true', DATA_DIR: dir, BROKER_PORT: port };
  const program = startProgram(t, { main: 'services/broker/main.ts', env });
  await program.outputMatching(/the house's broker is there/);
  const login = (user: string) => ({ username: user, password: readSecret(dir, `mqtt-${user}`) });
  const url = `mqtt://127.0.0.1:${port}`;
  const frames = await readFrames({ count: 30, bytes: 160_000 });
  const camera = await startFullCamera({ url, login }, 'front', frames);
  defer(t, () => camera.stop());
  camera.takeCommands({});
  const home = await receive(await connectMqtt(t, url, { protocolVersion: 5, ...login('homeassistant') }), '#');
  camera.play(30);
  defer(t, tellNews(camera, frames[0] ?? Buffer.alloc(0)));
  return { program, camera, home };
}

/** Once a second a preview, another state, another value, telemetry; each with a number of its own. Returns what ends it. */
function tellNews(camera: FakeCamera, jpeg: Buffer): () => void {
  let n = 0;
  return pacer(1, () => {
    n++;
    const stamp = { seq: n, t: Date.now() * 1000 };
    camera.bus.publishPicture(camera.topics.preview, stamped(jpeg, n, stamp.t), stamp, { expirySeconds: 10 });
    camera.setState('live', { cause: `number ${n}` });
    camera.bus.announce(topic('fps'), String(1_000 + n));
    camera.bus.publish(camera.topics.telemetry, `{"n":${n}}`);
  });
}

/** What makes a message this one and no other. */
function keyOf({ topic: name, payload }: Received): string {
  return `${name} ${readStamp(payload)?.seq ?? payload}`;
}

/** Messages of the camera that came more than once; the number of viewers comes and goes. */
function repeated(list: Received[]): string[] {
  const seen = new Set<string>();
  const told = list.filter((each) => /^homeguard\/front\/(?!viewers)/.test(each.topic));
  return told.map(keyOf).filter((key) => seen.size === seen.add(key).size);
}

/** Memory of the program, looked at while `ms` go by; in bytes, the highest and the last. */
async function watch(program: Program, ms: number): Promise<{ most: number; last: number }> {
  let [most, last] = [0, 0];
  for (const end = performance.now() + ms; performance.now() < end; await sleep(250)) {
    last = processStats(program.pid)?.rssBytes ?? 0;
    most = Math.max(most, last);
  }
  return { most, last };
}

test('the house is away for a minute, at 30 frames a second: nothing twice, nothing in circles, right within 5 s, memory flat', async (t) => {
  const house = await startHouse(t);
  const { program, camera, home } = await setUp(t, house);
  let commands = 0;
  const command = pacer(1, () => house.client.connected && house.client.publish(topic('quality/set'), String(++commands), { qos: 1 }));
  defer(t, command);
  const before = await watch(program, BEFORE_MS);
  const [heardBefore, homeBefore] = [house.heard.splice(0), home.splice(0)];
  assert.deepEqual(repeated(heardBefore), []);
  const framesBefore = heardBefore.filter((each) => each.topic === topic('frame')).length;

  await house.stop();
  const away = await watch(program, AWAY_MS);
  house.heard.length = 0;
  const stateGone = camera.sent.length;
  await house.start();
  const back = performance.now();
  await until('a state of now', () => house.heard.some((each) => each.topic === topic('state')));
  const [first] = house.heard.filter((each) => each.topic === topic('state'));
  const right = performance.now() - back;
  const newest = home.findLast((each) => each.topic === topic('state'));
  const numberOf = (message: Received | undefined) => Number(/number (\d+)/.exec(String(message?.payload))?.[1]);
  assert.ok(Math.abs(numberOf(newest) - numberOf(first)) <= 1, 'the newest state, none of before');
  await until('status', () => house.on(topic('status')).at(-1) === 'online');
  const after = await watch(program, AFTER_MS);
  const [heardAfter, homeAfter] = [house.heard.splice(0), home.splice(0)];

  assert.ok(right < 5_000, `right after ${right} ms`);
  assert.deepEqual(repeated(heardAfter), [], 'nothing twice at the house');
  assert.deepEqual(repeated([...homeBefore, ...homeAfter]), [], 'nothing twice at home');
  const old = heardAfter.filter((each) => each.topic === topic('frame') && (readStamp(each.payload)?.seq ?? 0) <= stateGone);
  assert.equal(old.length, 0, 'no frame of before');
  const crossed = camera.commands.map(({ wanted }) => wanted);
  assert.deepEqual(crossed, [...new Set(crossed)], 'each command once');
  const names = new Set([...homeBefore, ...homeAfter].map((each) => each.topic.replace(/^homeguard\/(front|_broker)\//, '')));
  const known = ['status', 'state', 'frame', 'preview', 'answer', 'telemetry', 'capture', 'fps', 'resolution', 'controls/focus_absolute'];
  assert.deepEqual(
    [...names].filter((name) => ![...known, 'quality/set', 'viewers/broker'].includes(name)),
    [],
    'nothing came in but commands',
  );
  const framesAfter = heardAfter.filter((each) => each.topic === topic('frame')).length;
  t.diagnostic(`frames at the house: ${framesBefore} in ${BEFORE_MS / 1000} s before, ${framesAfter} in ${AFTER_MS / 1000} s after`);
  t.diagnostic(`right ${Math.round(right)} ms after its return; ${crossed.length} of ${commands} commands crossed, each once`);
  const shown = Object.entries({ before, away, after }).map(([name, { most, last }]) => `${name} ${mb(last)} (at most ${mb(most)})`);
  t.diagnostic(`memory of the broker in MB: ${shown.join(', ')}`);
  assert.ok(framesAfter > (AFTER_MS / 1000) * 28, `${framesAfter} frames`);
  assert.ok(Math.max(away.last, after.last) - before.most < MOST_GROWTH, shown.join(', '));
  assert.ok(Math.max(away.most, after.most) - before.most < MOST_SWING, shown.join(', '));
});

const mb = (bytes: number) => Math.round(bytes / MB);
