/**
 * A JPEG encoder for drawn pictures: baseline sequential DCT, Huffman coded, 8 bit YCbCr 4:2:0. Pure: samples in, bytes out.
 * Written from ITU-T T.81 (clauses named below) and T.871 (JFIF). Most blocks of a drawn picture are of one shade; those skip the DCT.
 */
import { FILE_TABLES, HUFFMAN, type HuffmanCodes, QUANTISATION, ZIGZAG } from './jpeg-tables.ts';

/** A shade: luminance and the two colour differences, each 0–255, full range (T.871, 7). */
export interface Colour {
  y: number;
  cb: number;
  cr: number;
}

/**
 * A picture's samples. `y` has `stride` samples a row, `cb` and `cr` half as many a row, each for 2 × 2 pixels. `stride` and the number
 * of rows are the width and height rounded up to whole MCUs of 16; what lies outside the picture is coded, and never shown (T.81, A.2.4).
 */
export interface Picture {
  width: number;
  height: number;
  stride: number;
  y: Uint8Array<ArrayBuffer>;
  cb: Uint8Array<ArrayBuffer>;
  cr: Uint8Array<ArrayBuffer>;
}

/** An empty picture of `width` × `height` pixels, all in one colour. Throws a RangeError when a side is not a whole number from 1 to 65535. */
export function createPicture(width: number, height: number, colour: Colour): Picture {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > 0xffff) throw new RangeError(`a JPEG has no side of ${side} pixels`);
  }
  const stride = (width + 15) & ~15;
  const samples = stride * ((height + 15) & ~15);
  return {
    width,
    height,
    stride,
    y: new Uint8Array(samples).fill(colour.y),
    cb: new Uint8Array(samples / 4).fill(colour.cb),
    cr: new Uint8Array(samples / 4).fill(colour.cr),
  };
}

/** The picture as a whole JPEG file (JFIF), with the quantisation of quality 90 in libjpeg's counting. */
export function encodeJpeg(picture: Picture): Buffer {
  const { width, height, stride } = picture;
  const bits = new BitWriter(FILE_TABLES);
  bits.frameHeader(width, height);
  const y = new Plane(picture.y, stride, HUFFMAN.luminance, QUANTISATION.luminance);
  const cb = new Plane(picture.cb, stride / 2, HUFFMAN.chrominance, QUANTISATION.chrominance);
  const cr = new Plane(picture.cr, stride / 2, HUFFMAN.chrominance, QUANTISATION.chrominance);
  for (let top = 0; top < height; top += 16) {
    for (let left = 0; left < width; left += 16) {
      bits.makeRoom();
      // One MCU: four blocks of Y, one of each colour difference (T.81, A.2.3).
      y.encodeBlock(left, top, bits);
      y.encodeBlock(left + 8, top, bits);
      y.encodeBlock(left, top + 8, bits);
      y.encodeBlock(left + 8, top + 8, bits);
      cb.encodeBlock(left >> 1, top >> 1, bits);
      cr.encodeBlock(left >> 1, top >> 1, bits);
    }
  }
  return bits.end();
}

/** No MCU takes more: 6 blocks of 64 coefficients of at most 26 bits, and each byte may be an FF, which takes two. */
const LONGEST_MCU = 6 * 64 * 4 * 2;

/** The file as it grows: headers, then codes of any length, most significant bit first (T.81, F.1.2.3), then the end. */
class BitWriter {
  #out: Buffer;
  #length: number;
  #pending = 0;
  #pendingBits = 0;

  constructor(head: Buffer) {
    this.#out = Buffer.allocUnsafe(1 << 16);
    this.#length = head.copy(this.#out);
  }

