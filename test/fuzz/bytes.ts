/** Targets that take bytes: what ffmpeg writes, what passes for a picture, MQTT's packets. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { BrokenRuleError } from '../../services/broker/guard/broken-rule.ts';
import { Guard } from '../../services/broker/guard/guard.ts';
import { FrameCutter } from '../../services/camera/frames.ts';
import { FrameSize } from '../../services/gateway/frame-size.ts';
import { isJpeg, Picture } from '../../services/gateway/picture.ts';
import { readStamp, stampLength, writeStamp } from '../../services/shared/contract.ts';
import { findJpegEnd, readJpegHead } from '../../services/shared/jpeg.ts';
import { PacketCutter, PacketError } from '../../services/shared/packets.ts';
import { smallJpeg } from '../helpers/pictures.ts';
import { broken, inPieces } from './inputs.ts';
import { target } from './target.ts';

const MAX_FRAME = 4_096;
/** A part's head may be so long before it is given up; its body as long as a frame. */
const MAX_PART = 1_024 + MAX_FRAME;
/** No frame is shorter. */
const comment = 'x'.repeat(100);
const pictures = [smallJpeg({ width: 640, height: 480, comment }), smallJpeg({ width: 16, height: 9, comment: comment.repeat(9) })];
const [picture = Buffer.alloc(0)] = pictures;
const jpeg = fc.constantFrom(...pictures);

const boundary = '--ffmpeg\r\n';
const part = (body: Buffer, length = String(body.length)) =>
  Buffer.concat([Buffer.from(`${boundary}Content-type: image/jpeg\r\nContent-length: ${length}\r\n\r\n`), body, Buffer.from('\r\n')]);
const partBroken = broken(
  fc
    .tuple(broken(jpeg, 2), fc.option(fc.constantFrom('0', '-1', '4096', '4097', '999999999999999', 'x'), { nil: undefined }))
    .map(([body, length]) => part(body, length)),
  2,
);
const stream = fc.array(partBroken, { maxLength: 4 }).map((parts) => Buffer.concat(parts));

/** Frames, and how often the cutter asked whether it may go on, or told of an end. */
function cut(chunks: Buffer[]) {
  const seen = { frames: [] as Buffer[], asked: 0, ended: 0 };
  const cutter = new FrameCutter(
    {
      wanted: () => ++seen.asked % 5 !== 0,
      whole: (frame) => {
        seen.ended++;
        seen.frames.push(Buffer.from(frame.stamped({ seq: seen.frames.length, t: 1 })));
      },
      skipped: () => seen.ended++,
      corrupt: () => {},
    },
    MAX_FRAME,
  );
  // As the read buffer is, a chunk is written over once it was fed.
  const feed = (chunk: Buffer) => {
    const lent = Buffer.from(chunk);
    cutter.feed(lent);
    lent.fill(0xaa);
  };
  for (const chunk of chunks) feed(chunk);
  return { seen, feed };
}

const packets: Packet[] = [
  { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'x', clean: true, keepalive: 5 },
  { cmd: 'publish', topic: 'homeguard/front/frame', payload: Buffer.alloc(300), qos: 0, dup: false, retain: false },
  { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] },
  { cmd: 'pingreq' },
];
const later = packets.slice(1).map((each) => mqtt.generate(each));
const login = (protocolVersion: 4 | 5, username?: string) =>
  mqtt.generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion, clientId: 'x', clean: true, keepalive: 5, username });

/** Throws what is no verdict. */
function isLetThrough(guard: Guard, packet: Buffer): boolean {
  try {
    guard.check(packet);
    return true;
  } catch (error) {
    assert.ok(error instanceof BrokenRuleError, String(error));
    return false;
  }
}

const packetBytes = fc
  .array(fc.constantFrom(...packets.map((each) => mqtt.generate(each))), { maxLength: 4 })
  .map((each) => Buffer.concat(each));

