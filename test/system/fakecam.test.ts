import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { type Fakecam, fakecamEnv, makeNode, sizedFrames } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const small = { width: 320, height: 240, count: 10, bytes: 20_000 };
const rates = '30.000 fps 15.000 fps 10.000 fps 5.000 fps';
const controls = [
  ...['brightness', 'contrast', 'saturation', 'white_balance_automatic', 'gain', 'power_line_frequency', 'white_balance_temperature'],
  ...['sharpness', 'backlight_compensation', 'auto_exposure', 'exposure_time_absolute', 'exposure_dynamic_framerate', 'pan_absolute'],
  ...['focus_absolute', 'focus_automatic_continuous', 'zoom_absolute'],
];

// A reader that is late, on a busy machine, misses frames, as it does with a real camera: so frames are known by their stamps, not by counting.

test('the frames that ffmpeg copies from the webcam are the files in their order, byte for byte', async (t) => {
  const files = await smallFiles();
  const frames = await capture(t, { frames: 12 });
  assert.equal(frames.length, 12);
  const order = frames.map((frame) => files.findIndex((file) => file.equals(frame)));
  assert.ok(!order.includes(-1), `frames ${order} are files`);
  assert.ok(
    order.every((file, i) => file !== order[i - 1]),
    `none comes twice: ${order}`,
  );
  const rounds = order.filter((file, i) => file < (order[i - 1] ?? 0)).length;
  assert.ok(rounds >= 1 && rounds < 12 / 2, `round and round: ${order}`);
});

test('with short: 3 each third frame is cut to half, the others are whole', async (t) => {
  const files = await smallFiles();
  const frames = await capture(t, { frames: 9, camera: { stamp: true, short: 3 } });
  const cut = frames.filter((frame) => {
    const { seq, head, rest } = readStamp(frame) ?? assert.fail('no stamp');
    const whole = Buffer.concat([head, files[seq % files.length]?.subarray(2) ?? assert.fail()]);
    const expected = (seq + 1) % 3 === 0 ? whole.subarray(0, whole.length >> 1) : whole;
    assert.ok(expected.equals(Buffer.concat([head, rest])), `frame ${seq} has ${frame.length} bytes, not ${expected.length}, or others`);
    return expected !== whole;
  });
  assert.ok(cut.length > 0, 'some frames were cut');
});

test('with noise: 4 each fourth frame is noise of the same length, the others are whole', async (t) => {
  const files = await smallFiles();
  const frames = await capture(t, { frames: 12, camera: { stamp: true, noise: 4 } });
  const noise = frames.filter((frame) => {
    const stamp = readStamp(frame);
    if (!stamp) return true;
    assert.notEqual((stamp.seq + 1) % 4, 0);
    assert.ok(files[stamp.seq % files.length]?.subarray(2).equals(stamp.rest));
    return false;
  });
  assert.ok(noise.length > 0, 'some frames are noise');
  for (const frame of noise) {
    assert.ok(new Set(frame).size > 250, 'noise has nearly all byte values');
    assert.ok(
      files.some((file) => frame.length > file.length && frame.length < file.length + 64),
      'noise is as long as a stamped file',
    );
  }
});

test('with stamp each frame carries its number and time, and is the file but for that', async (t) => {
  const files = await smallFiles();
  const start = Date.now();
  const frames = await capture(t, { frames: 5, camera: { stamp: true } });
  let last = -1;
  for (const frame of frames) {
    const { seq, ms, rest } = readStamp(frame) ?? assert.fail('no stamp');
    assert.ok(seq > last, `${seq} after ${last}`);
    last = seq;
    assert.ok(ms >= start && ms <= Date.now(), `taken at ${ms}`);
    assert.ok(files[seq % files.length]?.subarray(2).equals(rest));
  }
});

test('the frames come at the wanted rate', async (t) => {
  const frames = await capture(t, { frames: 31, camera: { fps: 20, stamp: true } });
  assertInterval(frames, 50);
});

