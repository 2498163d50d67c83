/** Text in a picture: how wide it is, where its lines break, and the outlines of its letters. Sizes are in pixels to the em. */
import { inflateRawSync } from 'node:zlib';
import type { Shape } from './canvas.ts';
import { BOLD, REGULAR } from './font.ts';

/** A face at a size. */
export interface Font {
  face: 'regular' | 'bold';
  size: number;
}

interface Glyph {
  advance: number;
  contours: Int16Array[];
}

const UNITS_PER_EM = 2048;
/** The height of x in DejaVu Sans, in em. */
const X_HEIGHT = 1120 / UNITS_PER_EM;

/** The size next to `size` at which small letters are a whole number of pixels high: they look sharper then. */
export function sharpSize(size: number): number {
  return Math.round(size * X_HEIGHT) / X_HEIGHT;
}

/** Unpacks a face; test/helpers/make-font.mjs tells the format. */
function readFace(packed: string): Map<string, Glyph> {
  const bytes = inflateRawSync(Buffer.from(packed, 'base64'));
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++);
      value |= (byte & 127) << shift;
      if (byte < 128) return value & 1 ? -(value + 1) / 2 : value / 2;
    }
  };
  const glyphs = new Map<string, Glyph>();
  let code = 0;
  for (let left = read(); left > 0; left--) {
    code += read();
    const glyph: Glyph = { advance: read(), contours: [] };
    const pen = [0, 0];
    for (let contours = read(); contours > 0; contours--) {
      const points = Int16Array.from({ length: 2 + 4 * read() }, (_, i) => (pen[i & 1] = (pen[i & 1] ?? 0) + read()));
      glyph.contours.push(points);
    }
    glyphs.set(String.fromCodePoint(code), glyph);
  }
  return glyphs;
}

const faces: Partial<Record<Font['face'], Map<string, Glyph>>> = {};

/** The glyphs of a face, unpacked when they are first wanted. */
function glyphsOf(face: Font['face']): Map<string, Glyph> {
  faces[face] ??= readFace(face === 'bold' ? BOLD : REGULAR);
  return faces[face];
}

const NOTHING: Glyph = { advance: 0, contours: [] };
const glyphOf = (glyphs: Map<string, Glyph>, character: string) => glyphs.get(character) ?? glyphs.get('?') ?? NOTHING;

/** `text` in one line, of characters that we can draw: white space becomes single spaces, what the font lacks becomes `?`. */
export function drawable(text: string): string {
  const glyphs = glyphsOf('regular');
  const oneLine = text
    .normalize('NFC')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return Array.from(oneLine, (character) => (glyphs.has(character) ? character : '?')).join('');
}

/** How wide `text` is, in pixels. */
export function widthOf(text: string, font: Font): number {
  const glyphs = glyphsOf(font.face);
  let units = 0;
  for (const character of text) units += glyphOf(glyphs, character).advance;
  return (units * font.size) / UNITS_PER_EM;
}

/** The letters of a line that begins at `x` and stands on `baseline`. */
export function shapesOf(text: string, font: Font, x: number, baseline: number): Shape[] {
  const glyphs = glyphsOf(font.face);
  const scale = font.size / UNITS_PER_EM;
  let pen = x;
  return Array.from(text, (character) => {
    const { contours, advance } = glyphOf(glyphs, character);
    const shape = { contours, x: pen, y: baseline, scale };
    pen += advance * scale;
    return shape;
  });
}

/** `text` in lines no wider than `width` pixels, broken at spaces; a word that is wider is broken where it must be. */
export function wrap(text: string, font: Font, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer, font) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = breakWord(word, font, width);
    line = pieces.pop() ?? '';
    lines.push(...pieces);
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Pieces of a word, each as long as fits, each at least a character. */
function breakWord(word: string, font: Font, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece !== '' && widthOf(piece + character, font) > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}

/** The first `count` lines; when there are more, the last of them ends in an ellipsis, and still fits into `width`. */
export function firstLines(lines: readonly string[], count: number, font: Font, width: number): string[] {
  if (lines.length <= count) return [...lines];
  const kept = lines.slice(0, Math.max(0, count));
  const last = kept.pop();
  return last === undefined ? [] : [...kept, ellipsis(last, font, width)];
}

function ellipsis(line: string, font: Font, width: number): string {
  const characters = Array.from(line);
  while (characters.length > 0 && widthOf(`${characters.join('')}…`, font) > width) characters.pop();
  return `${characters.join('').trimEnd()}…`;
}