export const byteTargets = [
  target('frame splitter', inPieces(stream), (chunks) => {
    const { seen, feed } = cut(chunks);
    for (const frame of seen.frames) {
      assert.equal(frame.readUInt16BE(0), 0xffd8, 'SOI');
      assert.equal(frame.readUInt16BE(frame.length - 2), 0xffd9, 'EOI');
      assert.ok(frame.length <= MAX_FRAME + stampLength(0) + 420, 'as long as one may be');
      assert.ok(readJpegHead(frame)?.hasTables, 'a head, and tables');
      assert.equal(readStamp(frame)?.t, 1);
    }
    assert.ok(seen.ended <= seen.asked, 'no frame but one that was asked for');
    // Whatever came before, what comes whole later is seen.
    feed(Buffer.alloc(MAX_PART, 'x'));
    const before = seen.frames.length;
    for (let i = 0; i < 2; i++) feed(part(picture));
    assert.ok(seen.frames.length > before, 'it goes on');
  }),
  target('frame splitter, in other pieces', fc.tuple(stream, inPieces(stream)), ([whole]) => {
    const { frames } = cut([whole]).seen;
    const bytewise = cut(Array.from(whole, (each) => Buffer.from([each]))).seen.frames;
    assert.deepEqual(bytewise, frames);
  }),
  target('JPEG head', broken(jpeg), (bytes) => {
    const head = readJpegHead(bytes);
    const size = new FrameSize().read(bytes);
    assert.deepEqual(size, head && { width: head.width, height: head.height });
    if (!head) return;
    assert.ok(head.width > 0 && head.height > 0 && head.width < 65_536 && head.height < 65_536);
    assert.ok(bytes.readUInt16BE(head.sof) >= 0xffc0 && bytes.readUInt16BE(head.sos) === 0xffda && head.sof < head.sos);
    const end = findJpegEnd(bytes, head.sos);
    if (end < 0) return;
    assert.ok(bytes.readUInt16BE(end - 2) === 0xffd9 && bytes.subarray(end).every((each) => each === 0 || each === 0xff));
  }),
  target('one camera’s pictures', fc.array(broken(jpeg), { maxLength: 6 }), (all) => {
    const size = new FrameSize();
    for (const bytes of all) {
      const { width = 1, height = 1 } = size.read(bytes) ?? {};
      assert.ok(width > 0 && height > 0);
      if (!isJpeg(bytes)) continue;
      const { partHead, takenAt } = new Picture(bytes, 1);
      assert.match(partHead.toString('latin1'), /^Content-Type: image\/jpeg\r\nContent-Length: \d+\r\n(?:[\w-]+: [\w.-]+\r\n)*\r\n$/);
      assert.ok(Number.isSafeInteger(takenAt) && takenAt >= 0);
    }
  }),
  target('stamp', broken(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat()).map(stampedWith)), (bytes) => {
    const stamp = readStamp(bytes);
    if (!stamp) return;
    assert.ok(stamp.seq >= 0 && stamp.t >= 0 && Number.isFinite(stamp.seq) && Number.isFinite(stamp.t));
  }),
  target('packet guard', fc.tuple(fc.constantFrom<4 | 5>(4, 5), inPieces(broken(packetBytes))), ([level, chunks]) => {
    const cutter = new PacketCutter(() => 400);
    const [begun, fresh] = [new Guard(), new Guard()];
    assert.ok(isLetThrough(begun, login(level)));
    try {
      for (const chunk of chunks) cutter.feed(chunk, (each) => [begun, fresh].map((guard) => isLetThrough(guard, each)));
    } catch (error) {
      assert.ok(error instanceof PacketError, String(error));
    }
  }),
  target(
    'packet guard, whole packets',
    fc.tuple(fc.option(fc.stringMatching(/^[a-zä😀]*$/u), { nil: undefined }), fc.subarray(later)),
    ([user, each]) => {
      const guard = new Guard();
      for (const packet of [login(4, user), ...each]) assert.ok(isLetThrough(guard, packet));
    },
  ),
  target('packet cutter', inPieces(broken(packetBytes)), (chunks) => {
    const limit = 400;
    const whole = Buffer.concat(chunks);
    for (const reused of [false, true]) {
      const cutter = new PacketCutter(() => limit, reused);
      const got: Buffer[] = [];
      try {
        for (const chunk of chunks) cutter.feed(chunk, (each) => got.push(each));
      } catch (error) {
        assert.ok(error instanceof PacketError, String(error));
      }
      assert.ok(got.every((each) => each.length >= 2 && each.length <= limit));
      const joined = Buffer.concat(got);
      assert.ok(joined.equals(whole.subarray(0, joined.length)), 'the bytes that came, in their order');
    }
  }),
];

function stampedWith([seq, t]: [number, number]): Buffer {
  const bytes = Buffer.alloc(2 + stampLength(seq) + 20);
  bytes.writeUInt16BE(0xffd8);
  writeStamp(bytes, 2, { seq, t });
  return bytes;
}
