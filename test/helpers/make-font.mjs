// Makes services/gateway/font.ts: the outlines of the letters in the placeholder picture, taken from DejaVu Sans, regular and bold.
//
//   apt install fonts-dejavu-core
//   node test/helpers/make-font.mjs > services/gateway/font.ts
//
// It reads the TrueType files itself (OpenType 1.9: `head`, `maxp`, `hhea`, `hmtx`, `cmap` format 4, `loca`, `glyf`), so it needs no
// other tool. Outlines, not bitmaps: they are smaller than one atlas of two sizes, and sharp at every size.
//
// What is written for each face, deflated, base64: whole numbers as zigzag varints, in units of 1/2048 em, y downwards from the baseline.
//   glyphs, then for each: code point - previous code point, advance, contours, and for each of these:
//   segments, first point, then for each segment (a quadratic curve): control point, end point. Points are relative to the one before.
import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const FOLDER = '/usr/share/fonts/truetype/dejavu';
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
/** ASCII, Latin-1, Latin Extended-A (Europe's languages in Latin letters), and the signs we use. */
const CHARACTERS = [
  ...range(0x20, 0x7e),
  ...range(0xa0, 0xac),
  ...range(0xae, 0x17f),
  ...[...'–—‘’“”„•…€→−✓✗'].map((c) => c.codePointAt(0)),
];

/** Where each table of the font begins. */
function tablesOf(font) {
  const entries = range(0, font.readUInt16BE(4) - 1).map((i) => 12 + 16 * i);
  return Object.fromEntries(entries.map((at) => [font.latin1Slice(at, at + 4), font.readUInt32BE(at + 8)]));
}

/** Code point -> glyph number, by the `cmap` subtable of format 4 (the Basic Multilingual Plane). */
function glyphNumbers(font, cmap) {
  const subtables = range(0, font.readUInt16BE(cmap + 2) - 1).map((i) => cmap + font.readUInt32BE(cmap + 8 + 8 * i));
  const table = subtables.find((at) => font.readUInt16BE(at) === 4);
  const size = font.readUInt16BE(table + 6); // twice the number of segments
  return (code) => {
    for (let i = 0; i < size; i += 2) {
      if (font.readUInt16BE(table + 14 + i) < code) continue;
      const start = font.readUInt16BE(table + 16 + size + i);
      if (start > code) break;
      const delta = font.readUInt16BE(table + 16 + 2 * size + i);
      const offsetAt = table + 16 + 3 * size + i;
      const offset = font.readUInt16BE(offsetAt);
      return offset === 0 ? (code + delta) & 0xffff : font.readUInt16BE(offsetAt + offset + 2 * (code - start));
    }
    throw new Error(`the font has no U+${code.toString(16)}`);
  };
}

/** The contours of a simple glyph at `at`: lists of [x, y, on the curve]. */
function simpleGlyph(font, at, contours) {
  const ends = range(0, contours - 1).map((i) => font.readUInt16BE(at + 10 + 2 * i));
  let p = at + 10 + 2 * contours;
  p += 2 + font.readUInt16BE(p); // hinting instructions
  const points = ends.at(-1) + 1;
  const flags = [];
  while (flags.length < points) {
    const flag = font[p++];
    const times = flag & 8 ? font[p++] + 1 : 1;
    for (let i = 0; i < times; i++) flags.push(flag);
  }
  const coordinates = (short, same) => {
    let value = 0;
    return flags.map((flag) => {
      if (flag & short) value += flag & same ? font[p++] : -font[p++];
      else if (!(flag & same)) {
        value += font.readInt16BE(p);
        p += 2;
      }
      return value;
    });
  };
  const xs = coordinates(2, 16);
  const ys = coordinates(4, 32);
  const all = flags.map((flag, i) => [xs[i], ys[i], (flag & 1) === 1]);
  return ends.map((end, i) => all.slice(i === 0 ? 0 : ends[i - 1] + 1, end + 1));
}

