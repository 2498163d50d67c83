import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createPlaceholder } from '../../services/gateway/picture.ts';
import { drawPlaceholder } from '../../services/gateway/placeholder.ts';
import { readStamp } from '../../services/shared/contract.ts';
import type { Knobs } from '../../services/shared/knob.ts';
import { type FakeCamera, type Obey, readFrames, startCamera } from '../helpers/fake-camera.ts';
import { startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive, type Seen, watchStream } from '../helpers/viewers.ts';

const size = { width: 320, height: 240 };
const frames = await readFrames({ ...size, count: 10, bytes: 20_000 });
const settings: Knobs = { resolution: { type: 'select', label: 'Resolution', value: '320x240', default: '320x240', options: ['320x240'] } };
const OFF = {
  cause: 'the camera was switched off (capture is OFF)',
  advice: 'Switch it on again: set capture to ON.',
  since: '2026-11-22T10:38:45.120Z',
};

async function setUp(t: TestContext, obey?: Obey) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'front', frames);
  camera.takeCommands(settings, obey);
  const { url } = await startTestGateway(t, bus);
  await until('camera at the gateway', async () => (await view(url)).online);
  return { bus, camera, url };
}

interface View {
  online?: boolean;
  condition?: string;
  cause?: string | null;
  advice?: string | null;
}

const view = async (url: string) => (await (await fetch(`${url}cameras/front`, { headers: bearer })).json()) as View;

/** Every way to watch. */
async function watchAll(t: TestContext, url: string): Promise<Seen[][]> {
  const one = await openLive(t, `${url}cameras/front/ws`);
  const all = await openLive(t, `${url}ws`, { named: true });
  all.say({ watch: ['front'] });
  return [watchStream(t, `${url}cameras/front/stream`).seen, watchStream(t, `${url}?action=stream`).seen, one.pictures, all.pictures];
}

/** Viewers who have seen frames, and still watch. */
async function watched(t: TestContext, url: string, camera: FakeCamera): Promise<Seen[][]> {
  camera.play();
  const viewers = await watchAll(t, url);
  await until('frames', () => viewers.every((seen) => seen.filter(({ stamp }) => stamp).length >= 3));
  return viewers;
}

async function switchOff(url: string, camera: FakeCamera): Promise<void> {
  camera.setState('off', { settings, ...OFF });
  await until('off', async () => (await view(url)).condition === 'off');
}

async function snapshot(url: string, query: string) {
  const began = performance.now();
  const response = await fetch(`${url}snapshot?${query}`, { headers: bearer });
  const body = Buffer.from(await response.arrayBuffer());
  const problem = response.status === 200 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
  return { status: response.status, seq: readStamp(body)?.seq, problem, ms: performance.now() - began };
}

const placeholders = (viewers: Seen[][]) => viewers.map((seen) => seen.filter(({ stamp }) => !stamp));

