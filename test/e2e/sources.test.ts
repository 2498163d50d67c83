import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { readStamp, stampLength } from '../../services/shared/contract.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames, mjpegFile } from '../helpers/frames.ts';
import { type Part, readMultipart } from '../helpers/http.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const run = promisify(execFile);

interface Running {
  program: Program;
  /** `http://127.0.0.1:{port}/` */
  url: string;
  headers: { Authorization: string };
  mqttPort: number;
  dataDir: string;
}

/** Runs what `npm start` runs and waits for the address it prints. */
async function start(t: TestContext, env: Record<string, string>): Promise<Running> {
  const dataDir = makeWorkDir(t);
  const program = startProgram(t, { env: { ...env, DATA_DIR: dataDir } });
  const [, url = '', token = ''] = await program.outputMatching(/(http:\/\/127\.0\.0\.1:\d+\/)login\?token=(\S+)/);
  const [, mqttPort] = await program.outputMatching(/MQTT: 127\.0\.0\.1:(\d+)/);
  return { program, url, headers: { Authorization: `Bearer ${token}` }, mqttPort: Number(mqttPort), dataDir };
}

async function parts({ url, headers }: Running, count: number): Promise<Part[]> {
  const found: Part[] = [];
  for await (const part of readMultipart(`${url}stream`, { headers })) {
    // Before the source is open there may be a placeholder, which bears no stamp.
    if (readStamp(part.body)) found.push(part);
    if (found.length === count) break;
  }
  return found;
}

/** The JPEG as the camera gave it: without our stamp. */
function unstamped(jpeg: Buffer): string {
  const stamp = readStamp(jpeg);
  assert.ok(stamp, 'the frame bears a stamp');
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(2 + stampLength(stamp.seq))]).toString('base64');
}

async function filesOf(dir: string): Promise<Set<string>> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jpg'));
  return new Set(await Promise.all(names.map(async (name) => (await readFile(join(dir, name))).toString('base64'))));
}

async function camera({ url, headers }: Running) {
  const answer = await fetch(`${url}cameras`, { headers });
  const [first] = await answer.json();
  return first;
}

test('a webcam, MJPEG, 1280x720, 30 fps: its own bytes reach MJPEG viewers, mosquitto_sub and ffmpeg', async (t) => {
  const dir = await jpegFrames({ count: 30 });
  const env = await fakecamEnv(t, { dir, fps: 30 });
  const running = await start(t, { ...env, CAMERA_SOURCE: env.FAKECAM_PATH ?? '' });
  const { program, url, headers, mqttPort, dataDir } = running;

  await t.test('every frame of the stream is one of the camera, none is left out, none comes faster than it is taken', async () => {
    const originals = await filesOf(dir);
    const frames = await parts(running, 90);
    for (const { body } of frames) assert.ok(originals.has(unstamped(body)), 'a frame is not what the camera gave');
    const stamps = frames.map(({ body }) => readStamp(body) ?? { seq: 0, t: 0 });
    for (const [i, stamp] of stamps.entries()) if (i > 0) assert.equal(stamp.seq, (stamps[i - 1]?.seq ?? 0) + 1);
    const seconds = ((stamps.at(-1)?.t ?? 0) - (stamps[0]?.t ?? 0)) / 1e6;
    assert.ok(89 / seconds < 31.5, `${89 / seconds} frames a second`);
  });

  await t.test('the camera says what it is', async () => {
    const { online, condition, test: isTest, size, format, device } = await camera(running);
    assert.deepEqual(
      { online, isTest, size, encoded: format.encoded },
      { online: true, isTest: false, size: { width: 1280, height: 720 }, encoded: false },
    );
    assert.match(condition, /live|idle/);
    assert.equal(device.path, env.FAKECAM_PATH);
  });

  const password = readFileSync(join(dataDir, 'secrets/mqtt-homeassistant'), 'utf8').trim();
  for (const version of ['mqttv311', 'mqttv5']) {
    await t.test(`mosquitto_sub, ${version}, gets frames that ffmpeg decodes`, async () => {
      const login = ['-h', '127.0.0.1', '-p', String(mqttPort), '-u', 'homeassistant', '-P', password, '-V', version];
      const { stdout } = await run('mosquitto_sub', [...login, '-t', 'homeguard/camera/frame', '-C', '10', '-N', '-W', '10'], {
        encoding: 'buffer',
        maxBuffer: 64 << 20,
      });
      assert.equal(await decodedFrames(t, stdout), 10);
    });
  }

  await t.test('curl takes a snapshot', async () => {
    const file = join(makeWorkDir(t), 'snapshot.jpg');
    const { stdout } = await run('curl', [
      '-sS',
      '-o',
      file,
      '-w',
      '%{http_code} %{content_type}',
      '-H',
      `Authorization: ${headers.Authorization}`,
      `${url}snapshot`,
    ]);
    assert.equal(stdout, '200 image/jpeg');
    assert.ok((await filesOf(dir)).has(unstamped(await readFile(file))));
  });

  await t.test('ffmpeg reads the MJPEG stream without a complaint', async () => {
    const auth = ['-headers', `Authorization: ${headers.Authorization}\r\n`];
    const { stderr } = await run('ffmpeg', [
      '-v',
      'warning',
      '-nostdin',
      ...auth,
      '-f',
      'mpjpeg',
      '-i',
      `${url}stream`,
      '-frames:v',
      '30',
      '-f',
      'null',
      '-',
    ]);
    assert.equal(stderr, '');
  });

  await program.stop();
});

test('a video file: looped, its MJPEG copied, every frame its own', async (t) => {
  const file = await mjpegFile({ seconds: 1, fps: 30, width: 640, height: 360, bytes: 30_000 });
  const running = await start(t, { CAMERA_SOURCE: file });
  const originals = await filesOf(await jpegFrames({ count: 30, width: 640, height: 360, bytes: 30_000 }));
  const seen = new Set((await parts(running, 75)).map(({ body }) => unstamped(body)));
  assert.deepEqual(seen, originals);
  await running.program.stop();
});

test('no camera: the test picture, and it says that it is one', async (t) => {
  // A device folder cannot be handed to the program; on a machine with a camera this test would see that camera.
  const running = await start(t, { CAMERA_SOURCE: 'auto' });
  const [frame] = await parts(running, 1);
  assert.equal(await decodedFrames(t, frame?.body ?? Buffer.alloc(0)), 1);
  const { test: isTest, cause, advice, name } = await camera(running);
  assert.equal(isTest, true);
  assert.equal(name, 'Test picture');
  assert.match(cause, /no camera/);
  assert.match(advice, /Plug in/);
  assert.match(running.program.output, /test picture/);
  await running.program.stop();
});

/** How many JPEGs ffmpeg finds in these bytes; fails when it complains about one. */
async function decodedFrames(t: TestContext, jpegs: Buffer): Promise<number> {
  const file = join(makeWorkDir(t), 'frames.mjpeg');
  await writeFile(file, jpegs);
  const { stdout, stderr } = await run('ffmpeg', ['-v', 'warning', '-nostdin', '-f', 'mjpeg', '-i', file, '-f', 'framemd5', '-']);
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line && !line.startsWith('#')).length;
}
