import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { IPublishPacket, MqttClient } from 'mqtt';
import { stamped, tinyJpeg } from '../helpers/pictures.ts';
import { connectRaw } from '../helpers/raw-mqtt.ts';
import { connectMqtt, type Env, joinMqtt, receive, startTestBroker } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';

const picture = stamped(tinyJpeg({ size: 5_000 }), 1);
const properties = { contentType: 'image/jpeg', userProperties: { seq: '1', t: '1763800000000000' } };

async function setUp(t: TestContext, env: Env = { BROKER_AUTH: 'off' }) {
  const bus = await startTestBroker(t, env);
  const connect = (protocolVersion: 4 | 5 = 5, more: object = {}) => connectMqtt(t, bus.url, { protocolVersion, ...more });
  return { bus, connect };
}

test('a picture published at QoS 1 is acknowledged, and delivered at QoS 0', async (t) => {
  const { connect } = await setUp(t);
  const subscriber = await connect(4);
  const received = await receive(subscriber, 'homeguard/front/+', 1);
  const publisher = await connect(4);
  await publisher.publishAsync('homeguard/front/frame', picture, { qos: 1 }); // resolves with the PUBACK
  await publisher.publishAsync('homeguard/front/preview', picture, { qos: 2, retain: true });
  await publisher.publishAsync('homeguard/front/snapshot', picture, { qos: 1 });
  await until('three pictures', () => received.length === 3);
  assert.deepEqual(
    received.map(({ topic, qos }) => [topic, qos]),
    [
      ['homeguard/front/frame', 0],
      ['homeguard/front/preview', 0],
      ['homeguard/front/snapshot', 1],
    ],
  );
  for (const { payload } of received) assert.deepEqual(payload, picture);
});

test('no picture waits for a client that is away; other messages do', async (t) => {
  const { bus, connect } = await setUp(t);
  const address = { host: '127.0.0.1', port: bus.broker.address.port };
  const session = { clean: false, clientId: 'comes-back' };
  const before = await connectRaw(t, address, session);
  await before.subscribe('homeguard/front/+', 1);
  before.send({ cmd: 'disconnect' });
  await until('its end', () => before.closed);
  const publisher = await connect();
  await publisher.publishAsync('homeguard/front/frame', picture, { qos: 1 });
  await publisher.publishAsync('homeguard/front/state', 'live', { qos: 1 });
  const client = await connectRaw(t, address, session);
  const waited = await client.next('publish');
  assert.ok(waited.cmd === 'publish' && waited.topic === 'homeguard/front/state' && String(waited.payload) === 'live');
  client.send({ cmd: 'puback', messageId: waited.messageId });
  await publisher.publishAsync('homeguard/front/state', 'idle', { qos: 1 });
  const next = await client.next('publish');
  assert.ok(next.cmd === 'publish' && String(next.payload) === 'idle');
});

test('the properties of MQTT 5 go through, live and retained, and 3.1.1 gets the same bytes', async (t) => {
  const { connect } = await setUp(t);
  const [v5, v4] = [await connect(5), await connect(4)];
  const [new5, new4] = [await receive(v5, 'homeguard/+/preview'), await receive(v4, 'homeguard/+/preview')];
  const publisher = await connect(5);
  await publisher.publishAsync('homeguard/front/preview', picture, {
    qos: 0,
    retain: true,
    properties: { ...properties, messageExpiryInterval: 10 },
  });
  await until('both', () => new5.length === 1 && new4.length === 1);
  assert.equal(new5[0]?.properties?.contentType, 'image/jpeg');
  assert.deepEqual({ ...new5[0]?.properties?.userProperties }, properties.userProperties);
  assert.deepEqual(new4[0]?.payload, picture);
  const late = await receive(await connect(5), 'homeguard/+/preview');
  await until('retained preview', () => late.length === 1);
  assert.equal(late[0]?.retain, true);
  assert.equal(late[0]?.properties?.contentType, 'image/jpeg');
  assert.deepEqual({ ...late[0]?.properties?.userProperties }, properties.userProperties);
  assert.ok(Number(late[0]?.properties?.messageExpiryInterval) <= 10, 'what is left of its time goes with it');
});

