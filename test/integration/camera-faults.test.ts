import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeFfmpeg, lookAt, plugIn, readFolder, startCameraProgram, startTestCamera, takeApart } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { type Fakecam, fakecamEnv, makeNode, sizedFrames } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { processStats, processTree } from '../helpers/process-stats.ts';
import { type Env, startTestBroker } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** Programs begin slowly on a busy machine. */
const beginning = { ms: 15_000 };
const small = { width: 320, height: 240, count: 10, bytes: 20_000 };
const webcam = async () => ({ dir: await jpegFrames(small), width: 320, height: 240 });
/** Of cameras in this process. */
const ffmpegs = () =>
  processTree(process.pid).filter(({ name, state, parent }) => name === 'ffmpeg' && state !== 'Z' && parent === process.pid);

/** For a program that reads the webcam. */
async function webcamEnv(t: TestContext, more: Partial<Fakecam>): Promise<Env> {
  const env = await fakecamEnv(t, { ...(await webcam()), ...more });
  return { ...env, CAMERA_SOURCE: env.FAKECAM_PATH ?? '' };
}

describe('some at a time', { concurrency: 4 }, () => {
  test('unplugged: no-device within 3 s; plugged in again, the picture is back', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const gone = join(makeWorkDir(t), 'gone');
    const program = startCameraProgram(t, bus, { ...(await webcamEnv(t, { gone })), CAMERA_SIZE: '320x240' });
    await viewer.watch();
    await until('live', () => viewer.state?.condition === 'live', beginning);
    writeFileSync(gone, '');
    await until('no-device', () => viewer.state?.condition === 'no-device', { ms: 3000 });
    assert.equal(viewer.state?.format, null);
    await sleep(1500); // one attempt that fails
    rmSync(gone);
    await until('live again', () => viewer.state?.condition === 'live', { ms: 10_000 });
    await program.outputMatching(/the picture is back/);
    const said = program.output.trim().split('\n');
    assert.equal(said.length, 4, program.output);
    assert.match(said[2] ?? '', /no-device: .*Plug in the camera/);
    assert.match(said[3] ?? '', /the picture is back/);
  });

  test('silent: no-frames within 5 s, ffmpeg is ended and the device opened again', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const hang = join(makeWorkDir(t), 'hang');
    const program = startCameraProgram(t, bus, await webcamEnv(t, { hang }));
    await viewer.watch();
    await until('live', () => viewer.state?.condition === 'live', beginning);
    const before = program.helpers();
    writeFileSync(hang, '');
    await until('no-frames', () => viewer.state?.condition === 'no-frames', { ms: 5500 });
    rmSync(hang);
    await until('live again', () => viewer.state?.condition === 'live', { ms: 6000 });
    assert.equal(before.length, 1);
    assert.deepEqual(
      program.helpers().map((pid) => before.includes(pid)),
      [false],
    );
  });

  test('a stop while the device is silent ends ffmpeg, too', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const hang = join(makeWorkDir(t), 'hang');
    const program = startCameraProgram(t, bus, await webcamEnv(t, { hang }));
    await until('idle', () => viewer.state?.condition === 'idle', beginning);
    writeFileSync(hang, '');
    await sleep(100); // a few frames' time, for ffmpeg to wait for the next one
    await program.stop();
  });

  test('in use elsewhere: told with pid and name of who holds it, and taken when it is let go', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const env = await webcamEnv(t, { state: makeWorkDir(t) });
    const args = ['-v', 'error', '-f', 'v4l2', '-i', env.CAMERA_SOURCE ?? '', '-c', 'copy', '-f', 'mpjpeg', '-'];
    const holder = spawn('ffmpeg', args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    defer(t, () => {
      holder.kill('SIGKILL');
    });
    holder.stdout.resume();
    await untilEvent(holder.stdout, 'data');
    startCameraProgram(t, bus, env);
    await until('device-busy', () => viewer.state?.condition === 'device-busy', beginning);
    assert.match(viewer.state?.cause ?? '', new RegExp(`^EBUSY on .*: in use by ffmpeg .*\\b${holder.pid}\\b`));
    holder.kill('SIGKILL');
    await until('taken', () => viewer.state?.condition === 'idle', { ms: 7000 });
  });

  test('a node that went away while ffmpeg read it is no device, whatever ffmpeg says', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const node = makeNode(makeWorkDir(t));
    const said = '[in#0 @ 0x1] Error during demuxing: Invalid argument\\n';
    const path = fakeFfmpeg(t, `require('node:fs').rmSync(${JSON.stringify(node)}); process.stderr.write("${said}");`);
    startCameraProgram(t, bus, { PATH: `${path}:${process.env.PATH}`, CAMERA_SOURCE: node });
    await until('no-device', () => viewer.state?.condition === 'no-device', beginning);
    assert.deepEqual(viewer.conditions, ['starting', 'no-device']);
  });

  test('no room on the USB bus is told with what would fit', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const sizes = ['320x240', '160x120'];
    const env = await fakecamEnv(t, { dir: await sizedFrames(t, sizes), sizes, streamon: 28 });
    startCameraProgram(t, bus, { ...env, CAMERA_SOURCE: env.FAKECAM_PATH ?? '' });
    await until('no-usb-bandwidth', () => viewer.state?.condition === 'no-usb-bandwidth', beginning);
    assert.match(viewer.state?.advice ?? '', /160x120/);
  });

  test('first frames without a byte are counted, and no picture', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    startCameraProgram(t, bus, await webcamEnv(t, { empty: 5 }));
    await viewer.watch();
    await until('frames', () => viewer.frames.length > 5, beginning);
    for (const frame of viewer.frames) assert.ok(takeApart(frame).bytes.length > 10_000);
  });

  test('noise, cut frames, 50 MB and no end: only whole pictures are published, all else is counted, memory stays below 200 MB', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const dir = await jpegFrames(small);
    const pictures = readFolder(dir);
    const program = startCameraProgram(t, bus, { ...badSource(t, dir), CAMERA_ALWAYS: 'true' });
    await viewer.watch();
    let most = 0;
    await until(
      'many frames between all that',
      () => {
        most = Math.max(most, processStats(program.pid)?.rssBytes ?? 0);
        return viewer.frames.length >= 60;
      },
      { ms: 15_000 },
    );
    for (const frame of viewer.frames) assert.ok(pictures.some((picture) => picture.equals(takeApart(frame).bytes)));
    await until('the endless one', () => program.helpers().length > 0 && viewer.state?.condition === 'bad-format', { ms: 20_000 });
    for (let i = 0; i < 100; i++) {
      most = Math.max(most, processStats(program.pid)?.rssBytes ?? 0);
      await sleep(10);
    }
    assert.ok(most < 200 << 20, `${most >> 20} MB`);
    await program.stop();
  });

  test('ffmpeg that dies at once, again and again: the cause is told, with back-off and without a zombie', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const path = fakeFfmpeg(t, 'process.stderr.write("[x @ 0x1] it broke\\n"); process.exit(7);');
    const program = startCameraProgram(t, bus, { PATH: `${path}:${process.env.PATH}`, CAMERA_SOURCE: '/dev/null' });
    await until('source-failed', () => viewer.state?.condition === 'source-failed', beginning);
    assert.equal(viewer.state?.cause, '/dev/null: it broke');
    await sleep(2500); // two more attempts
    assert.ok(processTree(program.pid).every(({ state }) => state !== 'Z'));
    assert.equal(program.output.match(/source-failed/g)?.length, 1);
    await program.stop();
  });

  test('what cannot work is told in one sentence, exit code 1', async (t) => {
    const bus = await startTestBroker(t);
    const empty = makeWorkDir(t);
    mkdirSync(join(empty, 'folder'));
    const cases: [Env, RegExp][] = [
      [{ PATH: empty, CAMERA_SOURCE: 'test' }, /ffmpeg is missing.*apt-get install ffmpeg/],
      [{ CAMERA_SOURCE: '/nowhere/film.mkv' }, /CAMERA_SOURCE names \/nowhere\/film\.mkv, which cannot be read \(ENOENT\)/],
      [{ CAMERA_SOURCE: join(empty, 'folder') }, /which is no file/],
      [{ CAMERA_FPS: '0', CAMERA_SIZE: 'big' }, /2 settings are wrong:[\s\S]*CAMERA_SIZE[\s\S]*CAMERA_FPS/],
    ];
    const programs = cases.map(([env]) => startCameraProgram(t, bus, env));
    for (const [i, program] of programs.entries()) {
      await program.ends({ code: 1, ...beginning });
      assert.match(program.stderr, cases[i]?.[1] ?? /^$/);
      assert.doesNotMatch(program.stderr, /\n {4}at /);
    }
  });

  describe('one after the other, for they change our environment', { concurrency: false }, () => {
    for (const [name, fail, condition, cause] of [
      ['EACCES', 13, 'permission-denied', /^EACCES on .*: uid 0, groups .*; the device is /],
      ['EBUSY', 16, 'device-busy', /^EBUSY on /],
    ] as const) {
      test(`${name} is told as ${condition}, and the device is taken once it can be had`, async (t) => {
        const bus = await startTestBroker(t);
        const viewer = await lookAt(t, bus);
        await startTestCamera(t, bus, { CAMERA_SOURCE: await plugIn(t, { ...(await webcam()), fail }) });
        await until(condition, () => viewer.state?.condition === condition);
        assert.match(viewer.state?.cause ?? '', cause);
        assert.ok(viewer.state?.advice);
        delete process.env.FAKECAM_FAIL;
        await until('idle', () => viewer.state?.condition === 'idle', { ms: 6000 });
        assert.equal(viewer.state?.cause, null);
      });
    }

    test('auto: the test picture says that it is one, and makes way for the camera that appears; a failing one says why', async (t) => {
      const bus = await startTestBroker(t);
      const viewer = await lookAt(t, bus);
      const dev = makeWorkDir(t);
      const node = join(dev, 'video3');
      const { FAKECAM_PATH = '' } = await fakecamEnv(t, await webcam());
      await plugIn(t, { ...(await webcam()), path: node });
      await startTestCamera(t, bus, { CAMERA_SOURCE: 'auto' }, { dev, sys: '/nowhere' });
      await until('test picture', () => viewer.state?.condition === 'idle' && viewer.state.test === true);
      assert.deepEqual([viewer.state?.device?.name, viewer.state?.cause], ['Test picture', 'no camera was found']);
      symlinkSync(FAKECAM_PATH, node);
      await until('the camera', () => viewer.state?.condition === 'idle' && viewer.state.device?.path === node);
      assert.deepEqual([viewer.state?.test, viewer.state?.cause, viewer.state?.format?.width], [false, null, 320]);

      process.env.FAKECAM_FAIL = '16';
      process.kill(ffmpegs()[0]?.pid ?? 0, 'SIGKILL');
      await until('device-busy', () => viewer.state?.condition === 'device-busy');
      assert.equal(viewer.state?.test, false);
      rmSync(node);
      await until('test picture again', () => viewer.state?.test === true && viewer.state.condition === 'idle', { ms: 8000 });
    });

    test('device: waits while there is none', async (t) => {
      const bus = await startTestBroker(t);
      const viewer = await lookAt(t, bus);
      const dev = makeWorkDir(t);
      const { FAKECAM_PATH = '' } = await fakecamEnv(t, await webcam());
      await plugIn(t, { ...(await webcam()), path: join(dev, 'video0') });
      await startTestCamera(t, bus, { CAMERA_SOURCE: 'device' }, { dev, sys: '/nowhere' });
      await until('no-device', () => viewer.state?.condition === 'no-device');
      assert.deepEqual(ffmpegs(), []);
      symlinkSync(FAKECAM_PATH, join(dev, 'video0'));
      await until('idle', () => viewer.state?.condition === 'idle', { ms: 5000 });
    });
  });
});