  /** SOF0, 4:2:0 (T.81, B.2.2), and SOS (B.2.3): Y with tables 0, Cb and Cr with tables 1. */
  frameHeader(width: number, height: number): void {
    const sof = [0xff, 0xc0, 0, 17, 8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    const sos = [0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0];
    this.#out.set([...sof, ...sos], this.#length);
    this.#length += sof.length + sos.length;
  }

  makeRoom(): void {
    if (this.#length + LONGEST_MCU < this.#out.length) return;
    const larger = Buffer.allocUnsafe(2 * this.#out.length);
    this.#out.copy(larger);
    this.#out = larger;
  }

  /** Appends the low `count` (0–16) bits of `value`; the others must be 0. */
  put(value: number, count: number): void {
    this.#pending = (this.#pending << count) | value;
    this.#pendingBits += count;
    while (this.#pendingBits >= 8) {
      this.#pendingBits -= 8;
      const byte = (this.#pending >> this.#pendingBits) & 255;
      this.#out[this.#length++] = byte;
      if (byte === 255) this.#out[this.#length++] = 0; // so that no marker shows up in the data
    }
  }

  /**
   * EOI, after two fill bytes (T.81, B.1.1.2): behind data without a single FF, ffmpeg 5.1 looks for EOI two bytes too late, and warns
   * that it is missing, of its own pictures too.
   */
  end(): Buffer {
    this.makeRoom();
    this.put(127, 7); // the last byte is filled up with ones
    this.#length = this.#out.writeUInt32BE(0xffffffd9, this.#length);
    return Buffer.from(this.#out.subarray(0, this.#length));
  }
}

const block = new Float64Array(64);

/** One component of the picture: its samples, its tables, and the DC coefficient before, from which the next one is told. */
class Plane {
  #samples: Uint8Array;
  #words: Uint32Array;
  #stride: number;
  #codes: HuffmanCodes;
  /** One by the quantisation step of each coefficient: a product takes less time than a quotient. */
  #perStep: Float64Array;
  #dc = 0;

  constructor(samples: Uint8Array<ArrayBuffer>, stride: number, codes: HuffmanCodes, steps: Uint8Array) {
    this.#samples = samples;
    this.#words = new Uint32Array(samples.buffer, samples.byteOffset, samples.length / 4);
    this.#stride = stride;
    this.#codes = codes;
    this.#perStep = Float64Array.from(steps, (step) => 1 / step);
  }

  /** Codes the 8 × 8 samples from column `left` and row `top`. */
  encodeBlock(left: number, top: number, bits: BitWriter): void {
    const at = top * this.#stride + left;
    if (this.#isFlat(at)) {
      // The DCT of one shade is eight times its distance from the middle grey, and nothing else.
      this.#encodeDc(8 * ((this.#samples[at] as number) - 128), bits);
      bits.put(this.#codes.code[0x100] as number, this.#codes.size[0x100] as number);
      return;
    }
    for (let row = 0, from = at; row < 64; row += 8, from += this.#stride) {
      for (let i = 0; i < 8; i++) block[row + i] = (this.#samples[from + i] as number) - 128;
    }
    for (let row = 0; row < 64; row += 8) transform(row, 1);
    for (let column = 0; column < 8; column++) transform(column, 8);
    this.#encodeDc(block[0] as number, bits);
    this.#encodeAc(bits);
  }

  #isFlat(at: number): boolean {
    const words = this.#words;
    const step = this.#stride >> 2;
    const first = at >> 2;
    const shade = words[first] as number;
    if (shade !== ((shade << 8) | (shade >>> 24)) >>> 0) return false;
    for (let i = first, end = first + 8 * step; i < end; i += step) {
      if (words[i] !== shade || words[i + 1] !== shade) return false;
    }
    return true;
  }

  /** The difference from the block before (T.81, F.1.2.1): its category, coded, then its bits. */
  #encodeDc(coefficient: number, bits: BitWriter): void {
    const dc = Math.round(coefficient * (this.#perStep[0] as number));
    const difference = dc - this.#dc;
    this.#dc = dc;
    const category = 32 - Math.clz32(Math.abs(difference));
    bits.put(this.#codes.code[category] as number, this.#codes.size[category] as number);
    bits.put(difference < 0 ? difference + (1 << category) - 1 : difference, category);
  }

  /** The other 63 in zigzag order (T.81, F.1.2.2): runs of zeros and the category of what ends them; ZRL for 16 zeros; EOB. */
  #encodeAc(bits: BitWriter): void {
    const { code, size } = this.#codes;
    const perStep = this.#perStep;
    let zeros = 0;
    for (let k = 1; k < 64; k++) {
      const at = ZIGZAG[k] as number;
      const exact = (block[at] as number) * (perStep[at] as number);
      if (exact < 0.5 && exact > -0.5) {
        zeros++;
        continue;
      }
      const value = Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
      for (; zeros > 15; zeros -= 16) bits.put(code[0x1f0] as number, size[0x1f0] as number);
      const category = 32 - Math.clz32(Math.abs(value));
      const symbol = 0x100 | (zeros << 4) | category;
      bits.put(code[symbol] as number, size[symbol] as number);
      bits.put(value < 0 ? value + (1 << category) - 1 : value, category);
      zeros = 0;
    }
    if (zeros > 0) bits.put(code[0x100] as number, size[0x100] as number);
  }
}

const [C1, C2, C3, C4, C5, C6, C7] = [1, 2, 3, 4, 5, 6, 7].map((k) => Math.cos((k * Math.PI) / 16) / 2) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/**
 * The DCT of eight numbers of `block`, from `at`, `step` apart, in place (T.81, A.3.3, one dimension at a time). Cosines are even or odd
 * about the middle, so the sums of mirrored samples give the even coefficients, their differences the odd ones.
 */
function transform(at: number, step: number): void {
  const b = block;
  const i1 = at + step;
  const i2 = i1 + step;
  const i3 = i2 + step;
  const i4 = i3 + step;
  const i5 = i4 + step;
  const i6 = i5 + step;
  const i7 = i6 + step;
  const [x0, x1, x2, x3] = [b[at] as number, b[i1] as number, b[i2] as number, b[i3] as number];
  const [x4, x5, x6, x7] = [b[i4] as number, b[i5] as number, b[i6] as number, b[i7] as number];
  const outer = x0 + x7 + (x3 + x4);
  const inner = x1 + x6 + (x2 + x5);
  const outerTilt = x0 + x7 - (x3 + x4);
  const innerTilt = x1 + x6 - (x2 + x5);
  const [d0, d1, d2, d3] = [x0 - x7, x1 - x6, x2 - x5, x3 - x4];
  b[at] = (outer + inner) * C4;
  b[i4] = (outer - inner) * C4;
  b[i2] = outerTilt * C2 + innerTilt * C6;
  b[i6] = outerTilt * C6 - innerTilt * C2;
  b[i1] = d0 * C1 + d1 * C3 + d2 * C5 + d3 * C7;
  b[i3] = d0 * C3 - d1 * C7 - d2 * C1 - d3 * C5;
  b[i5] = d0 * C5 - d1 * C1 + d2 * C7 + d3 * C3;
  b[i7] = d0 * C7 - d1 * C5 + d2 * C3 - d3 * C1;
}
