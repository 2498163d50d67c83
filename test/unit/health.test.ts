import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt-packet';
import { type CameraSigns, judgeCamera } from '../../services/health/camera-verdict.ts';
import { connectPacket, readPacket, subscribePacket } from '../../services/health/mqtt.ts';
import { addressOf, shownAddress } from '../../services/health/wire.ts';
import { tinyJpeg } from '../helpers/pictures.ts';

/** A packet as a library reads it. */
function parsed(bytes: Buffer): mqtt.Packet[] {
  const packets: mqtt.Packet[] = [];
  const parser = mqtt.parser({ protocolVersion: 4 });
  parser.on('packet', (packet) => packets.push(packet));
  assert.equal(parser.parse(bytes), 0, 'nothing is left over');
  return packets;
}

test('what is sent is MQTT 3.1.1, as a library reads it', () => {
  for (const login of [{}, { username: 'camera' }, { username: 'camera', password: 'p\u00e4ss' }, { password: 'alone' }]) {
    const [packet] = parsed(connectPacket('health-1', login));
    assert.ok(packet?.cmd === 'connect');
    const { protocolVersion, clientId, clean, will, username, password } = packet;
    assert.deepEqual([protocolVersion, clientId, clean, will], [4, 'health-1', true, undefined]);
    const named = 'username' in login ? login : {};
    assert.deepEqual([username, password?.toString()], [named.username, 'password' in named ? named.password : undefined]);
  }
  // Where one byte of length becomes two, and two three.
  for (const length of [...Array.from({ length: 10 }, (_, i) => 110 + i), 16_371, 16_372]) {
    const [packet] = parsed(connectPacket('x'.repeat(length), {}));
    assert.equal(packet?.cmd === 'connect' && packet.clientId?.length, length);
  }
  const topics = Array.from({ length: 64 * 3 }, (_, i) => `homeguard/camera-${i}/preview`);
  const [packet] = parsed(subscribePacket(topics));
  assert.ok(packet?.cmd === 'subscribe');
  assert.deepEqual(
    packet.subscriptions.map(({ topic, qos }) => [topic, qos]),
    topics.map((topic) => [topic, 0]),
  );
});

test('what a library sends is read', () => {
  assert.deepEqual(readPacket(mqtt.generate({ cmd: 'connack', returnCode: 5, sessionPresent: false })), { is: 'connack', code: 5 });
  assert.deepEqual(readPacket(mqtt.generate({ cmd: 'suback', messageId: 1, granted: [0] })), { is: 'other' });
  for (const size of [0, 1, 127, 128, 20_000, 3_000_000]) {
    for (const qos of [0, 1] as const) {
      const [topic, payload] = ['homeguard/front/pr\u00e4view', Buffer.alloc(size, 7)];
      const bytes = mqtt.generate({ cmd: 'publish', topic, payload, qos, messageId: 9, retain: qos === 0, dup: false });
      assert.deepEqual(readPacket(bytes), { is: 'publish', topic, payload, retain: qos === 0 }, `${size} bytes at QoS ${qos}`);
    }
  }
  assert.throws(() => readPacket(Buffer.from([0x20, 0x00])), RangeError);
});

test('addresses', () => {
  const shown = (url: string) => shownAddress(addressOf(url));
  assert.deepEqual(addressOf('mqtt+unix:///run/homeguard/broker.sock'), { path: '/run/homeguard/broker.sock' });
  assert.deepEqual(addressOf('mqtts://bus.example'), { host: 'bus.example', port: 8883, tls: true });
  assert.equal(shown('mqtt://10.0.0.1'), '10.0.0.1:1883');
  assert.equal(shown('mqtt://[::1]:1884'), '[::1]:1884');
  assert.equal(shown('wss://bus.example/mqtt'), 'wss://bus.example/mqtt');
});

const now = Date.parse('2026-11-22T23:10:00Z');
const state = (condition: string, more: object = {}) =>
  JSON.stringify({ condition, cause: null, advice: null, since: new Date(now - 5_000).toISOString(), ...more });
const preview = (ageMs: number, retain = true) => ({ jpeg: tinyJpeg({ seq: 1, t: (now - ageMs) * 1000 }), retain });
const dark = { cause: 'EACCES on /dev/video0', advice: 'Run `sudo usermod`.' };

/** What has come, CAMERA_PREVIEW_FPS, then what is said while more may come and at the end: true well, false not, null not yet. */
const cases: [string, CameraSigns, number, boolean | null, boolean, RegExp][] = [
  ['nothing', {}, 1, null, false, /knows no camera "front": its service has not begun, or CAMERA_ID/],
  ['gone', { status: 'offline', preview: preview(1_000) }, 1, false, false, /not on the bus/],
  ['publishing', { status: 'online', preview: preview(900) }, 1, true, true, /^Camera "front" publishes pictures\.$/],
  ['publishing just now, by a wrong clock', { status: 'online', preview: preview(1e9, false) }, 1, true, true, /publishes/],
  [
    'an old picture that a 3.1.1 broker keeps',
    { status: 'online', state: state('idle'), preview: preview(11_000) },
    1,
    null,
    false,
    /says that it is idle, but has published no picture for 10 s/,
  ],
  ['a picture without a stamp', { status: 'online', preview: { jpeg: tinyJpeg(), retain: true } }, 1, true, true, /publishes/],
  ['a picture, and nobody is there', { preview: preview(100) }, 1, null, false, /knows no camera/],
  ['there, but silent', { status: 'online' }, 1, null, false, /says nothing of its state/],
  ['junk for a state', { status: 'online', state: '[' }, 1, null, false, /says nothing of its state/],
  ['live without a picture', { status: 'online', state: state('live') }, 1, null, false, /is live, but has published no picture/],
  ['idle without previews', { status: 'online', state: state('idle') }, 0, true, true, /CAMERA_PREVIEW_FPS is 0/],
  [
    'off',
    { status: 'online', state: state('off', { cause: 'the camera was switched off' }) },
    1,
    true,
    true,
    /\(off\): the camera was switched off/,
  ],
  [
    'dark',
    { status: 'online', state: state('permission-denied', dark) },
    1,
    true,
    true,
    /\(permission-denied\): EACCES on \/dev\/video0: Run/,
  ],
  ['starting', { status: 'online', state: state('starting') }, 1, true, true, /is starting/],
  [
    'starting for ever',
    { status: 'online', state: state('starting', { since: new Date(now - 61_000).toISOString() }) },
    1,
    null,
    false,
    /starting for more than 60 s/,
  ],
  ['starting since no time', { status: 'online', state: state('starting', { since: 7 }) }, 1, null, false, /starting for more than 60 s/],
];

for (const [name, signs, previewFps, meanwhile, atLast, sentence] of cases) {
  test(`a camera's health: ${name}`, () => {
    assert.equal(judgeCamera('front', signs, previewFps, { now, isFinal: false })?.well ?? null, meanwhile);
    const verdict = judgeCamera('front', signs, previewFps, { now, isFinal: true });
    assert.equal(verdict?.well, atLast);
    assert.match(verdict?.says ?? '', sentence);
    assert.doesNotMatch(verdict?.says ?? '', /\n/);
  });
}