test('a retained preview is gone when its time is over', async (t) => {
  const { connect } = await setUp(t);
  const publisher = await connect(5);
  const send = (topic: string, seconds: number) =>
    publisher.publishAsync(topic, picture, { qos: 0, retain: true, properties: { messageExpiryInterval: seconds } });
  await send('homeguard/a/preview', 1);
  await send('homeguard/b/preview', 100);
  const received = await receive(await connect(4), 'homeguard/+/preview');
  await until('both', () => received.length === 2);
  await until(
    'expiry of the first',
    async () => {
      const reader = await connect(4);
      const seen = await receive(reader, 'homeguard/+/preview');
      await until('the second', () => seen.some(({ topic }) => topic === 'homeguard/b/preview'));
      await reader.endAsync();
      return seen.length === 1;
    },
    { ms: 4000 },
  );
});

test('an empty retained message clears the topic', async (t) => {
  const { connect } = await setUp(t);
  const publisher = await connect();
  await publisher.publishAsync('a/preview', picture, { retain: true, qos: 1 });
  await publisher.publishAsync('a/preview', '', { retain: true, qos: 1 });
  await publisher.publishAsync('b', 'x', { retain: true, qos: 1 });
  const received = await receive(await connect(), '#');
  await until('the other topic', () => received.some(({ topic }) => topic === 'b'));
  assert.ok(!received.some(({ topic }) => topic === 'a/preview'));
});

/** The counts that the broker tells for a camera. */
async function keepCounts(connect: () => Promise<MqttClient>, camera = 'front') {
  const received = await receive(await connect(), `homeguard/${camera}/viewers/broker`);
  const counts = () => received.map(({ payload }) => Number(payload));
  return { counts, last: (count: number) => until(`count ${count}`, () => counts().at(-1) === count, { ms: 2000 }) };
}

test('the broker counts who wants frames: by name, by wildcard, until they leave or break off', async (t) => {
  const { connect } = await setUp(t);
  const { counts, last } = await keepCounts(connect);
  await (await connect()).publishAsync('homeguard/front/status', 'online', { qos: 1, retain: true });
  await last(0);
  const byName = await connect(4);
  await byName.subscribeAsync('homeguard/front/frame');
  await last(1);
  const byWildcard = await connect(5);
  await byWildcard.subscribeAsync(['homeguard/+/frame', '#']);
  await last(2);
  await byName.unsubscribeAsync('homeguard/front/frame');
  await last(1);
  byWildcard.stream.destroy();
  await last(0);
  assert.deepEqual(counts(), [0, 1, 2, 1, 0]);
});

test('the count is retained, and previews do not count', async (t) => {
  const { connect } = await setUp(t);
  await (await connect()).publishAsync('homeguard/front/status', 'online', { qos: 1 });
  const viewer = await connect();
  await viewer.subscribeAsync('homeguard/front/preview');
  await viewer.subscribeAsync('homeguard/front/frame');
  const early = await keepCounts(connect);
  await early.last(1);
  const late = await receive(await connect(), 'homeguard/+/viewers/+');
  await until('retained count', () => late.length === 1);
  assert.deepEqual([late[0]?.retain, String(late[0]?.payload)], [true, '1']);
});

test('gateways count for themselves: the broker leaves them out, by user, or by client id where there are no users', async (t) => {
  const { bus } = await setUp(t, {});
  const watch = async (url: string, login: object, gateway: object, other: object) => {
    const connect = () => connectMqtt(t, url, login);
    const { counts, last } = await keepCounts(connect);
    await (await connect()).publishAsync('homeguard/front/status', 'online', { qos: 1 });
    await last(0);
    await (await connectMqtt(t, url, gateway)).subscribeAsync('homeguard/front/frame');
    const one = await connectMqtt(t, url, other);
    await one.subscribeAsync('homeguard/front/frame');
    await last(1);
    await one.unsubscribeAsync('homeguard/front/frame');
    await last(0);
    assert.deepEqual(counts(), [0, 1, 0]);
  };
  await watch(bus.url, bus.login('camera'), bus.login('gateway'), { ...bus.login('homeassistant'), clientId: 'gateway' });
  const open = await startTestBroker(t, { BROKER_AUTH: 'off' });
  await watch(open.url, {}, { clientId: 'homeguard-gateway-hall-8080-front' }, { clientId: 'gateway', username: 'gateway' });
});

