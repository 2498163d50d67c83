import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Telemetry } from '../../services/shared/contract.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';
import { measured } from './measured.ts';
import { ffmpegs, watchCamera } from './station.ts';
import { type Picture, withoutStamp } from './viewer.ts';
import { STAMPED, webcam } from './webcam.ts';

const originals = readFolder('/lab/frames/640x480');
const HUFFMAN_TABLES = Buffer.from([0xff, 0xc4]);
const START_OF_SCAN = Buffer.from([0xff, 0xda]);

test('frames are the webcam’s own bytes, in order, few lost on this emulated processor', async (t) => {
  const { viewer } = await watchCamera(t);
  const pictures = (await viewer.picturesAfter(performance.now(), 150, 15_000)).slice(0, 150);
  const shots = pictures.map(readShot);
  for (const { seq, bytes } of shots) assert.ok(originals[seq % originals.length]?.equals(bytes), `frame ${seq}`);
  const seqs = shots.map(({ seq }) => seq);
  assert.ok(
    seqs.every((seq, i) => i === 0 || seq > (seqs[i - 1] ?? seq)),
    seqs.join(),
  );
  // Where a moment is busy the newest frame wins.
  const lost = (seqs.at(-1) ?? 0) - (seqs[0] ?? 0) + 1 - seqs.length;
  t.diagnostic(`${lost} of ${seqs.length + lost} frames lost`);
  assert.ok(lost <= seqs.length / 5, `${lost} lost`);
  const ages = shots.map(({ age }) => age).sort((a, b) => a - b);
  measured(t, 'webcam to viewer, median', ages[75] ?? 0);
  measured(t, 'webcam to viewer, longest', ages.at(-1) ?? 0);
});

test('silent: no-frames within 5 s, ffmpeg is ended and the device opened again', async (t) => {
  const { program, viewer } = await watchCamera(t);
  const before = ffmpegs(program);
  assert.equal(before.length, 1);
  const hung = await webcam.hang(t);
  const { at, state } = await viewer.condition('no-frames', hung, 15_000);
  assert.ok(state.cause && state.advice);
  // A few frames may have been under way.
  measured(t, 'silence to no-frames', at - lastBefore(viewer.pictures, at), 5000);
  await until('another ffmpeg', () => ffmpegs(program).some((pid) => !before.includes(pid)), { ms: 15_000 });
  await webcam.resume();
  const resumed = performance.now();
  const picture = await viewer.picture(resumed, 20_000);
  measured(t, 'end of silence to picture', picture.at - resumed, 10_000);
  const after = ffmpegs(program);
  assert.equal(after.length, 1);
  assert.ok(!before.includes(after[0] ?? 0), 'the old one has ended');
});

test('cut frames are never published, and counted in telemetry', async (t) => {
  const { viewer } = await watchCamera(t, [...STAMPED, '-t', '10']);
  const began = performance.now();
  const telling = await until('telemetry', () => viewer.on('telemetry').find(({ at }) => at > began + 5000), { ms: 40_000 });
  const shots = viewer.pictures.filter(({ at }) => at > began).map(readShot);
  for (const { seq, bytes } of shots) assert.ok(originals[seq % originals.length]?.equals(bytes), `frame ${seq}`);
  assert.ok(shots.length > 100, `${shots.length} frames`);
  const { corrupt } = JSON.parse(telling.payload.toString()) as Telemetry;
  t.diagnostic(`${shots.length} whole frames published, ${corrupt} counted as corrupt`);
  assert.ok(corrupt > (shots.length / 9) * 0.8, `${corrupt} corrupt beside ${shots.length} whole ones`);
});

test('no Huffman tables: published frames have them, and decode', async (t) => {
  const { viewer } = await watchCamera(t, [...STAMPED, '-H']);
  const pictures = (await viewer.picturesAfter(performance.now(), 10, 10_000)).slice(0, 10);
  for (const picture of pictures) {
    const { seq, bytes } = readShot(picture);
    const scan = bytes.indexOf(START_OF_SCAN);
    assert.ok(bytes.subarray(0, scan).includes(HUFFMAN_TABLES), `tables in frame ${seq}`);
    const original = originals[seq % originals.length] ?? Buffer.alloc(0);
    assert.ok(bytes.subarray(scan).equals(original.subarray(original.indexOf(START_OF_SCAN))), `scan of frame ${seq}`);
  }
  const file = join(makeWorkDir(t), 'frames.mjpeg');
  writeFileSync(file, Buffer.concat(pictures.map(({ jpeg }) => jpeg)));
  const decode = ['-nostdin', '-v', 'error', '-xerror', '-f', 'mjpeg', '-i', file, '-f', 'null', '-'];
  const { stderr } = await promisify(execFile)('ffmpeg', decode, { timeout: 20_000 });
  assert.equal(stderr, '');
});

interface Shot {
  /** The webcam's own number of the frame. */
  seq: number;
  /** From the webcam to the viewer, in ms. */
  age: number;
  /** As the webcam's picture was, before it put its own stamp in. */
  bytes: Buffer;
}

function readShot(picture: Picture): Shot {
  const jpeg = withoutStamp(picture);
  const end = 4 + jpeg.readUInt16BE(4);
  const [, seq, ns] = /^fakecam (\d+) (\d+)$/.exec(jpeg.toString('latin1', 6, end)) ?? [];
  assert.ok(seq && ns, 'a frame without the webcam’s stamp');
  const age = picture.wall - Number(BigInt(ns) / 1000n) / 1000;
  return { seq: Number(seq), age, bytes: Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(end)]) };
}

function lastBefore(pictures: Picture[], at: number): number {
  return pictures.findLast((picture) => picture.at < at)?.at ?? 0;
}

function readFolder(dir: string): Buffer[] {
  const names = readdirSync(dir).sort();
  return names.map((name) => readFileSync(join(dir, name)));
}
