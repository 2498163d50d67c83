import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readStamp } from '../../services/shared/contract.ts';
import type { Knobs } from '../../services/shared/knob.ts';
import { type FakeCamera, type Obey, readFrames, startCamera } from '../helpers/fake-camera.ts';
import { connectMqtt, receive, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer } from '../helpers/viewers.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });
const [large = Buffer.alloc(0)] = await readFrames({ width: 640, height: 480, count: 1, bytes: 60_000 });
const sizes = ['320x240', '640x480'];
const settings: Knobs = { resolution: { type: 'select', label: 'Resolution', value: '320x240', default: '320x240', options: sizes } };

async function setUp(t: TestContext, obey: (camera: FakeCamera, ...command: Parameters<Obey>) => ReturnType<Obey>) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'front', frames);
  camera.takeCommands(settings, (command) => obey(camera, command));
  // One from long ago, which the bus keeps.
  await camera.sendSnapshot(large, 1);
  const { url } = await startTestGateway(t, bus);
  await until('settings at the gateway', async () => (await view(url)).settings?.resolution);
  return { bus, camera, url };
}

const view = async (url: string) =>
  (await (await fetch(`${url}cameras/front`, { headers: bearer })).json()) as { settings?: Knobs; condition?: string; viewers?: number };

/** Takes the picture, then answers: what a camera service does. */
const takeIt = async (camera: FakeCamera) => {
  await camera.sendSnapshot(large, 1000 + camera.commands.length);
  return {};
};

async function ask(url: string, path = 'cameras/front/snapshot?size=640x480', init: RequestInit = {}) {
  const began = performance.now();
  const response = await fetch(`${url}${path}`, { headers: bearer, ...init });
  const body = Buffer.from(await response.arrayBuffer());
  const problem = response.status >= 400 ? (JSON.parse(body.toString()) as Record<string, unknown>) : {};
  return { response, status: response.status, body, seq: readStamp(body)?.seq, problem, ms: performance.now() - began };
}

