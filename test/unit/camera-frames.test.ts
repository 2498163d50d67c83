import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { type Corruption, FrameCutter } from '../../services/camera/frames.ts';
import { STANDARD_TABLES } from '../../services/camera/huffman.ts';
import { readStamp, stampLength } from '../../services/shared/contract.ts';
import { readJpegHead } from '../../services/shared/jpeg.ts';
import { jpegFrames } from '../helpers/frames.ts';

let pictures: Buffer[] = [];
let picture: Buffer = Buffer.alloc(0);
before(async () => {
  const dir = await jpegFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });
  pictures = readdirSync(dir)
    .sort()
    .map((name) => readFileSync(join(dir, name)));
  picture = pictures[0] ?? picture;
});
const maxBytes = 100_000;

interface Seen {
  frames: Buffer[];
  skipped: number[];
  corrupt: Corruption[];
}

/** What the cutter makes of these chunks; the chunks are overwritten once they were fed, as the read buffer is. */
function cut(chunks: Buffer[], wanted = () => true): Seen {
  const seen: Seen = { frames: [], skipped: [], corrupt: [] };
  const cutter = new FrameCutter(
    {
      wanted,
      whole: (frame) => seen.frames.push(frame.stamped({ seq: seen.frames.length, t: 1_000_000 })),
      skipped: (bytes) => seen.skipped.push(bytes),
      corrupt: (reason) => seen.corrupt.push(reason),
    },
    maxBytes,
  );
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk);
    cutter.feed(lent);
    lent.fill(0xaa);
  }
  return seen;
}

/** As ffmpeg's mpjpeg muxer writes it: the boundary first, and behind each part at once the next one. */
function mpjpeg(bodies: Buffer[], announced = (body: Buffer) => body.length): Buffer {
  const parts = bodies.map((body) =>
    Buffer.concat([
      Buffer.from(`Content-type: image/jpeg\r\nContent-length: ${announced(body)}\r\n\r\n`),
      body,
      Buffer.from('\r\n--ffmpeg\r\n'),
    ]),
  );
  return Buffer.concat([Buffer.from('--ffmpeg\r\n'), ...parts]);
}

function split(stream: Buffer, cuts: number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % stream.length).sort((a, b) => a - b), stream.length];
  return places.slice(1).map((end, i) => stream.subarray(places[i], end));
}

/** The camera's bytes out of a stamped frame. */
function unstamped(jpeg: Buffer): Buffer {
  const stamp = readStamp(jpeg);
  assert.ok(stamp, 'no stamp');
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(2 + stampLength(stamp.seq))]);
}

function assertSame(frames: Buffer[], expected: Buffer[]): void {
  assert.equal(frames.length, expected.length);
  frames.forEach((frame, i) => {
    assert.ok(unstamped(frame).equals(expected[i] ?? Buffer.alloc(0)), `frame ${i} differs`);
    assert.equal(readStamp(frame)?.seq, i);
  });
}

test('any chunking gives the same frames, byte for byte but for the stamp', () => {
  const stream = mpjpeg(pictures.slice(0, 3));
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 200 }), (cuts) => {
      const seen = cut(split(stream, cuts));
      assertSame(seen.frames, pictures.slice(0, 3));
      assert.deepEqual(seen.corrupt, []);
    }),
    { numRuns: 100 },
  );
  assertSame(cut(Array.from(stream, (byte) => Buffer.from([byte]))).frames, pictures.slice(0, 3));
});

test('a frame is there with its last byte, not with the next one', () => {
  const stream = mpjpeg([picture]);
  const end = stream.indexOf('\r\n\r\n') + 4 + picture.length;
  assert.equal(cut([stream.subarray(0, end - 1)]).frames.length, 0);
  assert.equal(cut([stream.subarray(0, end)]).frames.length, 1);
});

test('frames that are not wanted are told by their length only', () => {
  let asked = 0;
  const seen = cut(split(mpjpeg(pictures), [7, 5000, 90_000]), () => asked++ % 3 === 0);
  assert.equal(asked, pictures.length);
  assertSame(
    seen.frames,
    pictures.filter((_, i) => i % 3 === 0),
  );
  assert.deepEqual(
    seen.skipped,
    pictures.filter((_, i) => i % 3 !== 0).map((body) => body.length),
  );
});

test('noise is never a frame, and memory stays bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 }), (noise) => {
      assert.deepEqual(cut(noise.map((bytes) => Buffer.from(bytes))).frames, []);
    }),
  );
});

test('noise where a picture belongs is corrupt, and the next picture comes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 125, maxLength: 20_000 }), fc.nat(), (noise, at) => {
      const body = Buffer.from(noise);
      fc.pre(!body.includes('--ffmpeg'));
      const seen = cut(split(mpjpeg([picture, body, picture]), [at]));
      assertSame(seen.frames, [picture, picture]);
      assert.deepEqual(seen.corrupt, ['no picture']);
    }),
  );
});

