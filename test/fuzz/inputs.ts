/** What is thrown at the targets: valid inputs that were broken, and values that programs stumble over. */
import fc from 'fast-check';

/** Bytes that mean something somewhere: ends, signs, markers of JPEG, lengths of MQTT, line ends. */
const TELLING = [0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x7f, 0x80, 0xc0, 0xd8, 0xd9, 0xda, 0xfe, 0xff];

type Mutation = (bytes: Buffer) => Buffer;

const byte = fc.oneof(fc.constantFrom(...TELLING), fc.nat(255));
const place = fc.nat(1 << 20);
const bytes = (most: number) => fc.array(byte, { maxLength: most }).map((each) => Buffer.from(each));

/** Cuts, doubles, moves and overwrites; a place is taken modulo the length, so that a shorter input shrinks along. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, byte).map(
    ([at, value]): Mutation =>
      (from) =>
        spliced(from, at, 1, Buffer.from([value])),
  ),
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Mutation =>
      (from) => {
        const index = at % (from.length || 1);
        return spliced(from, index, 1, Buffer.from([(from[index] ?? 0) ^ (1 << bit)]));
      },
  ),
  fc.tuple(place, bytes(8)).map(
    ([at, more]): Mutation =>
      (from) =>
        spliced(from, at, 0, more),
  ),
  fc.tuple(place, fc.nat(64)).map(
    ([at, count]): Mutation =>
      (from) =>
        spliced(from, at, count, Buffer.alloc(0)),
  ),
  place.map(
    (at): Mutation =>
      (from) =>
        from.subarray(0, at % (from.length + 1)),
  ),
  fc.tuple(place, place, place).map(
    ([at, end, to]): Mutation =>
      (from) => {
        const start = at % (from.length + 1);
        return spliced(from, to, 0, from.subarray(start, start + (end % 4_096)));
      },
  ),
);

function spliced(from: Buffer, at: number, count: number, more: Buffer): Buffer {
  const index = at % (from.length + 1);
  return Buffer.concat([from.subarray(0, index), more, from.subarray(index + count)]);
}

/** One of `samples`, broken in a few places, or not at all. */
export function broken(samples: fc.Arbitrary<Buffer>, most = 4): fc.Arbitrary<Buffer> {
  return fc
    .tuple(samples, fc.array(mutation, { maxLength: most }))
    .map(([sample, mutations]) => mutations.reduce((each, mutate) => mutate(each), sample));
}

/** The same of text. */
export function brokenText(samples: fc.Arbitrary<string>, most = 4): fc.Arbitrary<string> {
  return broken(
    samples.map((text) => Buffer.from(text)),
    most,
  ).map((each) => each.toString());
}

/** `whole` in pieces, as a connection may bring it. */
export function inPieces(whole: fc.Arbitrary<Buffer>, most = 8): fc.Arbitrary<Buffer[]> {
  return fc.tuple(whole, fc.array(place, { maxLength: most })).map(([from, cuts]) => {
    const ends = [...cuts.map((cut) => cut % (from.length + 1)).sort((a, b) => a - b), from.length];
    return ends.map((end, i) => from.subarray(ends[i - 1] ?? 0, end));
  });
}

const NAMES = ['__proto__', 'constructor', 'toString', 'valueOf', 'toJSON', 'length', 'hasOwnProperty', 'then'];
const TEXTS = [
  '',
  ' ',
  '0',
  '-0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'ON',
  'default',
  '1280x720',
  '\u0000',
  '\u2028',
  '\ud800',
  '%00',
  '../..',
  'ä',
];
const NUMBERS = [0, -0, -1, 0.5, 1e21, 2 ** 31, 2 ** 53, -(2 ** 63), Number.MAX_VALUE];

/** Text that programs stumble over, or any. */
export const oddText = fc.oneof(fc.constantFrom(...TEXTS, ...NAMES), fc.string({ unit: 'binary', maxLength: 40 }));

/** Any JSON; the names of `names` are likely, and so are those that objects have already. */
export function oddJson(...names: string[]): fc.Arbitrary<unknown> {
  const key = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names, 'x') }, { weight: 1, arbitrary: fc.constantFrom(...NAMES) });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>(null, true, false, ...NUMBERS),
      oddText,
      fc.array(tie('value'), { maxLength: 4 }),
      // By text, since `__proto__` in an object literal is no name.
      fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => JSON.parse(`{${entries.map(pairOf).join(',')}}`)),
    ),
  }));
  return value;
}

function pairOf([name, value]: [string, unknown]): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

/** JSON text: of a valid value with parts of it replaced, or of any, or broken as text. */
export function oddJsonText(valid: Record<string, unknown>): fc.Arbitrary<string> {
  const names = Object.keys(valid);
  const changed = fc
    .array(fc.tuple(fc.constantFrom(...names), oddJson(...names)), { maxLength: 3 })
    .map((changes) => JSON.stringify({ ...valid, ...Object.fromEntries(changes) }));
  return fc.oneof(
    { weight: 4, arbitrary: changed },
    { weight: 2, arbitrary: oddJson(...names).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: brokenText(fc.constant(JSON.stringify(valid))) },
  );
}
