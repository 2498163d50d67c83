import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readStamp } from '../../services/shared/contract.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { startFront } from '../helpers/front-camera.ts';
import { until } from '../helpers/until.ts';
import { bearer, watchStream } from '../helpers/viewers.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });

const setUp = (t: TestContext, fps = 30) => startFront(t, frames, { fps });

async function take(url: string, query = '', path = 'cameras/front/snapshot') {
  const began = performance.now();
  const response = await fetch(`${url}${path}${query}`, { headers: bearer });
  const body = Buffer.from(await response.arrayBuffer());
  const jpeg = response.status === 200 ? body : null;
  const problem = jpeg ? null : (JSON.parse(body.toString()) as Record<string, unknown>);
  return { response, jpeg, problem, stamp: jpeg && readStamp(jpeg), ms: performance.now() - began };
}

describe('snapshots', { concurrency: true }, () => {
  test('a fresh frame as it was published, with its number, time and age', async (t) => {
    const { camera, url } = await setUp(t);
    for (const path of ['cameras/front/snapshot', 'snapshot', '?action=snapshot']) {
      const asked = Date.now();
      const { response, jpeg, stamp } = await take(url, '', path);
      assert.equal(response.status, 200, path);
      assert.ok(jpeg && stamp);
      assert.equal(response.headers.get('content-type'), 'image/jpeg');
      assert.equal(Number(response.headers.get('content-length')), jpeg.length);
      assert.equal(response.headers.get('x-seq'), String(stamp.seq));
      assert.equal(response.headers.get('x-timestamp'), (stamp.t / 1e6).toFixed(6));
      assert.equal(response.headers.get('age'), '0');
      assert.ok(asked - stamp.t / 1000 <= 1_000, 'at most a second old');
      const original = frames[stamp.seq % frames.length] ?? Buffer.alloc(0);
      assert.ok(jpeg.subarray(-original.length + 2).equals(original.subarray(2)));
      assert.ok(camera.sent.some(({ seq }) => seq === stamp.seq));
    }
  });

  test('nobody watches afterwards', async (t) => {
    const { url } = await setUp(t);
    await take(url);
    await until('zero viewers', async () => {
      const response = await fetch(`${url}cameras/front`, { headers: bearer });
      return ((await response.json()) as { viewers: number }).viewers === 0;
    });
  });

  test('max_age: an older one will do or not', async (t) => {
    const { camera, url } = await setUp(t);
    const viewer = watchStream(t, `${url}stream`);
    await until('frames', () => viewer.seen.length > 3);
    camera.pause();
    // The last frame is on its way; afterwards nothing comes any more.
    const last = camera.sent.length;
    await until('last frame', () => viewer.seen.some(({ stamp }) => stamp?.seq === last));
    assert.equal((await take(url, '?max_age=60000')).stamp?.seq, last);
    const next = take(url, '?max_age=0');
    await new Promise((resolve) => setTimeout(resolve, 50));
    camera.send();
    assert.equal((await next).stamp?.seq, last + 1);
  });

  test('max_age that is none is 400', async (t) => {
    const { url } = await setUp(t);
    for (const value of ['-1', 'old', '', '1e9', 'Infinity']) {
      const { response, problem } = await take(url, `?max_age=${value}`);
      assert.equal(response.status, 400, value);
      assert.match(String(problem?.detail), /max_age has to be a number of milliseconds/);
    }
  });

  test('no frame within 3 s: 503 with the cause, as JSON for programs', async (t) => {
    const { camera, url } = await setUp(t, 0);
    camera.setState('no-device', { cause: 'There is no /dev/video0.', advice: 'Plug the camera in.' });
    await until('condition', async () => {
      const response = await fetch(`${url}cameras/front`, { headers: bearer });
      return ((await response.json()) as { condition: string }).condition === 'no-device';
    });
    const { response, problem, ms } = await take(url);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.deepEqual(
      { ...problem, type: undefined, title: undefined },
      {
        type: undefined,
        title: undefined,
        status: 503,
        detail: 'There is no /dev/video0. Plug the camera in.',
        condition: 'no-device',
        cause: 'There is no /dev/video0.',
        advice: 'Plug the camera in.',
      },
    );
    assert.ok(ms >= 2_900 && ms <= 4_000, `${ms} ms`);
  });

  test('live, but silent: 503 after 3 s, and a frame that comes meanwhile is taken', async (t) => {
    const { camera, url } = await setUp(t, 0);
    const { response, problem, ms } = await take(url);
    assert.equal(response.status, 503);
    assert.equal(problem?.condition, 'no-frames');
    assert.ok(ms <= 4_000);
    const waiting = take(url);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    camera.send();
    const later = await waiting;
    assert.equal(later.response.status, 200);
    assert.ok(later.ms >= 1_400 && later.ms <= 3_000);
  });

  test('the camera’s service is gone: 503 that says so', async (t) => {
    const { camera, url } = await setUp(t);
    await camera.kill();
    const { response, problem } = await take(url, '?max_age=0');
    assert.equal(response.status, 503);
    assert.equal(problem?.condition, 'offline');
    assert.match(String(problem?.detail), /Start the camera service/);
  });

  test('the bus is gone: 503 that says so', async (t) => {
    const { bus, url } = await setUp(t);
    await bus.stop();
    const { response, problem } = await take(url, '?max_age=0');
    assert.equal(response.status, 503);
    assert.equal(problem?.condition, 'bus-lost');
  });
});