test('an unplugged camera ends ffmpeg, a refused one says why', async (t) => {
  const gone = join(makeWorkDir(t), 'gone');
  writeFileSync(gone, '');
  await assert.rejects(capture(t, { frames: 1, camera: { gone } }), /No such file or directory/);
  await assert.rejects(capture(t, { frames: 1, camera: { fail: 13 } }), /Permission denied/);
  await assert.rejects(capture(t, { frames: 1, camera: { fail: 16 } }), /Device or resource busy/);
});

test('the device is a character device outside of /dev', async (t) => {
  const { FAKECAM_PATH: path = '' } = await fakecamEnv(t, { dir: await jpegFrames(small) });
  assert.ok(statSync(path).isCharacterDevice());
  assert.ok(!path.startsWith('/dev/'), path);
});

test('a node program that passes the webcam on to ffmpeg is not disturbed by it', async (t) => {
  const env = await fakecamEnv(t, { dir: await jpegFrames(small) });
  const code = `const fs = require('node:fs'); console.log(fs.readFileSync('${import.meta.filename}').length, fs.readdirSync('/dev').includes('null'))`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', code], { env: { ...process.env, ...env } });
  assert.equal(stdout, `${statSync(import.meta.filename).size} true\n`);
  assert.equal(stderr, '');
});

