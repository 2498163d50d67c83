import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readStamp } from '../../services/shared/contract.ts';
import { lookAt, startCameraProgram, startTestCamera } from '../helpers/camera-harness.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames, mjpegFile } from '../helpers/frames.ts';
import { connectMqtt, startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** Programs begin slowly on a busy machine. */
const beginning = { ms: 15_000 };
const small = { width: 320, height: 240, bytes: 20_000 };
/** 30 frames a second, without end. */
const film = await mjpegFile({ ...small, seconds: 1 });

test('frames flow while somebody wants them, the first one at once; between, the preview goes on', async (t) => {
  const bus = await startTestBroker(t);
  const viewer = await lookAt(t, bus);
  await startTestCamera(t, bus, { CAMERA_SOURCE: film });
  await until('second preview', () => viewer.on('preview').length >= 2);
  assert.equal(viewer.frames.length, 0);

  const asked = Date.now() * 1000;
  await viewer.watch();
  await until('first frame', () => viewer.frames.length > 0, { ms: 500 });
  const { t: taken = 0 } = readStamp(viewer.frames[0] ?? Buffer.alloc(0)) ?? {};
  // One frame time, and what two hops over the broker take on a busy machine.
  assert.ok(taken - asked < 33_000 + 60_000, `the first frame came after ${(taken - asked) / 1000} ms`);
  await until('30 frames', () => viewer.frames.length >= 30);
  await until('live', () => viewer.state?.condition === 'live');

  await viewer.leave();
  await until('idle', () => viewer.state?.condition === 'idle');
  const [frames, previews] = [viewer.frames.length, viewer.on('preview').length];
  await until('two more previews', () => viewer.on('preview').length >= previews + 2);
  assert.ok(viewer.frames.length <= frames + 1);
  await viewer.watch();
  await until('frames again', () => viewer.frames.length > frames + 10);
});

describe('some at a time', { concurrency: 4 }, () => {
  test('with CAMERA_PREVIEW_FPS=0 the source is open only while somebody watches', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const program = startCameraProgram(t, bus, { CAMERA_SOURCE: film, CAMERA_PREVIEW_FPS: '0' });
    await until('idle', () => viewer.state?.condition === 'idle', beginning);
    assert.deepEqual(program.helpers(), []);
    await viewer.watch();
    await until('frames', () => viewer.frames.length > 5);
    assert.equal(program.helpers().length, 1);
    await viewer.leave();
    await until('end of ffmpeg', () => program.helpers().length === 0);
    await until('idle again', () => viewer.state?.condition === 'idle' && viewer.state.format === null);
    await viewer.watch();
    await until('live again', () => viewer.state?.condition === 'live');
    assert.equal(viewer.on('preview').length, 0);
  });

  test('CAMERA_ALWAYS sends every frame to a broker that cannot count', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    await startTestCamera(t, bus, { CAMERA_SOURCE: film, CAMERA_ALWAYS: 'true' });
    await until('live', () => viewer.state?.condition === 'live');
  });

  test('a counter that vanished with the broker counts no more, frames flow on through the reconnection', async (t) => {
    const bus = await startTestBroker(t, { BROKER_AUTH: 'off' });
    const port = new URL(bus.url).port;
    await startTestCamera(t, bus, { CAMERA_SOURCE: film });
    const first = await lookAt(t, bus);
    await first.watch();
    await until('frames', () => first.frames.length > 5);
    await bus.stop();
    const again = await startTestBroker(t, { BROKER_AUTH: 'off', BROKER_PORT: port });
    const viewer = await lookAt(t, again);
    await until('online on the new broker', () => viewer.on('status').at(-1)?.payload.toString() === 'online', { ms: 8000 });
    await until('idle, for nobody counts now', () => viewer.state?.condition === 'idle', { ms: 5000 });
    await viewer.watch();
    await until('frames on the new broker', () => viewer.frames.length > 5);
  });

  test('several cameras in one program, each with its own topics; SIGTERM says offline, clears the preview, ends ffmpeg', async (t) => {
    const bus = await startTestBroker(t);
    const program = startCameraProgram(t, bus, {
      CAMERAS: `front=test,door=${await mjpegFile({ ...small, seconds: 1, fps: 10 })}`,
      CAMERA_SIZE: '640x360',
    });
    const viewers = [await lookAt(t, bus, 'front'), await lookAt(t, bus, 'door')];
    for (const viewer of viewers) await viewer.watch();
    for (const viewer of viewers) await until('frames of each', () => viewer.frames.length > 5, beginning);
    assert.deepEqual(
      viewers.map(({ state }) => state?.format?.width),
      [640, 320],
    );
    for (const viewer of viewers) await until('preview of each', () => viewer.on('preview').length > 0);
    await program.stop();
    for (const viewer of viewers) {
      await until('offline', () => viewer.on('status').at(-1)?.payload.toString() === 'offline');
      await until('cleared preview', () => viewer.on('preview').at(-1)?.payload.length === 0);
    }
    const late = await lookAt(t, bus, 'front');
    await until('retained status', () => late.on('status').length > 0);
    assert.deepEqual([late.on('preview').length, late.on('status').at(-1)?.payload.toString()], [0, 'offline']);
  });

  test('SIGKILL: the Last Will says offline, and ffmpeg ends too, even one whose device is silent', async (t) => {
    const bus = await startTestBroker(t);
    const hang = `${makeWorkDir(t)}/hang`;
    const env = await fakecamEnv(t, { dir: await jpegFrames({ ...small, count: 10 }), width: 320, height: 240, hang });
    const program = startCameraProgram(t, bus, { ...env, CAMERA_SOURCE: env.FAKECAM_PATH ?? '' });
    const viewer = await lookAt(t, bus);
    await until('preview', () => viewer.on('preview').length > 0, beginning);
    writeFileSync(hang, '');
    program.signal('SIGKILL');
    await until('offline', () => viewer.on('status').at(-1)?.payload.toString() === 'offline');
    await until('end of ffmpeg', () => program.helpers().length === 0, { ms: 2000 });
  });

  test('nonsense from counters is ignored', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    await startTestCamera(t, bus, { CAMERA_SOURCE: film });
    const client = await connectMqtt(t, bus.url, bus.login('gateway'));
    for (const text of ['-1', 'NaN', 'many', '1.5', '']) await client.publishAsync('homeguard/camera/viewers/odd', text, { qos: 1 });
    await until('previews', () => viewer.on('preview').length >= 2);
    assert.deepEqual(viewer.conditions, ['starting', 'idle']);
  });
});
