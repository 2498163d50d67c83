import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketCutter, PacketError } from '../../services/shared/packets.ts';

const limit = 1 << 20;

/** MQTT 5.0, 1.5.5. */
function lengthBytes(length: number): number[] {
  const low = length % 128;
  return length < 128 ? [low] : [low | 0x80, ...lengthBytes(Math.floor(length / 128))];
}

function packet(length: number, type = 0x30): Buffer {
  const body = Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff));
  return Buffer.concat([Buffer.from([type, ...lengthBytes(length)]), body]);
}

function cut(chunks: Buffer[], cutter = new PacketCutter(() => limit)): Buffer[] {
  const packets: Buffer[] = [];
  for (const chunk of chunks) cutter.feed(chunk, (each) => packets.push(each));
  return packets;
}

/** `bytes` in pieces that end at the given places. */
function pieces(bytes: Buffer, ends: number[]): Buffer[] {
  const marks = [0, ...ends.map((end) => end % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return marks.slice(1).map((end, i) => bytes.subarray(marks[i], end));
}

const lengths = fc.array(fc.oneof(fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 60_000), fc.nat(300)), { minLength: 1, maxLength: 5 });

test('however the bytes are cut up, the packets come out whole', () => {
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(200_000), { maxLength: 20 }), fc.boolean(), (sizes, ends, reused) => {
      const sent = sizes.map((size) => packet(size));
      const got = cut(pieces(Buffer.concat(sent), ends), new PacketCutter(() => limit, reused));
      assert.deepEqual(got, sent);
    }),
  );
});

test('byte by byte too', () => {
  const sent = [packet(0, 0xc0), packet(5), packet(300), packet(0, 0xe0)];
  const bytes = Buffer.concat(sent);
  assert.deepEqual(cut(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))), sent);
});

test('a large packet that came whole is not copied, a small one is, so that it does not pin its chunk', () => {
  const [large, small] = [packet(60_000), packet(100)];
  const chunk = Buffer.concat([large, small]);
  const [first, second] = cut([chunk]);
  assert.equal(first?.buffer, chunk.buffer);
  assert.notEqual(second?.buffer, chunk.buffer);
});

test('out of a chunk that is reused every packet is copied', () => {
  const chunk = packet(60_000);
  const sent = Buffer.from(chunk);
  const got = cut([chunk], new PacketCutter(() => limit, true));
  chunk.fill(0);
  assert.deepEqual(got, [sent]);
});

test('a packet above the limit is refused at its header, before a byte of it is kept', () => {
  const announced = Buffer.from([0x30, ...lengthBytes(100 << 20)]);
  assert.throws(
    () => cut([announced]),
    (error) => error instanceof PacketError && error.size === (100 << 20) + 5 && /1048576 are allowed/.test(error.message),
  );
  assert.throws(() => cut(Array.from(announced, (byte) => Buffer.from([byte]))), PacketError);
});

test('the limit counts the whole packet, and is looked at anew for each', () => {
  let allowed = 100;
  const cutter = new PacketCutter(() => allowed);
  assert.equal(cut([packet(98)], cutter).length, 1);
  assert.throws(() => cut([packet(99)], cutter), PacketError);
  allowed = 101;
  assert.equal(cut([packet(99)], new PacketCutter(() => allowed)).length, 1);
});

test('a length of five bytes is none', () => {
  assert.throws(() => cut([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80])]), /more than four bytes/);
  assert.throws(() => cut([Buffer.from([0x30, 0xff, 0xff]), Buffer.from([0xff, 0xff, 0xff])]), PacketError);
  // The largest length of four bytes is a length, only too long.
  assert.throws(() => cut([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])]), /a packet of 268435460 bytes/);
});

test('noise never hangs it nor makes it hold more than one packet', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 10 }), (chunks) => {
      const cutter = new PacketCutter(() => 1000);
      try {
        for (const each of cut(
          chunks.map((chunk) => Buffer.from(chunk)),
          cutter,
        ))
          assert.ok(each.length <= 1000);
      } catch (error) {
        assert.ok(error instanceof PacketError);
      }
    }),
  );
});
