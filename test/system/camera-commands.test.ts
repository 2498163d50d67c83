/** Commands as programs on the bus send them, with response topics and without, to a real camera over the own broker. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { MqttClient } from 'mqtt';
import { type Answer, readStamp } from '../../services/shared/contract.ts';
import { startTestCamera } from '../helpers/camera-harness.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { connectMqtt, type Received, receive, startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const waiting = { ms: 15_000 };

/** A camera, and two on the bus: one who sends, and one who sees all that is said. */
async function setUp(t: TestContext) {
  const bus = await startTestBroker(t);
  const login = bus.login('homeassistant');
  const sender = await connectMqtt(t, bus.url, { protocolVersion: 5, ...login });
  const seen = await receive(await connectMqtt(t, bus.url, { protocolVersion: 5, ...login }), 'homeguard/camera/+');
  await sender.subscribeAsync('replies/#', { qos: 1 });
  const replies: Received[] = [];
  sender.on('message', (topic, payload, { retain, qos, properties }) => replies.push({ topic, payload, retain, qos, properties }));
  const camera = await startTestCamera(t, bus, { CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240' });
  const on = (name: string) => seen.filter(({ topic }) => topic === `homeguard/camera/${name}`);
  const answers = () => on('answer').map(({ payload }) => JSON.parse(String(payload)) as Answer);
  await until('a picture', () => on('preview').length > 0, waiting);
  return { bus, login, sender, replies, on, answers, camera };
}

const ask = (client: MqttClient, setting: string, payload: string, properties = {}) =>
  client.publishAsync(`homeguard/camera/${setting}/set`, payload, { qos: 1, properties });
const userOf = ({ properties }: Received) => ({ ...properties?.userProperties }) as Record<string, string>;

test('snapshots asked for at once: each has its id, its size and its own answer, at the response topic, too', async (t) => {
  const { bus, login, sender, replies, on, answers } = await setUp(t);
  const wishes = [
    { id: 'one', size: '640x480' },
    { id: 'two' },
    { size: '1280x720' },
    { id: 'four', size: '99x77' },
    { id: 'five', size: '320x240' },
  ];
  for (const [i, wish] of wishes.entries()) {
    const properties = { responseTopic: `replies/${i}`, correlationData: Buffer.from([i, 0, 255]) };
    await ask(sender, 'snapshot', JSON.stringify(wish), properties);
  }
  await until('all replies', () => replies.length === 5 && answers().length === 5, waiting);
  assert.deepEqual(
    on('snapshot').map((picture) => [userOf(picture).id, jpegSize(picture.payload).width]),
    [
      ['one', 640],
      ['two', 320],
      [undefined, 1280],
      ['five', 320],
    ],
  );
  for (const [i, { id, size = '320x240' }] of wishes.entries()) {
    const reply = replies.find(({ topic }) => topic === `replies/${i}`) ?? assert.fail(`no reply ${i}`);
    const { contentType, correlationData } = reply.properties ?? {};
    assert.deepEqual([reply.retain, reply.qos, correlationData], [false, 1, Buffer.from([i, 0, 255])]);
    const answer = answers().find(({ wanted }) => wanted === JSON.stringify(wishes[i]));
    assert.equal(answer?.id, id);
    if (id === 'four') {
      assert.deepEqual([contentType, JSON.parse(String(reply.payload))], ['application/json', answer]);
      assert.match(answer?.refused ?? '', /has no size 99x77/);
      continue;
    }
    const { seq, t: time } = readStamp(reply.payload) ?? assert.fail('no stamp');
    const named = id === undefined ? {} : { id };
    assert.deepEqual([contentType, userOf(reply)], ['image/jpeg', { seq: String(seq), t: String(time), ...named }]);
    assert.deepEqual(on('snapshot').filter(({ payload }) => payload.equals(reply.payload)).length, 1, 'it is the one that all see');
    const { width, height } = jpegSize(reply.payload);
    assert.equal(`${width}x${height}`, size);
  }
  // MQTT 3.1.1 has none of this, and works as ever.
  const old = await connectMqtt(t, bus.url, { protocolVersion: 4, ...login });
  const kept = await receive(old, 'homeguard/camera/snapshot');
  await until('the retained one', () => kept.length === 1);
  await ask(old, 'snapshot', '{"id":"old"}');
  await until('its picture', () => kept.length === 2 && answers().at(-1)?.id === 'old', waiting);
  assert.equal(userOf(on('snapshot').at(-1) ?? assert.fail('none')).id, 'old');
});

test('every command is answered at its response topic; one that must not be answered there is not done', async (t) => {
  const { bus, login, sender, replies, answers, camera, on } = await setUp(t);
  await ask(sender, 'quality', '55', { responseTopic: 'replies/quality', correlationData: Buffer.from('x') });
  await ask(sender, 'quality', '555', { responseTopic: 'replies/quality' });
  await ask(sender, 'restart', '', { responseTopic: 'replies/restart' });
  await until('three replies', () => replies.length === 3, waiting);
  assert.deepEqual(
    replies.map(({ topic, payload }) => [topic, (JSON.parse(String(payload)) as Answer).refused !== null]),
    [
      ['replies/quality', false],
      ['replies/quality', true],
      ['replies/restart', false],
    ],
  );
  const before = answers().length;
  // Where its sender may not publish the broker refuses it, elsewhere the camera.
  for (const responseTopic of ['homeguard/camera/status', 'homeguard/door/state'])
    await assert.rejects(ask(sender, 'quality', '66', { responseTopic }), /[Nn]ot authorized/);
  const closed = ['homeguard/camera/quality/set', 'homeassistant/status', 'lamp/set'];
  for (const responseTopic of closed) await ask(sender, 'quality', '66', { responseTopic });
  await until('refusals', () => answers().length === before + closed.length);
  for (const { refused, value } of answers().slice(before)) {
    assert.match(refused ?? '', /^No answer can go to the response topic/);
    assert.equal(value, '55');
  }
  assert.deepEqual(
    on('status').map(({ payload }) => String(payload)),
    ['online'],
  );
  assert.equal(replies.length, 3);
  assert.ok(camera.lines.some(({ msg }) => msg.includes('response topic "lamp/set"')));
  // As a shell does it: the picture is what comes.
  const args = ['-p', new URL(bus.url).port, '-u', login.username ?? '', '-P', login.password ?? '', '-W', '10', '-N'];
  const request = ['-t', 'homeguard/camera/snapshot/set', '-e', 'replies/shell', '-m', '640x480'];
  const { stdout } = await promisify(execFile)('mosquitto_rr', [...args, ...request], { encoding: 'buffer' });
  assert.deepEqual(jpegSize(stdout), { width: 640, height: 480 });
});