/** A program in ffmpeg's place that sends whole pictures among everything that is none, and at last a part without an end. */
function badSource(t: TestContext, dir: string): Env {
  const script = `
    const { readdirSync, readFileSync, writeSync } = require('node:fs');
    const pictures = readdirSync(${JSON.stringify(dir)}).filter((n) => n.endsWith('.jpg')).map((n) => readFileSync(${JSON.stringify(dir)} + '/' + n));
    const out = (...parts) => { for (const part of parts) for (let b = Buffer.from(part); b.length; ) {
      try { b = b.subarray(writeSync(1, b)); } catch (e) { if (e.code !== 'EAGAIN') process.exit(1); }
    } };
    const head = (length) => out('Content-type: image/jpeg\\r\\nContent-length: ' + length + '\\r\\n\\r\\n');
    const part = (body, length = body.length) => { head(length); out(body, '\\r\\n--ffmpeg\\r\\n'); };
    const noise = (n) => Buffer.from(Array.from({ length: n }, (_, i) => (Math.imul(i + n, 2654435761) >>> 13) & 255));
    const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    out('--ffmpeg\\r\\n');
    part('');
    for (let i = 0; i < 80; i++) {
      const picture = pictures[i % pictures.length];
      part(picture);
      pause(10);
      if (i % 4 === 0) part(noise(20000));
      if (i % 4 === 1) part(picture.subarray(0, 9000));
      if (i % 4 === 2) out(noise(3000), '\\r\\n--ffmpeg\\r\\n');
      if (i % 4 === 3) part(picture, picture.length + 777);
      if (i % 40 === 5) part(Buffer.alloc(50 << 20, 0x55));
    }
    head(999999999999);
    const block = Buffer.alloc(1 << 20, 0x55);
    for (;;) out(block);
  `;
  return { PATH: `${fakeFfmpeg(t, script)}:${process.env.PATH}`, CAMERA_SOURCE: '/dev/null' };
}
