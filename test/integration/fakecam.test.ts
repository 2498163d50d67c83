import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Scope } from '../helpers/cleanup.ts';
import { type Fakecam, fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const small = { width: 320, height: 240, count: 10, bytes: 20_000 };

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
  const [first, last] = [frames[0], frames.at(-1)].map((frame) => readStamp(frame ?? assert.fail()) ?? assert.fail('no stamp'));
  if (!first || !last) return assert.fail('no frames');
  const interval = (last.ms - first.ms) / (last.seq - first.seq);
  assert.ok(interval > 40 && interval < 60, `frames come ${interval.toFixed(1)} ms apart, not 50`);
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

async function smallFiles(): Promise<Buffer[]> {
  const dir = await jpegFrames(small);
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => readFileSync(join(dir, name)));
}

/** What ffmpeg gets from the webcam, frame by frame. */
async function capture(t: Scope, { frames, camera }: { frames: number; camera?: Partial<Fakecam> }): Promise<Buffer[]> {
  const env = await fakecamEnv(t, { dir: await jpegFrames(small), width: small.width, height: small.height, fps: 30, ...camera });
  const args = '-v error -nostdin -probesize 32 -analyzeduration 0 -f v4l2 -input_format mjpeg -i'.split(' ');
  const out = ['-frames:v', String(frames), '-c', 'copy', '-f', 'mpjpeg', 'pipe:1'];
  const options = { env: { ...process.env, ...env }, encoding: 'buffer', maxBuffer: 64 << 20, timeout: 20_000 } as const;
  const { stdout } = await promisify(execFile)('ffmpeg', [...args, env.FAKECAM_PATH ?? '', ...out], options);
  return cut(stdout);
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