describe('what v4l2-ctl and ffmpeg see of a richer one', { concurrency: 4 }, () => {
  test('v4l2-ctl prints name, place, formats, sizes, rates and the controls of a C922, also through a link', async (t) => {
    const c922: Fakecam = { name: 'C922', bus: 'usb-1-2', yuyv: true, sizes: ['1280x720', '640x480'], rates: [30, 15, 10, 5] };
    const { env, node } = await webcam(t, { ...c922, state: makeWorkDir(t) });
    const link = join(dirname(node), 'v4l/by-id/usb-C922');
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync('../../video0', link);
    const said = await v4l2({ env, node: link }, '--info', '--list-formats-ext', '--list-ctrls-menus');
    assert.match(said, /Card type +: C922\n[\s\S]*Bus info +: usb-1-2\n/);
    assert.deepEqual(
      said.match(/'(?:YUYV|MJPG)'|\d{3,}x\d+|\d+\.\d+ fps/g)?.join(' '),
      ["'YUYV'", "'MJPG'"].map((pixel) => `${pixel} ${['1280x720', '640x480'].map((size) => `${size} ${rates}`).join(' ')}`).join(' '),
    );
    assert.deepEqual(
      said.match(/^ +\w+(?= 0x\w+ \()/gm)?.map((name) => name.trim()),
      controls,
    );
    assert.match(
      said,
      /auto_exposure .*min=0 max=3 default=3 value=3 \(Aperture Priority Mode\)\n\s+1: Manual Mode\n\s+3: Aperture Priority Mode\n/,
    );
    assert.match(said, /pan_absolute .*min=-36000 max=36000 step=3600 default=0 value=0\n/);
    assert.match(said, /power_line_frequency .*\n\s+0: Disabled\n\s+1: 50 Hz\n\s+2: 60 Hz\n/);
    assert.deepEqual(
      said.match(/\w+(?= .*flags=inactive)/g)?.filter((word) => controls.includes(word)),
      ['white_balance_temperature', 'exposure_time_absolute', 'focus_absolute'],
    );
    assert.equal(await v4l2({ env: { ...env, FAKECAM_STATE: '' }, node }, '--list-ctrls'), '', 'without state there are none');
  });

  test('values of controls stay, until the camera was without power; what is inactive or out of range is refused', async (t) => {
    const state = makeWorkDir(t);
    const camera = await webcam(t, { state });
    const get = (names: string) => v4l2(camera, '-C', names);
    await v4l2(camera, '-c', 'brightness=200,power_line_frequency=1,zoom_absolute=150');
    assert.equal(
      await get('brightness,power_line_frequency,zoom_absolute'),
      'brightness: 200\npower_line_frequency: 1\nzoom_absolute: 150\n',
    );
    await Promise.all([
      assert.rejects(v4l2(camera, '-c', 'brightness=256'), /brightness: Numerical result out of range/),
      assert.rejects(v4l2(camera, '-c', 'auto_exposure=5'), /Numerical result out of range/),
      assert.rejects(v4l2(camera, '-c', 'auto_exposure=2'), /Invalid argument/),
      assert.rejects(v4l2(camera, '-c', 'white_balance_temperature=3000'), /white_balance_temperature: Permission denied/),
      assert.rejects(v4l2(camera, '-c', 'focus_absolute=100'), /Permission denied/),
      assert.rejects(v4l2(camera, '-c', 'zoom_absolute=200,focus_absolute=100'), /Permission denied/),
    ]);
    await v4l2(camera, '-c', 'focus_automatic_continuous=0,focus_absolute=103');
    assert.equal(
      await get('focus_absolute,zoom_absolute'),
      'focus_absolute: 105\nzoom_absolute: 150\n',
      'at the nearest step; none of a list with a wrong one',
    );
    assert.match(readFileSync(join(state, 'state'), 'utf8'), /^brightness=200\npower_line_frequency=1\n/);
    rmSync(join(state, 'state'));
    assert.equal(
      await get('brightness,power_line_frequency,focus_absolute'),
      'brightness: 128\npower_line_frequency: 2\nfocus_absolute: 0\n',
    );
  });

  test('the nearest of its sizes and rates is taken, told, kept for the next process, and streamed', async (t) => {
    const sizes = ['640x480', '320x240'];
    const dir = await sizedFrames(t, sizes);
    const camera = await webcam(t, { dir, sizes, rates: [30, 15, 10, 5], state: makeWorkDir(t), stamp: true });
    assert.match(await v4l2(camera, '--get-fmt-video', '--get-parm'), /640\/480[\s\S]*30\.000/);
    await v4l2(camera, '--set-fmt-video=width=300,height=300,pixelformat=MJPG');
    await v4l2(camera, '--set-parm=11');
    assert.match(await v4l2(camera, '--get-fmt-video', '--get-parm'), /320\/240[\s\S]*10\.000/);
    const frames = await read(camera, 5, ['-video_size', '600x400', '-framerate', '14']);
    for (const frame of frames) assert.deepEqual(jpegSize(frame), { width: 640, height: 480 });
    const files = readdirSync(join(dir, '640x480')).map((name) => readFileSync(join(dir, '640x480', name)).subarray(2));
    assert.ok(frames.every((frame) => files.some((file) => file.equals(readStamp(frame)?.rest ?? assert.fail('no stamp')))));
    assertInterval(frames, 1000 / 15);
  });

  test('YUYV moves, in whole pictures; only: there is nothing else', async (t) => {
    const camera = await webcam(t, { yuyv: 'only', dir: undefined });
    const picture = 320 * 240 * 2;
    const [bytes, said] = await Promise.all([
      ffmpeg(camera, ['-input_format', 'yuyv422'], ['-frames:v', '2', '-c', 'copy', '-f', 'rawvideo', 'pipe:1']),
      v4l2(camera, '--list-formats'),
    ]);
    assert.equal(bytes.length, 2 * picture);
    assert.ok(!bytes.subarray(0, picture).equals(bytes.subarray(picture)), 'it does not move');
    assert.deepEqual(said.match(/'....'/g), ["'YUYV'"]);
  });

  test('one has the buffers: others may ask and set controls, but neither stream nor change the format, until it dies', async (t) => {
    const camera = await webcam(t, { state: makeWorkDir(t) });
    const first = await stream(t, camera);
    await v4l2(camera, '-c', 'gain=7');
    await Promise.all([
      assert.rejects(read(camera, 1), /Device or resource busy/),
      assert.rejects(v4l2(camera, '--set-fmt-video=width=320,height=240'), /VIDIOC_S_FMT: failed: Device or resource busy/),
      v4l2(camera, '--list-formats-ext', '-C', 'gain').then((said) => assert.match(said, /gain: 7[\s\S]*MJPG/)),
    ]);
    await end(first);
    assert.equal((await read(camera, 1)).length, 1);
  });

  test('the node is opened for real: by whom may not, in vain; by who may, to be seen in /proc', async (t) => {
    const dir = makeWorkDir(t);
    const isRoot = process.getuid?.() === 0;
    const closed = join(dir, 'video7');
    if (isRoot) makeNode(dir, { name: 'video7', mode: 0o600 });
    else writeFileSync(closed, '', { mode: 0 });
    const asNobody = isRoot ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : [];
    await assert.rejects(read(await webcam(t, { path: closed }), 1, [], asNobody), /Permission denied/);
    await assert.rejects(read(await webcam(t, { path: join(dir, 'video8') }), 1), /No such file or directory/);
    const camera = await webcam(t, {});
    const { pid } = await stream(t, camera);
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    assert.ok(open.includes(realpathSync(camera.node)), open.join());
  });

  test('when its node vanishes, or another one takes its place, it is unplugged; it may come back under another number', async (t) => {
    const dir = makeWorkDir(t);
    const { env } = await webcam(t, { path: join(dir, 'video*') });
    const plugged = { env, node: makeNode(dir) };
    const first = await stream(t, plugged);
    renameSync(makeNode(dir, { name: 'video1' }), plugged.node);
    await until('end of the first', () => first.exitCode !== null, { ms: 2000 });
    const second = await stream(t, plugged);
    rmSync(plugged.node);
    await until('end of the second', () => second.exitCode !== null, { ms: 2000 });
    await assert.rejects(v4l2(plugged, '--info'), /Cannot open device/);
    assert.equal((await read({ env, node: makeNode(dir, { name: 'video2' }) }, 1)).length, 1);
  });

  test('in the dark the rate is half, if the control allows it', async (t) => {
    const dark = join(makeWorkDir(t), 'dark');
    writeFileSync(dark, '');
    const intervals = { 0: 50, 1: 100 };
    const looks = Object.entries(intervals).map(async ([allowed, interval]) => {
      const state = makeWorkDir(t);
      writeFileSync(join(state, 'state'), `exposure_dynamic_framerate=${allowed}\n`);
      assertInterval(await read(await webcam(t, { dark, state, fps: 20, stamp: true }), 8), interval);
    });
    await Promise.all(looks);
  });

  test('ffmpeg says of full buses, busy and metadata nodes what it says of real ones, and passes on frames without a byte', async (t) => {
    const busy = join(makeWorkDir(t), 'busy');
    writeFileSync(busy, '');
    const second = makeNode(makeWorkDir(t), { name: 'video1' });
    const metadata = { ...(await webcam(t, { meta: second })), node: second };
    const [sizes, said] = await Promise.all([
      read(await webcam(t, { empty: 3 }), 5).then((frames) => frames.map(({ length }) => length)),
      v4l2(metadata, '--info'),
      assert.rejects(
        webcam(t, { streamon: 28 }).then((camera) => read(camera, 1)),
        /VIDIOC_STREAMON\): No space left on device/,
      ),
      assert.rejects(
        webcam(t, { busy }).then((camera) => read(camera, 1)),
        /Device or resource busy/,
      ),
      assert.rejects(read(metadata, 1), /VIDIOC_G_INPUT\): Inappropriate ioctl for device/),
    ]);
    assert.match(said, /Device Caps[\s\S]*Metadata Capture/);
    assert.doesNotMatch(said.slice(said.indexOf('Device Caps')), /Video Capture/);
    // On a busy machine ffmpeg begins late, and one or two of the three have passed by.
    const empty = sizes.findIndex((size) => size > 0);
    assert.ok(empty >= 1 && empty <= 3, String(sizes));
    assert.ok(
      sizes.slice(empty).every((size) => size > 10_000),
      String(sizes),
    );
  });
});

