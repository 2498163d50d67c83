import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CAMERA_ID,
  cameraTopics,
  clientIdPrefix,
  filterMatches,
  isPictureStream,
  parseTopic,
  readStamp,
  stampLength,
  writeStamp,
} from '../../services/shared/contract.ts';

const cameraId = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/);
const seq = fc.nat({ max: Number.MAX_SAFE_INTEGER });
/** Microseconds until the year 2286, which has 16 digits. */
const time = fc.integer({ min: 0, max: 9_007_199_254_740_991 });

test('the topics of a camera are those of the contract', () => {
  const { viewers, smallViewers, setting, set, ...topics } = cameraTopics('homeguard', 'front');
  assert.deepEqual(topics, {
    frame: 'homeguard/front/frame',
    small: 'homeguard/front/small',
    preview: 'homeguard/front/preview',
    status: 'homeguard/front/status',
    state: 'homeguard/front/state',
    telemetry: 'homeguard/front/telemetry',
    snapshot: 'homeguard/front/snapshot',
    answer: 'homeguard/front/answer',
    doctor: 'homeguard/front/doctor',
  });
  assert.equal(setting('controls/brightness'), 'homeguard/front/controls/brightness');
  assert.equal(set('controls/brightness'), 'homeguard/front/controls/brightness/set');
  assert.equal(viewers('gateway-hall-8080'), 'homeguard/front/viewers/gateway-hall-8080');
  assert.equal(smallViewers('gateway-hall-8080'), 'homeguard/front/small/viewers/gateway-hall-8080');
});

test('a service’s client ids tell which service it is, below any prefix', () => {
  assert.equal(clientIdPrefix('homeguard', 'gateway'), 'homeguard-gateway-');
  assert.equal(clientIdPrefix('home/guard', 'camera'), 'home-guard-camera-');
});

test('a camera id is what fits into topics, paths and Home Assistant', () => {
  for (const id of ['a', '0', 'front', 'door_2', 'x-y', 'a'.repeat(32)]) assert.match(id, CAMERA_ID);
  for (const id of ['', '-a', '_a', 'Front', 'a b', 'a/b', 'a+', '#', 'ä', 'a\n', 'a'.repeat(33)]) assert.doesNotMatch(id, CAMERA_ID);
});

test('every topic that is built can be taken apart again, whatever the prefix', () => {
  const prefix = fc.constantFrom('homeguard', 'home/guard', 'h');
  fc.assert(
    fc.property(prefix, cameraId, fc.constantFrom('frame', 'viewers/broker', 'controls/focus_absolute/set'), (root, id, rest) => {
      assert.deepEqual(parseTopic(root, `${root}/${id}/${rest}`), { id, rest });
    }),
  );
});

test('what is no topic of a camera is none', () => {
  for (const topic of [
    '',
    'homeguard',
    'homeguard/',
    'homeguard/front',
    'homeguardx/front/frame',
    'other/front/frame',
    'homeguard//frame',
    'homeguard/Front/frame',
    'homeguard/+/frame',
    '/homeguard/front/frame',
  ]) {
    assert.equal(parseTopic('homeguard', topic), null, topic);
  }
});

test('the newest wins for frames and previews, and for nothing else', () => {
  assert.ok(isPictureStream('homeguard/front/frame'));
  assert.ok(isPictureStream('elsewhere/preview'));
  for (const topic of ['homeguard/front/snapshot', 'frame', 'homeguard/frame/state', 'homeguard/front/keyframe', 'a/frame/set']) {
    assert.ok(!isPictureStream(topic), topic);
  }
});

test('filters match as MQTT 5.0, 4.7 says', () => {
  const table: [filter: string, topic: string, matches: boolean][] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/b', 'a', false],
    ['a', 'a/b', false],
    ['a/b/#', 'a/b', true],
    ['a/b/#', 'a/b/c', true],
    ['a/b/#', 'a/b/c/d', true],
    ['a/b/#', 'a/bc', false],
    ['#', 'a', true],
    ['#', 'a/b/c', true],
    ['#', '/', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a/+', 'a/b/c', false],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['+/b', 'a/b', true],
    ['+/tennis/#', 'sport/tennis', true],
    ['sport/+/player1', 'sport/tennis/player1', true],
    ['sport/+/player1', 'sport/tennis/x/player1', false],
    ['A', 'a', false],
    ['#', '$SYS/heartbeat', false],
    ['+/heartbeat', '$SYS/heartbeat', false],
    ['$SYS/#', '$SYS/heartbeat', true],
    ['$SYS/+', '$SYS/heartbeat', true],
  ];
  for (const [filter, topic, matches] of table) assert.equal(filterMatches(filter, topic), matches, `${filter} ~ ${topic}`);
});

test('a filter made of a topic by putting in wildcards matches it', () => {
  const topic = fc.array(fc.constantFrom('', 'a', 'b', 'front', 'frame'), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(topic, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), fc.option(fc.nat(6)), (levels, plus, cut) => {
      const filter = levels.map((level, i) => (plus[i] ? '+' : level));
      const whole = cut === null ? filter : [...filter.slice(0, cut), '#'];
      assert.ok(filterMatches(whole.join('/'), levels.join('/')), `${whole.join('/')} ~ ${levels.join('/')}`);
    }),
  );
});

test('a stamp is read as it was written, and takes the bytes that were foretold', () => {
  fc.assert(
    fc.property(seq, time, (n, t) => {
      const length = stampLength(n);
      const frame = Buffer.alloc(2 + length + 3, 0xaa);
      frame.writeUInt16BE(0xffd8);
      writeStamp(frame, 2, { seq: n, t });
      assert.deepEqual(readStamp(frame), { seq: n, t });
      // A COM segment whose length leads exactly to what stands behind it (ITU T.81 B.2.4.5).
      assert.equal(frame.readUInt16BE(2), 0xfffe);
      assert.equal(frame.readUInt16BE(4) + 2, length);
      assert.deepEqual(frame.subarray(2 + length), Buffer.alloc(3, 0xaa));
    }),
  );
});

test('the stamp is ASCII as the contract gives it', () => {
  const frame = Buffer.alloc(2 + stampLength(17));
  frame.writeUInt16BE(0xffd8);
  writeStamp(frame, 2, { seq: 17, t: 1_763_800_000_123_456 });
  assert.equal(frame.toString('latin1', 6), 'homeguard seq=17 t=1763800000123456');
});

test('a picture of somebody else has no stamp, whatever its bytes', () => {
  const bare = Buffer.from([0xff, 0xd8, 0xff, 0xdb, 0, 4, 1, 2, 0xff, 0xd9]);
  assert.equal(readStamp(bare), null);
  const comment = (text: string) => {
    const head = Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, text.length + 2]);
    return Buffer.concat([head, Buffer.from(text, 'latin1')]);
  };
  for (const text of ['Lavc61.3.100', 'homeguard seq=1', 'homeguard seq=-1 t=2', 'xhomeguard seq=1 t=2', 'homeguard seq=1 t=2 ']) {
    assert.equal(readStamp(comment(text)), null, text);
  }
  assert.deepEqual(readStamp(comment('homeguard seq=1 t=2')), { seq: 1, t: 2 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      readStamp(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xfe]), bytes])); // never throws
      readStamp(Buffer.from(bytes));
    }),
  );
});