describe('a camera that is switched off', { concurrency: true }, () => {
  test('viewers see at once that it is, in the words of its state, and no frame that was still on its way', async (t) => {
    const { camera, url } = await setUp(t);
    const viewers = await watched(t, url, camera);
    await switchOff(url, camera);
    const off = performance.now();
    await until('placeholders', () => placeholders(viewers).every((seen) => seen.length >= 3));
    assert.ok(
      camera.sent.length > 0 && viewers.flat().every(({ stamp, at }) => !stamp || at < off + 100),
      'frames go on, and nobody sees them',
    );
    const [first] = placeholders(viewers)[0] ?? [];
    const footer = 'Fake Webcam · since 2026-11-22 10:38:45 UTC';
    const drawn = drawPlaceholder({ ...size, ...OFF, title: 'Camera is switched off', footer });
    assert.ok(first?.jpeg.equals(createPlaceholder(drawn, 0).jpeg));
    const { cause, advice } = await view(url);
    assert.deepEqual({ cause, advice }, { cause: OFF.cause, advice: OFF.advice });
  });

  test('no snapshot, however old it may be, and none that is taken anew', async (t) => {
    const { camera, url } = await setUp(t);
    await watched(t, url, camera);
    camera.pause();
    await switchOff(url, camera);
    for (const query of ['', 'max_age=999999999', 'max_age=0', 'size=320x240']) {
      const { status, problem, ms } = await snapshot(url, query);
      assert.deepEqual([status, problem.condition], [503, 'off'], query);
      assert.equal(problem.detail, `${OFF.cause}. ${OFF.advice}`);
      assert.ok(ms < 1_000, `${query}: ${ms} ms`);
    }
    assert.deepEqual(camera.commands, []);
  });

  test('switched off while a picture is taken: it is not given away', async (t) => {
    const { camera, url } = await setUp(t, () => null);
    const taking = snapshot(url, 'size=320x240');
    const command = await until('command', () => camera.commands[0]);
    await switchOff(url, camera);
    await camera.sendSnapshot(frames[0] ?? Buffer.alloc(0), 5);
    await camera.answer({ ...command, value: null, refused: null });
    const { status, problem } = await taking;
    assert.deepEqual([status, problem.condition], [503, 'off']);
  });

  test('who comes then sees the placeholder first and nothing else, also when its service ends', async (t) => {
    const { camera, url } = await setUp(t);
    await watched(t, url, camera);
    camera.pause();
    await switchOff(url, camera);
    const late = await watchAll(t, url);
    await until('placeholders', () => placeholders(late).every((seen) => seen.length >= 2));
    await camera.stop();
    await until('loss', async () => (await view(url)).condition === 'offline');
    const later = await watchAll(t, url);
    await until('placeholders', () => placeholders(later).every((seen) => seen.length >= 2));
    const seen = [...late, ...later].flat();
    assert.ok(seen.every(({ stamp }) => stamp === null));
    const { status } = await snapshot(url, 'max_age=999999999');
    assert.equal(status, 503);
  });

  test('switched on again: nothing from before, and live with the first new frame', async (t) => {
    const { camera, url } = await setUp(t);
    const viewers = await watched(t, url, camera);
    camera.pause();
    await switchOff(url, camera);
    const before = camera.sent.length;
    const on = performance.now();
    camera.setState('live', { settings });
    await until('live', async () => (await view(url)).condition !== 'off');
    const late = await watchAll(t, url);
    const waiting = snapshot(url, 'max_age=999999999');
    await until('placeholders', () => placeholders(late).every((seen) => seen.length >= 1));
    camera.play();
    const newest = (seen: Seen[]) => seen.flatMap(({ stamp }) => stamp?.seq ?? []).at(-1) ?? 0;
    await until('new frames', () => [...viewers, ...late].every((seen) => newest(seen) > before));
    const after = [...viewers.map((seen) => seen.filter(({ at }) => at > on)), ...late].flat();
    assert.ok(after.every(({ stamp }) => !stamp || stamp.seq > before));
    const { status, seq = 0 } = await waiting;
    assert.deepEqual([status, seq > before], [200, true]);
  });
});

describe('a camera that shows something and could do better', { concurrency: true }, () => {
  for (const condition of ['live', 'idle'] as const) {
    test(`${condition} with a hint: frames and no placeholder, and the hint in what is told`, async (t) => {
      const { camera, url } = await setUp(t);
      const hint = { cause: 'the camera sends 15 of 30 frames a second: it is dim', advice: 'Switch on a light.' };
      camera.setState(condition, { settings, ...hint });
      camera.play(15);
      const { messages } = await openLive(t, `${url}cameras/front/ws`);
      const viewers = await watchAll(t, url);
      await until('two seconds of frames', () => viewers.every((seen) => seen.filter(({ stamp }) => stamp).length >= 30));
      assert.deepEqual(placeholders(viewers).flat(), []);
      const told = messages.filter(({ type }) => type === 'state').at(-1);
      for (const seen of [await view(url), told ?? {}]) {
        assert.deepEqual([seen.condition, seen.cause, seen.advice], [condition, hint.cause, hint.advice]);
      }
      assert.equal((await snapshot(url, '')).status, 200);
    });
  }
});