describe('snapshots of a size of their own', { concurrency: 4 }, () => {
  test('one is taken, and comes as it was published, with number, time and age; nobody counts as a viewer', async (t) => {
    const { camera, url } = await setUp(t, takeIt);
    for (const path of ['cameras/front/snapshot?size=640x480', 'snapshot?size=640X480', '?action=snapshot&size=640x480&max_age=60000']) {
      const { response, body, seq } = await ask(url, path);
      assert.equal(response.status, 200, path);
      const { setting, wanted } = camera.commands.at(-1) ?? { setting: '', wanted: '{}' };
      const { size, id } = JSON.parse(wanted) as Record<string, string>;
      assert.deepEqual([setting, size], ['snapshot', '640x480']);
      assert.match(id ?? '', /^[\w-]{16,}$/);
      assert.equal(seq, 1000 + camera.commands.length);
      assert.ok(body.subarray(-large.length + 2).equals(large.subarray(2)));
      assert.deepEqual(
        ['content-type', 'cache-control', 'x-seq', 'age', 'content-length'].map((name) => response.headers.get(name)),
        ['image/jpeg', 'no-store', String(seq), '0', String(body.length)],
      );
      assert.equal(response.headers.get('x-timestamp'), ((readStamp(body)?.t ?? 0) / 1e6).toFixed(6));
    }
    assert.equal(new Set(camera.commands.map(({ wanted }) => wanted)).size, 3, 'each command has an id of its own');
    assert.equal((await view(url)).viewers, 0);
  });

  test('pictures that others have asked for are not ours, nor is the one that the bus keeps', async (t) => {
    const { url } = await setUp(t, async (camera, { wanted }) => {
      await camera.sendSnapshot(large, 50);
      await camera.answer({ setting: 'snapshot', wanted: '', value: null, refused: null });
      await camera.sendSnapshot(large, 51);
      await camera.answer({ setting: 'snapshot', wanted, value: null, refused: null });
      await camera.sendSnapshot(large, 52);
      return null;
    });
    assert.equal((await ask(url)).seq, 51);
    assert.equal((await ask(url)).seq, 51);
  });

  test('several at once: each gets its own', async (t) => {
    const { camera, url } = await setUp(t, () => null);
    const [one, other] = [ask(url), ask(url, 'snapshot?size=320x240')];
    await until('commands', () => camera.commands.length === 2);
    const wantedAt = (size: string) => camera.commands.find(({ wanted }) => wanted.includes(size))?.wanted ?? '';
    for (const [seq, size] of [
      [7, '320x240'],
      [8, '640x480'],
    ] as const) {
      await camera.sendSnapshot(large, seq);
      await camera.answer({ setting: 'snapshot', wanted: wantedAt(size), value: null, refused: null });
    }
    assert.deepEqual([(await one).seq, (await other).seq], [8, 7]);
  });

  test('the answer may overtake the picture, what is no picture is none, and the camera’s clock may be hours off', async (t) => {
    const { bus, url } = await setUp(t, async (camera, { wanted }) => {
      await camera.answer({ setting: 'snapshot', wanted, value: null, refused: null });
      const mischief = await connectMqtt(t, bus.url, bus.login('camera'));
      for (const text of ['', 'no picture']) await mischief.publishAsync('homeguard/front/snapshot', text, { qos: 1 });
      await camera.sendSnapshot(large, 70, (Date.now() - 7_200_000) * 1000);
      return null;
    });
    const { seq, response } = await ask(url);
    assert.equal(seq, 70);
    assert.ok(Number(response.headers.get('age')) >= 7_199);
  });

  test('a size that is not offered, or none: refused with those that are, and nothing is sent', async (t) => {
    const { camera, url } = await setUp(t, takeIt);
    for (const size of ['641x480', 'large', '640', '640x480x3', '-1x-1', '640x480%00']) {
      const { status, problem } = await ask(url, `snapshot?size=${size}`);
      assert.deepEqual([status, problem.detail], [422, 'The size of a snapshot has to be one of: 320x240, 640x480.'], size);
      assert.deepEqual(problem.sizes, sizes);
    }
    const empty = await ask(url, 'snapshot?size=');
    assert.deepEqual([empty.status, empty.problem.detail], [400, 'size has to be width x height, as in size=1280x720.']);
    assert.deepEqual(camera.commands, []);
  });

  test('the camera refuses: 422 with its reason', async (t) => {
    const { url } = await setUp(t, () => ({ refused: 'The device is busy.' }));
    const { status, response, problem } = await ask(url);
    assert.deepEqual([status, problem.detail], [422, 'The device is busy.']);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
  });

  test('a picture without an answer, or an answer without a picture, is none: 504 after 10 s, never the old picture', async (t) => {
    const first = await setUp(t, async (camera) => {
      await camera.sendSnapshot(large, 80);
      return null;
    });
    const second = await setUp(t, () => ({}));
    for (const { status, problem, ms } of await Promise.all([ask(first.url), ask(second.url)])) {
      assert.equal(status, 504);
      assert.match(String(problem.detail), /did not answer within 10 s: look at the log of the camera service/);
      assert.ok(ms >= 9_900 && ms <= 12_000, `${ms} ms`);
    }
  });

  test('POST: the picture goes to the bus alone, 204 when it is there', async (t) => {
    const { bus, camera, url } = await setUp(t, takeIt);
    const listener = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    const pictures = await receive(listener, 'homeguard/front/snapshot');
    const json = { ...bearer, 'Content-Type': 'application/json' };
    const ways: [body: string, headers: Record<string, string>, wanted: string][] = [
      ['', bearer, ''],
      ['640x480', bearer, '640x480'],
      ['{"size":"320x240"}', json, '320x240'],
      ['{"value":"640x480"}', json, '640x480'],
    ];
    for (const [i, [body, headers, wanted]] of ways.entries()) {
      const { status } = await ask(url, 'cameras/front/snapshot', { method: 'POST', body, headers });
      assert.equal(status, 204, body);
      assert.deepEqual(camera.commands.at(-1), { setting: 'snapshot', wanted });
      await until('picture', () => pictures.some(({ payload, retain }) => !retain && readStamp(payload)?.seq === 1001 + i));
    }
    const wrong = await ask(url, 'cameras/front/snapshot', { method: 'POST', body: '1x1' });
    assert.deepEqual([wrong.status, wrong.problem.sizes], [422, sizes]);
  });

  test('the camera is dark, or its service is gone: 503 with the cause, at once, and nothing is sent', async (t) => {
    const { camera, url } = await setUp(t, takeIt);
    camera.setState('no-device', { settings, cause: 'no camera was found', advice: 'Plug it in.' });
    await until('condition', async () => (await view(url)).condition === 'no-device');
    const dark = await ask(url);
    assert.deepEqual([dark.status, dark.problem.detail, dark.problem.condition], [503, 'no camera was found. Plug it in.', 'no-device']);
    assert.deepEqual(camera.commands, []);
    await camera.kill();
    await until('loss', async () => (await view(url)).condition === 'offline');
    const gone = await ask(url);
    assert.deepEqual([gone.status, gone.problem.condition], [503, 'offline']);
    assert.ok(dark.ms < 1_000 && gone.ms < 1_000);
  });
});
