/** The tables of our JPEG files, from ITU-T T.81, Annex K, and the head of the file that carries them. */

/** Where the k-th coefficient in coding order stands in the block, row by row (T.81, figure 5): diagonals, up and down by turns. */
export const ZIGZAG = Uint8Array.from({ length: 64 }, (_, i) => i).sort((a, b) => diagonalRank(a) - diagonalRank(b));

function diagonalRank(position: number): number {
  const row = position >> 3;
  const column = position & 7;
  return 8 * (row + column) + ((row + column) % 2 === 0 ? column : row);
}

/** Tables K.1 and K.2, row by row. */
const LUMINANCE_STEPS = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22,
  37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE_CORNER = [17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99];
const CHROMINANCE_STEPS = Array.from(
  { length: 64 },
  (_, i) => (i < 32 && i % 8 < 4 ? CHROMINANCE_CORNER[(i >> 3) * 4 + (i % 8)] : 99) ?? 99,
);

/** A fifth of Annex K's steps, which libjpeg calls quality 90: thin letters stay clean. */
const fine = (steps: number[]) => Uint8Array.from(steps, (step) => Math.max(1, Math.round(step / 5)));

/** The step of each coefficient, row by row. */
export const QUANTISATION = { luminance: fine(LUMINANCE_STEPS), chrominance: fine(CHROMINANCE_STEPS) };

/** How many codes there are of each length from 1 to 16 bits, and what they stand for in their order (T.81, B.2.4.2). */
interface HuffmanTable {
  counts: Buffer;
  symbols: Buffer;
}
const table = (counts: string, symbols: string): HuffmanTable => ({
  counts: Buffer.from(counts, 'hex'),
  symbols: Buffer.from(symbols, 'hex'),
});

/** Tables K.3 to K.6. */
const DC_LUMINANCE = table('00010501010101010100000000000000', '000102030405060708090a0b');
const DC_CHROMINANCE = table('00030101010101010101010000000000', '000102030405060708090a0b');
const AC_LUMINANCE = table(
  '0002010303020403050504040000017d',
  '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a' +
    '535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7' +
    'c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
);
const AC_CHROMINANCE = table(
  '00020102040403040705040400010277',
  '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a43444546474849' +
    '4a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5' +
    'c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
);

/** Code and length of each symbol: DC categories at 0–11, AC run and category at 0x100 + `run << 4 | category`. */
export interface HuffmanCodes {
  code: Uint16Array;
  size: Uint8Array;
}

function codesOf(dc: HuffmanTable, ac: HuffmanTable): HuffmanCodes {
  const codes = { code: new Uint16Array(0x200), size: new Uint8Array(0x200) };
  assignCodes(dc, codes, 0);
  assignCodes(ac, codes, 0x100);
  return codes;
}

/** T.81, Annex C: codes of one length are consecutive numbers; a longer one goes on from the last, with zeros appended. */
function assignCodes(from: HuffmanTable, into: HuffmanCodes, offset: number): void {
  let code = 0;
  let next = 0;
  for (const [i, count] of from.counts.entries()) {
    for (const symbol of from.symbols.subarray(next, next + count)) {
      into.code[offset + symbol] = code++;
      into.size[offset + symbol] = i + 1;
    }
    next += count;
    code <<= 1;
  }
}

/** The codes of the two kinds of components. */
export const HUFFMAN = { luminance: codesOf(DC_LUMINANCE, AC_LUMINANCE), chrominance: codesOf(DC_CHROMINANCE, AC_CHROMINANCE) };

/** A marker segment: marker, length (itself included), content (T.81, B.1.1.4). */
function segment(marker: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(marker, 0);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

const dqt = (number: number, steps: Uint8Array) => Buffer.from([number, ...ZIGZAG.map((at) => steps[at] ?? 0)]);
const dht = (number: number, { counts, symbols }: HuffmanTable) => Buffer.concat([Buffer.of(number), counts, symbols]);

/** What every file begins with: SOI, APP0 (JFIF 1.1, square pixels; T.871, 10.1), DQT (T.81, B.2.4.1), DHT (B.2.4.2). */
export const FILE_TABLES = Buffer.concat([
  Buffer.of(0xff, 0xd8),
  segment(0xffe0, Buffer.from('4a46494600010100000100010000', 'hex')),
  segment(0xffdb, Buffer.concat([dqt(0, QUANTISATION.luminance), dqt(1, QUANTISATION.chrominance)])),
  segment(0xffc4, Buffer.concat([dht(0x00, DC_LUMINANCE), dht(0x10, AC_LUMINANCE), dht(0x01, DC_CHROMINANCE), dht(0x11, AC_CHROMINANCE)])),
]);