test('who comes back under its client id before the old connection has ended counts once', async (t) => {
  const { connect } = await setUp(t);
  const { counts, last } = await keepCounts(connect);
  await (await connect()).publishAsync('homeguard/front/status', 'online', { qos: 1 });
  await last(0);
  const old = await connect(5, { clientId: 'the-same' });
  await old.subscribeAsync('homeguard/front/frame');
  await last(1);
  const closed = untilEvent(old, 'close');
  const taker = await connect(5, { clientId: 'the-same' });
  await taker.subscribeAsync('homeguard/front/frame');
  await closed;
  await last(1);
  await taker.endAsync();
  await last(0);
  assert.ok(counts().every((count) => count <= 1));
});

test('a session that is resumed counts again without subscribing anew', async (t) => {
  const { connect } = await setUp(t);
  const { last } = await keepCounts(connect);
  await (await connect()).publishAsync('homeguard/front/status', 'online', { qos: 1 });
  const session = { clean: false, clientId: 'comes-back' };
  const first = await connect(4, session);
  await first.subscribeAsync('homeguard/front/frame');
  await last(1);
  await first.endAsync();
  await last(0);
  await connect(4, session);
  await last(1);
});

test('a Last Will is delivered when a connection breaks, not when it ends well; an empty one clears what was retained', async (t) => {
  for (const version of [4, 5] as const) {
    const { connect } = await setUp(t);
    const watcher = await connect();
    const received = await receive(watcher, 'homeguard/#');
    const statuses = () => received.filter(({ topic }) => topic === 'homeguard/front/status').map(({ payload }) => String(payload));
    const will = (topic: string, payload: string) => ({ will: { topic, payload: Buffer.from(payload), qos: 1 as const, retain: true } });
    const camera = await connect(version, will('homeguard/front/status', 'offline'));
    await camera.publishAsync('homeguard/front/status', 'online', { qos: 1, retain: true });
    camera.stream.destroy();
    await until('will', () => statuses().at(-1) === 'offline');
    const polite = await connect(version, will('homeguard/front/status', 'offline'));
    await polite.publishAsync('homeguard/front/status', 'online', { qos: 1, retain: true });
    await polite.endAsync();
    const gateway = await connect(version, will('homeguard/front/viewers/gateway-a', ''));
    await gateway.publishAsync('homeguard/front/viewers/gateway-a', '3', { qos: 1, retain: true });
    await until('count', () => received.some(({ topic }) => topic.endsWith('gateway-a')));
    gateway.stream.destroy();
    await until('empty will', () => received.filter(({ topic }) => topic.endsWith('gateway-a')).at(-1)?.payload.length === 0);
    const late = await receive(await connect(), 'homeguard/front/#');
    await until('what is retained', () => late.some(({ topic }) => topic.endsWith('/status')));
    assert.deepEqual(statuses(), ['online', 'offline', 'online']);
    assert.ok(!late.some(({ topic }) => topic.endsWith('gateway-a')), 'it was cleared');
  }
});

test("a Last Will's delay stays with the broker, and its other properties go with it", async (t) => {
  const { connect } = await setUp(t);
  const watcher = await connect(5);
  const seen = new Promise<IPublishPacket>((resolve) => watcher.on('message', (_topic, _payload, packet) => resolve(packet)));
  await watcher.subscribeAsync('gone');
  const properties = { willDelayInterval: 0, userProperties: { why: 'broken' } };
  const client = await connect(5, { will: { topic: 'gone', payload: Buffer.from('x'), qos: 0, retain: false, properties } });
  client.stream.destroy();
  const { userProperties, ...others } = (await seen).properties ?? {};
  assert.deepEqual({ ...userProperties }, { why: 'broken' });
  assert.deepEqual(others, {});
});

