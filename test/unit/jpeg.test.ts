import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { findJpegEnd, readJpegHead } from '../../services/shared/jpeg.ts';
import { jpegFrames } from '../helpers/frames.ts';

let picture: Buffer = Buffer.alloc(0);
before(async () => {
  picture = readFileSync(join(await jpegFrames({ width: 320, height: 240, count: 10, bytes: 20_000 }), '0001.jpg'));
});

const segment = (marker: number, ...bytes: number[]) => [0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 0xff, ...bytes];
const sof = (marker = 0xc0, height = [0, 240], width = [1, 64]) => segment(marker, 8, ...height, ...width, 1, 1, 0x11, 0);
const sos = segment(0xda, 1, 1, 0, 0, 63, 0);
const jpeg = (...parts: number[][]) => Buffer.from([0xff, 0xd8, ...parts.flat(), 1, 2, 3, 0xff, 0xd9]);

test('size, tables and scan are found, whatever stands before them', () => {
  const head = readJpegHead(picture);
  assert.deepEqual([head?.width, head?.height, head?.hasTables], [320, 240, true]);
  assert.equal(picture.readUInt16BE(head?.sos ?? 0), 0xffda);
  assert.equal(findJpegEnd(picture, head?.sos ?? 0), picture.length);
  const odd = jpeg(segment(0xfe, 0x20), [0xff, 0xff], segment(0xe1, ...Array(300).fill(0xff)), sof(), sos);
  const at = odd.length - 5 - sos.length;
  assert.deepEqual(readJpegHead(odd), { width: 320, height: 240, sof: at - sof().length, sos: at, hasTables: false });
});

test('what is no picture has no head', () => {
  const cases: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'SOI alone': Buffer.from([0xff, 0xd8]),
    'no SOI': Buffer.from([0xff, 0xd9, ...sof(), ...sos]),
    'no frame header': jpeg(sos),
    'no scan': jpeg(sof()),
    'width 0': jpeg(sof(0xc0, [0, 240], [0, 0]), sos),
    'height 0': jpeg(sof(0xc0, [0, 0]), sos),
    lossless: jpeg(sof(0xc3), sos),
    arithmetic: jpeg(sof(0xc9), sos),
    'short frame header': jpeg(segment(0xc0, 8, 0, 240), sos),
    'segment beyond the end': jpeg(sof(), [0xff, 0xfe, 0x40, 0]),
    'segment of length 1': jpeg([0xff, 0xfe, 0, 1], sof(), sos),
    'a second SOI': jpeg([0xff, 0xd8], sof(), sos),
    'no marker': jpeg([0x12, 0x34, 0, 4, 0, 0], sof(), sos),
    'segments without end': jpeg(...Array(600).fill(segment(0xfe)), sof(), sos),
  };
  for (const [what, bytes] of Object.entries(cases)) assert.equal(readJpegHead(bytes), null, what);
});

test('any bytes are read without a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(600), (noise, at) => {
      const bytes = Buffer.from(picture.subarray(0, 700));
      bytes.set(noise.subarray(0, 700 - at > 0 ? 700 - at : 0), Math.min(at, 700));
      const head = readJpegHead(bytes);
      if (head) assert.ok(head.width > 0 && head.height > 0 && head.sos < bytes.length);
    }),
  );
});
