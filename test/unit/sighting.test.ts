import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSize } from '../../services/gateway/frame-size.ts';
import { GONE_MS, LOOK_EVERY_MS, LOOK_FRAMES, MAX_SILENT_MS, SILENT_MS, Sighting } from '../../services/gateway/sighting.ts';
import { smallJpeg } from '../helpers/pictures.ts';

const topic = 'homeguard/door/frame';
const picture = smallJpeg({ width: 640, height: 480 });
const noise = Buffer.from('no picture');

/** A camera on a clock of the test's own, first seen by one picture; the gateway looks at it four times a second. */
function setUp() {
  const began = Date.parse('2026-11-22T10:00:00.000Z');
  let now = 5_000;
  const sighting = new Sighting(topic, now, () => began + now - 5_000);
  /** What came while the gateway was subscribed, and when, in ms since the beginning. */
  const received: number[] = [];
  let subscribed = true;
  const listen = () => {
    if (subscribed && !sighting.isLooking) sighting.left();
    subscribed = sighting.isLooking;
  };
  /** Lets `ms` pass; it publishes every `interval` ms, whether or not somebody listens. */
  const pass = (ms: number, interval = Number.POSITIVE_INFINITY, bytes = picture) => {
    const [from, end] = [now, now + ms];
    let next = from + interval;
    while (now < end) {
      now++;
      if (now >= next) {
        next += interval;
        if (subscribed) {
          received.push(now - 5_000);
          sighting.take(bytes, now);
          listen();
        }
      }
      if (now % 250 === 0) {
        sighting.tick(now);
        listen();
      }
    }
  };
  const at = (ms: number) => new Date(began + ms).toISOString();
  return { sighting, pass, received, at, clock: () => now };
}

test('rate and size are measured, whatever the rate, and few pictures are taken', () => {
  for (const [fps, ms] of [
    [30, 60_000],
    [10, 60_000],
    [1, 60_000],
    [0.1, 120_000],
  ] as const) {
    const { sighting, pass, received } = setUp();
    pass(ms, 1000 / fps);
    assert.ok(Math.abs(sighting.fps - fps) <= fps / 20, `${sighting.fps} for ${fps}`);
    assert.deepEqual(sighting.size, { width: 640, height: 480 });
    assert.equal(sighting.silence, null, `${fps}`);
    assert.ok(received.length <= LOOK_FRAMES * (ms / LOOK_EVERY_MS), `${received.length} of ${(fps * ms) / 1000}`);
  }
});

test('one that stops is silent in time, since its last picture, and says so in words that fit it', () => {
  const { sighting, pass, received, at } = setUp();
  pass(30_000, 100);
  const last = received.at(-1) ?? 0;
  pass(SILENT_MS - 10_000);
  assert.equal(sighting.silence, null);
  pass(15_000);
  assert.deepEqual(sighting.silence, {
    condition: 'no-frames',
    cause: 'No picture comes on the topic homeguard/door/frame.',
    advice: 'Look whether the device or program that publishes them is switched on and connected to the message bus.',
    since: at(last),
  });
  assert.equal(sighting.fps, 0);
  assert.deepEqual(sighting.size, { width: 640, height: 480 }, 'its placeholder has its size');
});

test('its next picture is seen at once, however long it was silent', () => {
  const { sighting, pass, received, at } = setUp();
  pass(5_000, 100);
  pass(100_000);
  assert.ok(sighting.silence);
  pass(150, 150);
  assert.equal(received.at(-1), 105_150);
  assert.equal(sighting.silence, null);
  assert.equal(sighting.since, at(105_150));
  pass(2_000, 100);
  assert.ok(Math.abs(sighting.fps - 10) < 1, `${sighting.fps} does not reach back over the silence`);
});

test('a slow one is silent after two and a half of its intervals, which are learnt over a silence, too', () => {
  const { sighting, pass } = setUp();
  pass(40_000, 20_000);
  assert.equal(sighting.fps, 0.05);
  pass(40_000);
  assert.equal(sighting.silence, null);
  pass(15_000);
  assert.ok(sighting.silence);
});

test('no interval keeps it from being silent for ever', () => {
  const { sighting, pass } = setUp();
  pass(110_000, 55_000);
  pass(MAX_SILENT_MS - 1_000);
  assert.equal(sighting.silence, null);
  pass(2_000);
  assert.ok(sighting.silence);
});

test('gone after ten minutes of silence, not before', () => {
  const { sighting, pass, clock } = setUp();
  pass(1_000, 100);
  pass(GONE_MS - 1_000);
  assert.ok(!sighting.isGone(clock()));
  pass(1_100);
  assert.ok(sighting.isGone(clock()));
});

test('bytes that are no picture are told from pictures, are no sign of life, and few of them are taken', () => {
  const { sighting, pass, received } = setUp();
  const cut = picture.subarray(0, -1);
  const sizeless = Buffer.concat([picture.subarray(0, 2), Buffer.from('what a mess'), Buffer.from([0xff, 0xd9])]);
  for (const bytes of [Buffer.alloc(0), noise, cut, sizeless]) assert.ok(!sighting.take(bytes, 5_000), bytes.toString('latin1', 0, 9));
  pass(60_000, 33, noise);
  assert.match(sighting.silence?.cause ?? '', /homeguard\/door\/frame is no picture/);
  assert.match(sighting.silence?.advice ?? '', /whole JPEG file/);
  assert.ok(received.length <= 6 * LOOK_FRAMES, `${received.length}`);
  pass(11_000, 100);
  assert.equal(sighting.silence, null);
});

test('a bus that was away makes nobody silent', () => {
  const { sighting, pass, clock } = setUp();
  pass(1_000, 100);
  const away = clock() + GONE_MS;
  sighting.resume(away);
  sighting.tick(away);
  assert.equal(sighting.silence, null);
  assert.ok(sighting.isLooking && !sighting.isGone(away));
});

test('a size is read again when it changes, and when other things stand before it', () => {
  const size = new FrameSize();
  assert.equal(size.last, null);
  const small = size.read(picture);
  assert.deepEqual(small, { width: 640, height: 480 });
  assert.equal(size.read(picture), small, 'nothing is read anew');
  assert.deepEqual(size.read(smallJpeg({ width: 1280, height: 720 })), { width: 1280, height: 720 });
  assert.deepEqual(size.read(smallJpeg({ width: 1280, height: 720, comment: 'of another length' })), { width: 1280, height: 720 });
  assert.equal(size.read(noise), null);
  assert.equal(size.read(picture.subarray(0, 12)), null);
  assert.deepEqual(size.last, { width: 1280, height: 720 });
});