test('a connection within the process is like one over a socket: login, messages both ways, frames by reference, end', async (t) => {
  const { bus, connect } = await setUp(t, {});
  const inside = await joinMqtt(t, () => bus.broker.connect(), { ...bus.login('homeassistant'), clientId: 'inside' });
  const outside = await connect(5, bus.login('homeassistant'));
  const [inward, outward] = [await receive(inside, 'in/#'), await receive(outside, 'out/#')];
  const large = stamped(tinyJpeg({ size: 300_000 }), 7);
  await inside.publishAsync('out/frame', large, { properties });
  await inside.publishAsync('out/text', 'hello', { qos: 1 });
  await outside.publishAsync('in/frame', large, { properties });
  await outside.publishAsync('in/text', 'hello', { qos: 1 });
  await until('all four', () => inward.length === 2 && outward.length === 2);
  for (const [frame, message] of [inward, outward]) {
    assert.ok(frame?.payload.equals(large));
    assert.equal(String(message?.payload), 'hello');
  }
  const wrong = joinMqtt(t, () => bus.broker.connect(), { username: 'camera', password: 'wrong' });
  await assert.rejects(wrong, /[Nn]ot authorized/);
  const closed = untilEvent(inside, 'close');
  await bus.stop();
  await closed;
});

test('mosquitto_sub gets pictures whole and with their properties, in both versions', async (t) => {
  const { bus, connect } = await setUp(t);
  const publisher = await connect();
  await publisher.publishAsync('homeguard/front/preview', picture, {
    retain: true,
    properties: { ...properties, messageExpiryInterval: 10 },
  });
  await publisher.publishAsync('homeguard/door/preview', picture, { retain: true, properties });
  const run = async (version: string, ...format: string[]) => {
    const args = ['-p', `${bus.broker.address.port}`, '-V', version, '-t', 'homeguard/front/preview', '-C', '1', '-W', '5', ...format];
    const { stdout } = await promisify(execFile)('mosquitto_sub', args, { encoding: 'buffer' });
    return stdout;
  };
  for (const version of ['mqttv311', 'mqttv5']) {
    assert.deepEqual(await run(version, '-N'), picture);
    assert.equal(String(await run(version, '-F', '%t %l %q %r')), `homeguard/front/preview ${picture.length} 0 1\n`);
  }
  // %C: content type, %P: user properties.
  const said = String(await run('mqttv5', '-F', '%C|%P'));
  assert.match(said, /^image\/jpeg\|/);
  assert.match(said, /seq:1/);
  assert.match(said, /t:1763800000000000/);
});

test('mosquitto_sub sees each of many messages, and a wildcard every camera', async (t) => {
  const { bus, connect } = await setUp(t);
  const publisher = await connect();
  const { last } = await keepCounts(connect, 'c1');
  await publisher.publishAsync('homeguard/c1/status', 'online', { qos: 1 });
  await last(0);
  const runs = ['mqttv311', 'mqttv5'].map((version) =>
    promisify(execFile)('mosquitto_sub', [
      ...['-p', `${bus.broker.address.port}`, '-V', version, '-q', '1', '-t', 'homeguard/+/frame', '-t', 'homeguard/+/state'],
      ...['-F', '%t %l', '-C', '40', '-W', '10'],
    ]),
  );
  await last(2);
  for (let i = 1; i <= 20; i++) {
    await publisher.publishAsync(`homeguard/c${i}/frame`, picture);
    await publisher.publishAsync(`homeguard/c${i}/state`, 'x'.repeat(i), { qos: 1 });
  }
  const wanted = Array.from({ length: 20 }, (_, i) => [
    `homeguard/c${i + 1}/frame ${picture.length}`,
    `homeguard/c${i + 1}/state ${i + 1}`,
  ]);
  for (const { stdout } of await Promise.all(runs)) assert.deepEqual(stdout.trim().split('\n').sort(), wanted.flat().sort());
  await last(0);
});
