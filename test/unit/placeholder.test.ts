import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPicture, encodeJpeg, type Picture } from '../../services/gateway/jpeg-encoder.ts';
import { titleOf } from '../../services/gateway/page/titles.ts';
import { drawPlaceholder } from '../../services/gateway/placeholder.ts';
import { drawable, firstLines, widthOf, wrap } from '../../services/gateway/text.ts';
import { CONDITIONS } from '../../services/shared/contract.ts';

const GROUND = 24;
const cause = 'EACCES on /dev/video0: uid 1000, groups 1000; the device is root:44 0660';
const advice = 'Add the user to the group video, then log out and in again.';
const denied = { title: 'Permission denied', cause, advice, footer: 'Front door · 22 Nov 2026, 10:38:45' };

interface Decoded {
  width: number;
  height: number;
  planes: Buffer[];
}

/** What ffmpeg makes of JPEG files of one size: for each its Y, Cb and Cr. A single warning fails the test. */
function decode(...files: Buffer[]): Decoded[] {
  const input = ['-f', 'image2pipe', '-c:v', 'mjpeg', '-i', '-'];
  // A Y4M stream tells the size that the decoder saw, and its planes are what was coded, unconverted.
  const output = ['-fps_mode', 'passthrough', '-c:v', 'wrapped_avframe', '-f', 'yuv4mpegpipe', '-'];
  const args = ['-v', 'warning', '-xerror', '-err_detect', 'explode', ...input, ...output];
  const { stdout, stderr, status } = spawnSync('/usr/bin/ffmpeg', args, { input: Buffer.concat(files), maxBuffer: 1 << 28 });
  assert.equal(stderr.toString(), '');
  assert.equal(status, 0);
  const headEnd = stdout.indexOf('\n') + 1;
  const [, width, height] = (/ W(\d+) H(\d+) /.exec(stdout.toString('latin1', 0, headEnd)) ?? []).map(Number);
  assert(width && height);
  const luma = width * height;
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  const step = 'FRAME\n'.length + luma + 2 * chroma;
  assert.equal(stdout.length, headEnd + files.length * step);
  return files.map((_, i) => {
    const at = headEnd + i * step + 'FRAME\n'.length;
    const cb = at + luma;
    return {
      width,
      height,
      planes: [stdout.subarray(at, cb), stdout.subarray(cb, cb + chroma), stdout.subarray(cb + chroma, cb + 2 * chroma)],
    };
  });
}

function decodeOne(file: Buffer): Decoded {
  const [picture] = decode(file);
  assert(picture);
  return picture;
}

const plane = ({ planes }: Decoded, i: number) => planes[i] ?? Buffer.alloc(0);

/** How much lighter than the ground each pixel of a part of the picture is, added up: the ink in it. */
function inkIn(picture: Decoded, left: number, top: number, right: number, bottom: number): number {
  let ink = 0;
  for (let y = top; y < bottom; y++) {
    const row = plane(picture, 0).subarray(y * picture.width + left, y * picture.width + right);
    for (const value of row) ink += Math.max(0, value - GROUND - 8);
  }
  return ink;
}

function assertMarginsAreClear(picture: Decoded): void {
  const { width, height } = picture;
  assert.equal(inkIn(picture, 0, 0, 8, height), 0, 'ink at the left');
  assert.equal(inkIn(picture, width - 8, 0, width, height), 0, 'ink at the right');
  assert.equal(inkIn(picture, 0, 0, width, 5), 0, 'ink at the top');
  assert.equal(inkIn(picture, 0, height - 4, width, height), 0, 'ink at the bottom');
}

/** In dB, of one plane as decoded against the same plane as drawn, whose rows may be longer. */
function psnr(decoded: Buffer, drawn: Uint8Array, width: number, stride: number): number {
  let squares = 0;
  for (const [i, value] of decoded.entries()) squares += (value - (drawn[Math.floor(i / width) * stride + (i % width)] ?? 0)) ** 2;
  return 10 * Math.log10((255 * 255 * decoded.length) / Math.max(squares, 1e-9));
}

/** Sets every sample of the picture, those outside it included. */
function paint(picture: Picture, shade: (x: number, y: number) => number): void {
  const { stride, y, cb, cr } = picture;
  for (let i = 0; i < y.length; i++) y[i] = shade(i % stride, Math.floor(i / stride));
  for (let i = 0; i < cb.length; i++) cb[i] = shade((2 * i) % stride, 1);
  for (let i = 0; i < cr.length; i++) cr[i] = shade(1, Math.floor((2 * i) / stride));
}