async function smallFiles(): Promise<Buffer[]> {
  const dir = await jpegFrames(small);
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => readFileSync(join(dir, name)));
}

interface Webcam {
  env: Record<string, string>;
  /** What is opened. */
  node: string;
}

/** A small one. */
async function webcam(t: Scope, camera: Fakecam): Promise<Webcam> {
  const env = await fakecamEnv(t, { dir: await jpegFrames(small), width: small.width, height: small.height, fps: 30, ...camera });
  return { env, node: env.FAKECAM_PATH ?? '' };
}

/** What ffmpeg gets from the webcam, frame by frame. */
async function capture(t: Scope, { frames, camera }: { frames: number; camera?: Fakecam }): Promise<Buffer[]> {
  return read(await webcam(t, camera ?? {}), frames);
}

const begin = '-v error -nostdin -probesize 32 -analyzeduration 0 -f v4l2'.split(' ');

async function read(camera: Webcam, frames: number, input: string[] = [], before: string[] = []): Promise<Buffer[]> {
  const output = ['-frames:v', String(frames), '-c', 'copy', '-f', 'mpjpeg', 'pipe:1'];
  return cut(await ffmpeg(camera, ['-input_format', 'mjpeg', ...input], output, before));
}

async function ffmpeg({ env, node }: Webcam, input: string[], output: string[], before: string[] = []): Promise<Buffer> {
  const options = { env: { ...process.env, ...env }, encoding: 'buffer', maxBuffer: 64 << 20, timeout: 20_000 } as const;
  const [command = '', ...args] = [...before, 'ffmpeg', ...begin, ...input, '-i', node, ...output];
  return (await promisify(execFile)(command, args, options)).stdout;
}