test('garbage between parts, even pieces of a boundary, costs no whole frame', () => {
  const piece = fc.constantFrom(
    '--ffmpeg',
    '--ffm',
    '\r\n',
    '--ffmpeg\r\n',
    '\r\n\r\n',
    'Content-length: 5\r\n',
    'Content-length: -1\r\n\r\n',
    '-',
  );
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 30 }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, cuts) => {
      // Behind the garbage the stream goes on with a boundary of its own.
      const garbage = Buffer.from(`${pieces.join('')}??\r\n`);
      const stream = Buffer.concat([mpjpeg([picture]), garbage, mpjpeg([picture, picture])]);
      const seen = cut(split(stream, cuts));
      assertSame(seen.frames, [picture, picture, picture]);
      assert.ok(seen.corrupt.length > 0);
    }),
    { numRuns: 500 },
  );
});

test('a length that lies costs that frame only', () => {
  for (const lie of [-500, 500, 5000]) {
    const bodies = [picture, Buffer.from(picture), picture, picture, picture];
    const seen = cut([mpjpeg(bodies, (body) => body.length + (body === bodies[1] ? lie : 0))]);
    assert.ok(seen.frames.length >= 3, `${lie}: ${seen.frames.length} frames`);
    for (const frame of seen.frames) assert.ok(unstamped(frame).equals(picture), String(lie));
    assert.ok(seen.corrupt.length > 0, String(lie));
  }
});

test('what is too long, empty, or without a length is passed over up to the next boundary', () => {
  const huge = Buffer.alloc(5 * maxBytes, 0x55);
  const cases: [Corruption, Buffer][] = [
    ['too large', mpjpeg([huge])],
    ['too large', mpjpeg([picture], () => 999_999_999_999)],
    ['empty', mpjpeg([Buffer.alloc(0)])],
    ['empty', mpjpeg([Buffer.alloc(124, 0xff)])],
    ['no part head', Buffer.from(mpjpeg([picture]).toString('latin1').replace('Content-length', 'Content-width'), 'latin1')],
    ['no part head', Buffer.concat([Buffer.from('--ffmpeg\r\n'), Buffer.alloc(3000, 0x41)])],
  ];
  for (const [reason, stream] of cases) {
    for (const size of [64, 4096, 1 << 20]) {
      const whole = Buffer.concat([stream, mpjpeg([picture])]);
      const chunks = split(
        whole,
        Array.from({ length: Math.floor(whole.length / size) }, (_, i) => i * size),
      );
      const seen = cut(chunks);
      assert.equal(seen.corrupt[0], reason);
      assert.equal(seen.frames.length, 1, `${reason}, in pieces of ${size} bytes`);
      assertSame(seen.frames, [picture]);
    }
  }
});

test('the boundary that ends the garbage is found wherever it is cut', () => {
  const stream = mpjpeg([Buffer.alloc(2 * maxBytes, 0x2d), picture]);
  const boundary = stream.indexOf('\r\n--ffmpeg\r\n');
  for (let at = boundary - 2; at < boundary + 14; at++) {
    for (const next of [1, 2, 5, 100]) assertSame(cut(split(stream, [at, at + next])).frames, [picture]);
  }
});

test('cut frames are corrupt wherever they were cut, also when they are filled up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 130, max: picture.length - 2 }), fc.boolean(), (length, filled) => {
      const body = filled
        ? Buffer.concat([picture.subarray(0, length), Buffer.alloc(picture.length - length)])
        : picture.subarray(0, length);
      const seen = cut([mpjpeg([body, picture])]);
      assertSame(seen.frames, [picture]);
      assert.equal(seen.corrupt.length, 1);
    }),
  );
});

test('padding behind EOI is cut off, anything else behind it is corrupt', () => {
  for (const padding of [Buffer.alloc(1), Buffer.alloc(5000), Buffer.alloc(16, 0xff), Buffer.from([0, 0xff, 0, 0])]) {
    assertSame(cut([mpjpeg([Buffer.concat([picture, padding])])]).frames, [picture]);
  }
  assert.deepEqual(cut([mpjpeg([Buffer.concat([picture, Buffer.from('rest of another frame')])])]).corrupt, ['cut off']);
});

test('where Huffman tables are missing the standard ones come in front of the scan', () => {
  const at = picture.indexOf(STANDARD_TABLES);
  assert.ok(at > 0, 'the test pictures have the standard tables as one segment');
  const bare = Buffer.concat([picture.subarray(0, at), picture.subarray(at + STANDARD_TABLES.length)]);
  const [frame = Buffer.alloc(0)] = cut([mpjpeg([bare])]).frames;
  const { sos = 0, hasTables } = readJpegHead(frame) ?? {};
  assert.ok(hasTables);
  assert.ok(frame.subarray(sos - STANDARD_TABLES.length, sos).equals(STANDARD_TABLES));
  const without = Buffer.concat([frame.subarray(0, sos - STANDARD_TABLES.length), frame.subarray(sos)]);
  assert.ok(unstamped(without).equals(bare));
});