/** The same numbers 0–1 each time (a linear congruential generator). */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('the picture is one JPEG file of the size asked for, from SOI to EOI, and nothing in its data looks like a marker', () => {
  for (const [width, height] of [
    [1280, 720],
    [641, 479],
    [161, 257],
    [1000, 168],
  ] as const) {
    const jpeg = drawPlaceholder({ width, height, ...denied });
    assert.equal(jpeg.readUInt16BE(0), 0xffd8);
    assert.equal(jpeg.readUInt16BE(jpeg.length - 2), 0xffd9);
    const scan = jpeg.subarray(jpeg.indexOf(Buffer.of(0xff, 0xda)) + 14, -4); // two fill bytes stand before EOI
    for (let at = scan.indexOf(0xff); at >= 0; at = scan.indexOf(0xff, at + 1)) assert.equal(scan[at + 1], 0);
    const picture = decodeOne(jpeg);
    assert.deepEqual([picture.width, picture.height], [width, height]);
    assertMarginsAreClear(picture);
  }
});

test('sides are clamped to what is useful and takes bounded memory', () => {
  const sides = (width: number, height: number) => {
    const jpeg = drawPlaceholder({ width, height, title: 'x', cause: null, advice: null });
    const sof = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    return [jpeg.readUInt16BE(sof + 7), jpeg.readUInt16BE(sof + 5)];
  };
  assert.deepEqual(sides(1, 1e9), [160, 3840]);
  assert.deepEqual(sides(Number.POSITIVE_INFINITY, Number.NaN), [3840, 160]);
  assert.deepEqual(sides(-5, 200.4), [160, 200]);
  for (const side of [0, 1.5, 65536, Number.NaN]) assert.throws(() => createPicture(side, 16, { y: 0, cb: 0, cr: 0 }), RangeError);
});

test('a picture of one shade decodes to this shade, to the last bit', () => {
  for (const [width, height, y, cb, cr] of [
    [17, 9, 24, 133, 125],
    [16, 16, 0, 255, 0],
    [1, 33, 255, 128, 128],
  ] as const) {
    const picture = decodeOne(encodeJpeg(createPicture(width, height, { y, cb, cr })));
    assert.deepEqual([picture.width, picture.height], [width, height]);
    for (const [i, shade] of [y, cb, cr].entries()) {
      for (const value of plane(picture, i)) assert(Math.abs(value - shade) <= 1, `${value} instead of ${shade} in plane ${i}`);
    }
  }
});

test('what is decoded is what was drawn: more than 35 dB for drawings, and the coarsest noise keeps its form', () => {
  const random = numbers();
  const drawings: [least: number, (x: number, y: number) => number][] = [
    [45, (x, y) => 128 + 60 * Math.sin(x / 9) + 60 * Math.cos(y / 7)],
    [35, (x, y) => (((x >> 2) + (y >> 3)) % 5 === 0 ? 235 : 24)], // edges like those of letters
    [30, () => 255 * Math.round(random())], // the largest coefficients there are
  ];
  for (const [least, shade] of drawings) {
    const picture = createPicture(253, 131, { y: 0, cb: 0, cr: 0 });
    paint(picture, shade);
    const decoded = decodeOne(encodeJpeg(picture));
    const planes = [picture.y, picture.cb, picture.cr];
    for (const [i, drawn] of planes.entries()) {
      const db = psnr(plane(decoded, i), drawn, i ? 127 : 253, i ? picture.stride / 2 : picture.stride);
      assert(i && least < 45 ? db > 25 : db > least, `${db.toFixed(1)} dB in plane ${i}, wanted ${least}`);
    }
  }
});

