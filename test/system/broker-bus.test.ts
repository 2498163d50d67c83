import assert from 'node:assert/strict';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import mqtt, { type Packet } from 'mqtt-packet';
import { Bus, type BusOptions } from '../../services/shared/bus.ts';
import { readOrMakeSecret, readSecret } from '../../services/shared/secrets.ts';
import { defer } from '../helpers/cleanup.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { stamped, tinyJpeg } from '../helpers/pictures.ts';
import { connectMqtt, type Env, receive, startTestBroker } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const open: Env = { BROKER_AUTH: 'off' };

function startBus(t: TestContext, options: Partial<BusOptions> & { url: string }) {
  const { log, lines } = keepLog();
  const bus = new Bus({ clientId: `bus-${Math.random()}`, credentials: () => ({}), maxPacketBytes: 1 << 20, log, ...options });
  defer(t, () => bus.close());
  return { bus, lines };
}

const connected = (bus: Bus) => until('connection', () => bus.connected);
const send = (bus: Bus, seq: number, topic = 'homeguard/front/frame') =>
  bus.publishPicture(topic, stamped(tinyJpeg({ size: 5_000 }), seq), { seq, t: seq });

/** A port that nobody listens on, to come back to. */
async function freePort(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await untilEvent(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

test('by TCP, by Unix socket and by IPv6: messages go both ways', async (t) => {
  const path = join(makeWorkDir(t), 'bus.sock');
  const first = await startTestBroker(t, { ...open, BROKER_SOCKET: path });
  const second = await startTestBroker(t, { ...open, BROKER_HOST: '::1' });
  for (const url of [first.url, `mqtt+unix://${path}`, `mqtt://[::1]:${second.broker.address.port}`]) {
    const { bus } = startBus(t, { url });
    await connected(bus);
    assert.equal(bus.trouble, null);
    const got: string[] = [];
    bus.subscribe('a/+', ({ topic, payload }) => got.push(`${topic} ${payload}`));
    bus.announce('a/b', 'x');
    await until('message', () => got[0] === 'a/b x');
  }
});

test('a picture goes out with its stamp as properties, a preview with its time to live', async (t) => {
  const broker = await startTestBroker(t, open);
  const { bus } = startBus(t, { url: broker.url });
  await connected(bus);
  const received = await receive(await connectMqtt(t, broker.url, { protocolVersion: 5 }), 'homeguard/front/+');
  assert.ok(send(bus, 42));
  await until('frame', () => received.length === 1);
  assert.equal(received[0]?.properties?.contentType, 'image/jpeg');
  assert.deepEqual({ ...received[0]?.properties?.userProperties }, { seq: '42', t: '42' });
  assert.deepEqual([received[0]?.qos, received[0]?.retain], [0, false]);
  bus.publishPicture('homeguard/front/preview', tinyJpeg(), { seq: 1, t: 1 }, { expirySeconds: 10 });
  const late = await receive(await connectMqtt(t, broker.url, { protocolVersion: 5 }), 'homeguard/front/preview');
  await until('retained preview', () => late.length === 1);
  assert.equal(late[0]?.retain, true);
  assert.ok(Number(late[0]?.properties?.messageExpiryInterval) <= 10);
  await bus.close({ 'homeguard/front/preview': '' });
  await until('its end', () => late.at(-1)?.payload.length === 0);
});

test('while there is no broker nothing queues: pictures are gone, of values the newest is announced', async (t) => {
  const port = await freePort();
  const { bus, lines } = startBus(t, { url: `mqtt://127.0.0.1:${port}` });
  const changes: boolean[] = [];
  bus.onChange((now) => changes.push(now));
  for (let i = 0; i < 100; i++) assert.ok(!send(bus, i));
  for (const value of ['1', '2', '3']) bus.announce('homeguard/front/fps', value);
  bus.publish('homeguard/front/telemetry', 'gone');
  await until('a sentence about it', () => bus.trouble?.includes('cannot be reached'));
  assert.match(
    bus.trouble ?? '',
    new RegExp(`^The message bus at mqtt://127.0.0.1:${port} cannot be reached \\(.*ECONNREFUSED.*\\): start the broker`),
  );
  const broker = await startTestBroker(t, { ...open, BROKER_PORT: port });
  const received = await receive(await connectMqtt(t, broker.url), 'homeguard/#');
  await connected(bus);
  const announced = () => received.filter(({ topic }) => topic !== 'homeguard/_broker/telemetry');
  await until('announced value', () => announced().length > 0);
  bus.announce('homeguard/front/fps', '4');
  await until('next value', () => received.some(({ payload }) => String(payload) === '4'));
  assert.deepEqual(
    announced().map(({ topic, payload }) => `${topic} ${payload}`),
    ['homeguard/front/fps 3', 'homeguard/front/fps 4'],
  );
  assert.equal(lines.filter(({ level }) => level >= 40).length, 1, 'the trouble is told once');
  assert.ok(changes.includes(true));
});

test('the broker ends and comes back empty: values are announced anew, there is one subscription of each, no frame waited', async (t) => {
  const port = await freePort();
  const first = await startTestBroker(t, { ...open, BROKER_PORT: port });
  const { bus } = startBus(t, { url: first.url, will: { topic: 'homeguard/front/status', payload: 'offline' } });
  await connected(bus);
  const got: string[] = [];
  bus.subscribe('homeguard/front/fps/set', ({ payload }) => got.push(String(payload)));
  bus.subscribe('homeguard/gone/#', ({ payload }) => got.push(`unwanted ${payload}`));
  bus.unsubscribe('homeguard/gone/#');
  bus.announce('homeguard/front/status', 'online');
  bus.announce('homeguard/front/fps', '30');
  await first.stop();
  await until('loss', () => !bus.connected);
  assert.match(bus.trouble ?? '', /The connection to the message bus at .* was lost; trying again every second/);
  for (let i = 0; i < 50; i++) send(bus, i);
  bus.announce('homeguard/front/fps', '10');
  bus.announce('homeguard/front/fps', '15');
  const second = await startTestBroker(t, { ...open, BROKER_PORT: port });
  await connected(bus);
  assert.equal(bus.trouble, null);
  const client = await connectMqtt(t, second.url);
  const received = await receive(client, 'homeguard/front/+');
  await until('announced values', () => received.length >= 2);
  await client.publishAsync('homeguard/front/fps/set', '5', { qos: 1 });
  await client.publishAsync('homeguard/gone/x', '5', { qos: 1 });
  await client.publishAsync('homeguard/front/fps/set', '6', { qos: 1 });
  await until('commands', () => got.length >= 2);
  assert.deepEqual(got, ['5', '6']);
  assert.deepEqual(received.map(({ topic, payload, retain }) => `${topic} ${payload} ${retain}`).sort(), [
    'homeguard/front/fps 15 true',
    'homeguard/front/status online true',
  ]);
});

test('values that change faster than they are acknowledged: the last one is the last one', async (t) => {
  const broker = await startTestBroker(t, open);
  const { bus } = startBus(t, { url: broker.url });
  await connected(bus);
  const received = await receive(await connectMqtt(t, broker.url), 'v');
  for (let i = 0; i <= 500; i++) bus.announce('v', `${i}`);
  await until('last value', () => String(received.at(-1)?.payload) === '500');
  assert.ok(received.length <= 3, `${received.length} were sent`);
});

test('the credentials are looked at again on each attempt', async (t) => {
  const dataDir = makeWorkDir(t);
  const broker = await startTestBroker(t, { DATA_DIR: makeWorkDir(t) });
  const { bus, lines } = startBus(t, {
    url: broker.url,
    credentials: () => ({ username: 'camera', password: readSecret(dataDir, 'own') ?? 'not yet' }),
  });
  await until('refusal', () => bus.trouble?.includes('refuses our login'));
  assert.match(bus.trouble ?? '', /set MQTT_USERNAME and MQTT_PASSWORD to a user it knows/);
  const { password = '' } = broker.login('camera');
  const file = readOrMakeSecret(dataDir, 'other');
  assert.notEqual(file, password);
  const { mkdirSync, writeFileSync } = await import('node:fs');
  mkdirSync(join(dataDir, 'secrets'), { recursive: true });
  writeFileSync(join(dataDir, 'secrets/own'), password);
  await connected(bus);
  assert.ok(lines.some(({ msg }) => msg === 'the message bus is back'));
  assert.ok(!JSON.stringify(lines).includes(password));
});

interface FakeServer {
  url: string;
  /** Of each CONNECT. */
  versions: number[];
  sockets: Set<net.Socket>;
}

/** Something that is nearly a broker: it says yes to every login but those that `answers` does, and whatever `answers` makes it say. */
async function startServer(
  t: TestContext,
  answers: (packet: Packet, answer: (packet: Packet) => void, socket: net.Socket) => boolean,
): Promise<FakeServer> {
  const versions: number[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const parser = mqtt.parser();
    let protocolVersion = 4;
    const answer = (packet: Packet) => void socket.write(mqtt.generate(packet, { protocolVersion }));
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        protocolVersion = packet.protocolVersion ?? 0;
        versions.push(protocolVersion);
      }
      if (answers(packet, answer, socket)) return;
      if (packet.cmd === 'connect') answer({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false });
      if (packet.cmd === 'publish' && packet.qos > 0) answer({ cmd: 'puback', messageId: packet.messageId });
    });
    socket.on('data', (chunk) => parser.parse(chunk));
  });
  server.listen(0, '127.0.0.1');
  await untilEvent(server, 'listening');
  defer(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`, versions, sockets };
}

/** A broker of yore, which refuses MQTT 5 in its own way. */
async function startOldBroker(t: TestContext, refuse: (socket: net.Socket) => void): Promise<FakeServer & { topics: string[] }> {
  const topics: string[] = [];
  const server = await startServer(t, (packet, _answer, socket) => {
    if (packet.cmd === 'publish') topics.push(packet.topic);
    if (packet.cmd !== 'connect' || packet.protocolVersion !== 5) return false;
    refuse(socket);
    return true;
  });
  return { ...server, topics };
}

const refusals: Record<string, Buffer> = {
  // MQTT 3.1.1, 3.2.2.3: unacceptable protocol version. What a 3.1.1 broker answers to any other version.
  'CONNACK 1': Buffer.from([0x20, 2, 0, 1]),
  // MQTT 5.0, 3.2.2.2: unsupported protocol version.
  'CONNACK 132': Buffer.from([0x20, 3, 0, 132, 0]),
};
for (const [words, bytes] of Object.entries(refusals)) {
  test(`a broker that refuses MQTT 5 with ${words} is spoken to in 3.1.1`, async (t) => {
    const old = await startOldBroker(t, (socket) => void socket.end(bytes));
    const { bus, lines } = startBus(t, { url: old.url });
    await connected(bus);
    assert.deepEqual(old.versions, [5, 4]);
    assert.ok(lines.some(({ msg }) => msg.includes('does not speak MQTT 5; going on with 3.1.1')));
    bus.announce('homeguard/front/status', 'online');
    assert.ok(send(bus, 1));
    await until('both messages', () => old.topics.length === 2);
  });
}

test('a broker that only closes the connection is tried again, and told of', async (t) => {
  const old = await startOldBroker(t, (socket) => socket.destroy());
  const { bus } = startBus(t, { url: old.url });
  await until('second attempt', () => old.versions.length >= 2);
  assert.ok(bus.trouble);
});

test('a message larger than we take is not sent to us, and costs nothing but itself', async (t) => {
  const broker = await startTestBroker(t, open);
  const { bus, lines } = startBus(t, { url: broker.url, maxPacketBytes: 10_000 });
  await connected(bus);
  const got: number[] = [];
  bus.subscribe('a', ({ payload }) => got.push(payload.length));
  const client = await connectMqtt(t, broker.url);
  await client.publishAsync('a', Buffer.alloc(9_000), { qos: 1 });
  await until('message', () => got.length === 1);
  for (const qos of [0, 1] as const) await client.publishAsync('a', Buffer.alloc(50_000), { qos });
  await client.publishAsync('a', 'small', { qos: 1 });
  await until('small message', () => got.length >= 2);
  assert.deepEqual(got, [9_000, 5]);
  assert.ok(bus.connected && lines.every(({ level }) => level < 40));
});

test('one that is sent all the same closes the connection, which comes back', async (t) => {
  const sizes = [50_000, 5];
  const server = await startServer(t, (packet, answer) => {
    if (packet.cmd !== 'subscribe') return false;
    answer({ cmd: 'suback', messageId: packet.messageId, granted: [0] });
    answer({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(sizes.shift() ?? 0), qos: 0, dup: false, retain: false });
    return true;
  });
  const { bus } = startBus(t, { url: server.url, maxPacketBytes: 10_000 });
  const got: number[] = [];
  bus.subscribe('a', ({ payload }) => got.push(payload.length));
  await until('small message', () => got.length > 0);
  assert.deepEqual(got, [5]);
});

test('a farewell arrives before the end, and the will does not', async (t) => {
  const broker = await startTestBroker(t, open);
  const { bus } = startBus(t, { url: broker.url, will: { topic: 's', payload: 'offline by will' } });
  await connected(bus);
  const received = await receive(await connectMqtt(t, broker.url), 's');
  bus.announce('s', 'online');
  await until('online', () => received.length === 1);
  await bus.close({ s: 'offline' });
  await until('farewell', () => received.length === 2);
  assert.deepEqual(
    received.map(({ payload }) => String(payload)),
    ['online', 'offline'],
  );
});

test('without a broker it closes at once', async (t) => {
  const { bus } = startBus(t, { url: `mqtt://127.0.0.1:${await freePort()}` });
  const began = performance.now();
  await bus.close({ s: 'offline' });
  assert.ok(performance.now() - began < 1_000);
});

test('a broker that takes nothing more: no picture while the last one is under way, and a stop does not wait for it', async (t) => {
  const server = await startServer(t, (packet, _answer, socket) => {
    if (packet.cmd === 'publish') socket.pause();
    return packet.cmd === 'publish';
  });
  const { bus } = startBus(t, { url: server.url });
  await connected(bus);
  bus.announce('homeguard/front/status', 'online');
  const jpeg = tinyJpeg({ size: 1_000_000 });
  let taken = 0;
  for (let i = 0; i < 200; i++) {
    if (bus.publishPicture('homeguard/front/frame', jpeg, { seq: i, t: i })) taken++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The kernel takes some megabytes.
  assert.ok(taken >= 1 && taken < 30, `${taken} of 200 were taken, each 1 MB`);
  const began = performance.now();
  await bus.close({ 'homeguard/front/status': 'offline' });
  assert.ok(performance.now() - began < 3_000);
});
