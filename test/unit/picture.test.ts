import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOUNDARY, EARLY_HEAD, EARLY_PART_END, isJpeg, PART_END, Picture, secondsOf } from '../../services/gateway/picture.ts';
import { stamped, tinyJpeg } from '../helpers/pictures.ts';

test('in front of a part stand its headers, behind it at once the next boundary', () => {
  const jpeg = tinyJpeg({ seq: 3, t: 1_763_800_000_000_042 });
  const head = `Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\nX-Timestamp: 1763800000.000042\r\n\r\n`;
  assert.equal(new Picture(jpeg, 5).partHead.toString('latin1'), head);
  assert.equal(PART_END.toString('latin1'), `\r\n--${BOUNDARY}\r\n`);
  assert.deepEqual(EARLY_PART_END, Buffer.concat([PART_END, EARLY_HEAD]));
});

test('the head of a part, and a picture with its id, are made once for all viewers', () => {
  const picture = new Picture(tinyJpeg(), 0);
  assert.equal(picture.partHead, picture.partHead);
  assert.equal(picture.named('front'), picture.named('front'));
  assert.deepEqual(picture.named('front'), Buffer.concat([Buffer.from('front\0'), picture.jpeg]));
});

test('the time is the stamp’s, else when it came', () => {
  assert.equal(new Picture(tinyJpeg({ seq: 1, t: 77 }), 5).takenAt, 77);
  const foreign = new Picture(tinyJpeg(), 5);
  assert.deepEqual([foreign.takenAt, foreign.stamp, foreign.isPlaceholder], [5, null, false]);
});

test('seconds have six decimals, whatever the microseconds', () => {
  assert.equal(secondsOf(0), '0.000000');
  assert.equal(secondsOf(1), '0.000001');
  assert.equal(secondsOf(1_000_000), '1.000000');
  fc.assert(
    fc.property(fc.nat({ max: 4_000_000_000_000_000 }), (t) => {
      const text = secondsOf(t);
      assert.match(text, /^\d+\.\d{6}$/);
      assert.equal(BigInt(text.replace('.', '')), BigInt(t));
    }),
  );
});

test('a JPEG begins with SOI and ends with EOI', () => {
  assert.ok(isJpeg(tinyJpeg()));
  assert.ok(isJpeg(stamped(tinyJpeg(), 1)));
  for (const bytes of [Buffer.alloc(0), Buffer.from([0xff, 0xd8, 0xff, 0xd9]), tinyJpeg().subarray(0, -1), Buffer.alloc(100)]) {
    assert.ok(!isJpeg(bytes));
  }
});