test('the words are in the picture: the title, the cause, the advice and the footer each leave their ink', () => {
  const at = (texts: object) => drawPlaceholder({ width: 640, height: 480, title: '', cause: null, advice: null, ...texts });
  const [nothing = 0, ...inks] = decode(
    at({}),
    at({ title: 'Permission denied' }),
    at({ cause }),
    at({ advice }),
    at({ footer: 'Front door' }),
  ).map((picture) => inkIn(picture, 0, 0, 640, 480));
  for (const [i, ink] of inks.entries()) assert(ink > nothing + 20_000, `text ${i} leaves ${ink}, an empty picture has ${nothing}`);
  const [wide, narrow] = decode(at({ title: 'MMMM' }), at({ title: 'iiii' })).map((picture) => inkIn(picture, 0, 0, 640, 480));
  assert((wide ?? 0) > (narrow ?? 0));
  assert.notDeepEqual(at({ title: 'No camera found' }), at({ title: 'No camera bound' }));
  assert.deepEqual(at({ title: 'Again' }), at({ title: 'Again' }));
});

test('letters have their form: an l is a stem, an o has a hole, and what has no glyph is a question mark', () => {
  const at = (title: string) => decodeOne(drawPlaceholder({ width: 640, height: 480, title, cause: null, advice: null }));
  assert.deepEqual(at('\u{1f4f7}\u4e2d'), at('??'));
  assert.equal(drawable(' Tu\u0308r\n\t\u0007 – äöüÄÖÜß éè “…” ’·→✓✗° \ud800'), 'Tür – äöüÄÖÜß éè “…” ’·→✓✗° ?');
  const crossings = (letter: string) => {
    const picture = at(letter.repeat(8));
    const middles = Array.from({ length: 480 }, (_, y) => {
      const row = plane(picture, 0).subarray(y * 640, (y + 1) * 640);
      return row.reduce((edges, value, x) => edges + (value > 135 !== (row[x - 1] ?? 0) > 135 ? 1 : 0), 0);
    });
    return middles.slice(195).filter((edges) => edges === (letter === 'o' ? 32 : 16)).length;
  };
  assert(crossings('l') > 15, 'no row crosses eight stems');
  assert(crossings('o') > 6, 'no row crosses eight rings');
});

test('a cause and an advice without end are cut, and nothing runs over', () => {
  const endless = {
    title: 'W'.repeat(10_000),
    cause: cause.repeat(200),
    advice: 'advice '.repeat(1429),
    footer: 'Front door '.repeat(900),
  };
  for (const [width, height] of [
    [1280, 720],
    [160, 160],
    [320, 240],
    [200, 900],
  ] as const) {
    assertMarginsAreClear(decodeOne(drawPlaceholder({ width, height, ...endless })));
  }
});

test('lines are as wide as they may be, lose nothing, and end in an ellipsis where they are cut', () => {
  const font = { face: 'regular', size: 20 } as const;
  const text = fc
    .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), { maxLength: 12 })
    .map((words) => drawable(words.join(' ')));
  fc.assert(
    fc.property(text, fc.integer({ min: 40, max: 400 }), fc.integer({ min: 0, max: 5 }), (words, width, count) => {
      const lines = wrap(words, font, width);
      assert.equal(lines.join('').replaceAll(' ', ''), words.replaceAll(' ', ''));
      const kept = firstLines(lines, count, font, width);
      for (const line of [...lines, ...kept]) assert(widthOf(line, font) <= width, line);
      assert.equal(kept.length, Math.min(count, lines.length));
      if (count > 0 && lines.length > count) assert(kept.at(-1)?.endsWith('…'));
    }),
    { numRuns: 150 },
  );
});

test('any text in any size gives a picture that decodes and keeps its margins', () => {
  const codes = fc.array(fc.oneof(fc.nat(0x17f), fc.nat(0x10ffff)), { maxLength: 300 });
  const string = codes.map((points) => String.fromCodePoint(...points)); // halves of surrogate pairs among them
  const texts = fc.record({ title: string, cause: fc.option(string), advice: fc.option(string), footer: string });
  const pictures = fc.sample(texts, { numRuns: 25, seed: 1 }).map((text) => drawPlaceholder({ width: 327, height: 211, ...text }));
  for (const picture of decode(...pictures)) assertMarginsAreClear(picture);
});

test('every condition has a title of its own that fits into one line, and an unknown one has a title too', () => {
  const titles = [...CONDITIONS, 'offline', 'bus-lost', 'nonsense'].map(titleOf);
  assert.equal(new Set(titles).size, titles.length);
  for (const title of titles) assert(title.length > 3 && title.length < 32, title);
  assert.equal(titleOf('no-device'), 'No camera found');
  for (const name of ['', 'toString', '__proto__', 'constructor']) assert.equal(titleOf(name), 'No picture');
});