/** The contours of glyph `number`, compound glyphs (a letter and its accent) put together. */
function contoursOf(face, number) {
  const { font, offsetOf } = face;
  if (offsetOf(number) === offsetOf(number + 1)) return [];
  const at = offsetOf(number);
  const contours = font.readInt16BE(at);
  if (contours >= 0) return simpleGlyph(font, at, contours);
  const parts = [];
  for (let p = at + 10, more = true; more; ) {
    const flags = font.readUInt16BE(p);
    const part = contoursOf(face, font.readUInt16BE(p + 2));
    const [dx, dy] = flags & 1 ? [font.readInt16BE(p + 4), font.readInt16BE(p + 6)] : [font.readInt8(p + 4), font.readInt8(p + 5)];
    p += flags & 1 ? 8 : 6;
    let scale = [1, 0, 0, 1];
    const f2dot14 = (i) => font.readInt16BE(p + 2 * i) / 16384;
    if (flags & 0x08) scale = [f2dot14(0), 0, 0, f2dot14(0)];
    if (flags & 0x40) scale = [f2dot14(0), 0, 0, f2dot14(1)];
    if (flags & 0x80) scale = [f2dot14(0), f2dot14(1), f2dot14(2), f2dot14(3)];
    p += flags & 0x80 ? 8 : flags & 0x40 ? 4 : flags & 0x08 ? 2 : 0;
    const move = ([x, y, on]) => [Math.round(x * scale[0] + y * scale[2]) + dx, Math.round(x * scale[1] + y * scale[3]) + dy, on];
    parts.push(...part.map((contour) => contour.map(move)));
    more = (flags & 0x20) !== 0;
  }
  return parts;
}

/** A contour as quadratic curves: [first x, y, then control x, y, end x, y, …]; a straight line has its control point in its middle. */
function toCurves(contour) {
  const middle = (a, b) => [Math.round((a[0] + b[0]) / 2), Math.round((a[1] + b[1]) / 2), true];
  // Between two points off the curve there is one on it, in the middle.
  const explicit = contour.flatMap((point, i) => {
    const next = contour[(i + 1) % contour.length];
    return point[2] || next[2] ? [point] : [point, middle(point, next)];
  });
  while (!explicit[0][2]) explicit.push(explicit.shift());
  const out = [explicit[0][0], explicit[0][1]];
  for (let i = 1; i <= explicit.length; i++) {
    const point = explicit[i % explicit.length];
    if (!point[2]) continue;
    const before = explicit[i - 1];
    const control = before[2] ? middle(before, point) : before;
    out.push(control[0], control[1], point[0], point[1]);
  }
  return out;
}

/** One face, as described above. */
function pack(file) {
  const font = readFileSync(`${FOLDER}/${file}`);
  const tables = tablesOf(font);
  if (font.readUInt16BE(tables.head + 18) !== 2048) throw new Error(`${file} does not have 2048 units to the em`);
  const long = font.readInt16BE(tables.head + 50) === 1;
  const offsetOf = (n) => tables.glyf + (long ? font.readUInt32BE(tables.loca + 4 * n) : 2 * font.readUInt16BE(tables.loca + 2 * n));
  const metrics = font.readUInt16BE(tables.hhea + 34);
  const advanceOf = (n) => font.readUInt16BE(tables.hmtx + 4 * Math.min(n, metrics - 1));
  const numberOf = glyphNumbers(font, tables.cmap);
  const bytes = [];
  const write = (value) => {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  };
  write(CHARACTERS.length);
  let code = 0;
  for (const next of CHARACTERS.toSorted((a, b) => a - b)) {
    const contours = contoursOf({ font, offsetOf }, numberOf(next)).map(toCurves);
    write(next - code);
    code = next;
    write(advanceOf(numberOf(next)));
    write(contours.length);
    let pen = [0, 0];
    for (const curve of contours) {
      write((curve.length - 2) / 4);
      for (let i = 0; i < curve.length; i += 2) {
        write(curve[i] - pen[0]);
        write(-curve[i + 1] + pen[1]);
        pen = [curve[i], curve[i + 1]];
      }
    }
  }
  return deflateRawSync(Buffer.from(bytes), { level: 9 }).toString('base64');
}

const copyright = readFileSync('/usr/share/doc/fonts-dejavu-core/copyright', 'utf8');
const notice = copyright.slice(copyright.indexOf('Copyright: '), copyright.indexOf('Files: debian/*')).trimEnd();
const comment = notice.split('\n').map((line) => ` * ${line.trim() === '.' ? '' : line.trim()}`.trimEnd());
console.log(`/**
 * Outlines of the letters in the placeholder picture, written by test/helpers/make-font.mjs, which also tells the format. Do not edit.
 *
 * They are taken from the fonts DejaVu Sans and DejaVu Sans Bold; the characters outside Bitstream's own are in the public domain or
 * Copyright (c) 2006 by Tavmjong Bah, on the same terms. The fonts' licence:
 *
${comment.join('\n')}
 */
export const REGULAR =
  '${pack('DejaVuSans.ttf')}';

export const BOLD =
  '${pack('DejaVuSans-Bold.ttf')}';`);