/** An ffmpeg that has its first frame, and goes on. */
async function stream(t: Scope, { env, node }: Webcam): Promise<ChildProcess> {
  const args = [...begin, '-input_format', 'mjpeg', '-i', node, '-c', 'copy', '-f', 'mpjpeg', 'pipe:1'];
  const child = spawn('ffmpeg', args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
  defer(t, () => end(child));
  await untilEvent(child.stdout, 'data');
  child.stdout.resume();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await until('end of ffmpeg', () => child.exitCode !== null || child.signalCode !== null);
}

/** What v4l2-ctl prints; fails with that and what it complains of, of which some is on stdout. */
async function v4l2({ env, node }: Webcam, ...args: string[]): Promise<string> {
  const options = { env: { ...process.env, ...env }, timeout: 20_000 };
  const run = promisify(execFile)('v4l2-ctl', ['-d', node, ...args], options);
  const { stdout } = await run.catch(({ message, stdout = '' }) => Promise.reject(new Error(message + stdout)));
  return stdout;
}

/** Asserts that stamped frames come so many ms apart, but for a fifth. */
function assertInterval(frames: Buffer[], expected: number): void {
  const [first, last] = [frames[0], frames.at(-1)].map((frame) => readStamp(frame ?? assert.fail()) ?? assert.fail('no stamp'));
  assert.ok(first && last, 'no frames');
  const interval = (last.ms - first.ms) / (last.seq - first.seq);
  assert.ok(Math.abs(interval - expected) < expected / 5, `frames come ${interval.toFixed(1)} ms apart, not ${expected.toFixed(1)}`);
}

interface Stamped {
  seq: number;
  /** When it was taken, ms since 1970. */
  ms: number;
  /** SOI and the stamp's segment. */
  head: Buffer;
  rest: Buffer;
}

function readStamp(frame: Buffer): Stamped | undefined {
  const end = 4 + frame.readUInt16BE(4);
  const [, seq, ns] = /^fakecam (\d+) (\d+)$/.exec(frame.toString('latin1', 6, end)) ?? [];
  return ns ? { seq: Number(seq), ms: Number(ns) / 1e6, head: frame.subarray(0, end), rest: frame.subarray(end) } : undefined;
}

function cut(stream: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; ; ) {
    const body = stream.indexOf('\r\n\r\n', at) + 4;
    const length = /Content-length: (\d+)/i.exec(stream.toString('latin1', at, body))?.[1];
    if (length === undefined) return frames;
    at = body + Number(length);
    frames.push(stream.subarray(body, at));
  }
}
