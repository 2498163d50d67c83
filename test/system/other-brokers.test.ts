/** The services on a broker that is not ours: a real Mosquitto, reached in each way that MQTT_URL has, and one that speaks no MQTT 5. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { type Answer, type CameraState, readStamp } from '../../services/shared/contract.ts';
import { startCameraProgram, startTestCamera } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { mjpegFile } from '../helpers/frames.ts';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../helpers/mosquitto.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt, type Env, type Received, receive, startTestGateway } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { bearer, openLive, seqs } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** Programs begin slowly on a busy machine. */
const beginning = { ms: 15_000 };
const login = { username: 'house', password: 'the password of the house' };
const users = { [login.username]: login.password };
const loginEnv = { MQTT_USERNAME: login.username, MQTT_PASSWORD: login.password };
const film = await mjpegFile({ width: 320, height: 240, bytes: 20_000, seconds: 1 });

/** A Mosquitto, how the services come to it, and somebody there who reads everything: on Mosquitto nobody counts him as a viewer. */
async function setUp(t: TestContext, options: MosquittoOptions, envOf: (broker: Mosquitto) => Env) {
  const broker = await startMosquitto(t, options);
  const env = envOf(broker);
  const client = (protocolVersion: 4 | 5 = 5) => connectMqtt(t, broker.socketUrl, { protocolVersion, ...(options.users && login) });
  const bus = { url: env.MQTT_URL ?? '', settings: { dataDir: makeWorkDir(t) }, login: () => ({}) };
  return { broker, env, client, bus };
}

type House = Awaited<ReturnType<typeof setUp>>;

/** What has come on a camera's topic. */
const on = (seen: Received[], topic: string, id = 'camera') => seen.filter((each) => each.topic === `homeguard/${id}/${topic}`);
const last = (seen: Received[], topic: string) => String(on(seen, topic).at(-1)?.payload ?? '');
const conditionOf = (seen: Received[]) => (JSON.parse(last(seen, 'state') || '{}') as Partial<CameraState>).condition;

/** Whom Mosquitto has given a subscription since `mark`, a line each: `{client} {qos} {filter}`. */
const subscriptions = (broker: Mosquitto, mark: number) =>
  [
    ...broker
      .log()
      .slice(mark)
      .matchAll(/^\d+: (homeguard-\S+ \d \S+)$/gm),
  ].map(([, line = '']) => line);

/** A viewer comes and goes, settings go both ways, the broker ends and comes back, the camera is killed. */
async function live(t: TestContext, { broker, env, client, bus }: House): Promise<void> {
  const seen = await receive(await client(), 'homeguard/#');
  const camera = startCameraProgram(t, bus, { ...env, CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240' });
  const gateway = await startTestGateway(t, null, env);
  const url = `${gateway.url}cameras/camera`;
  const told = async () => (await (await fetch(url, { headers: bearer })).json()) as { settings: Record<string, { value: unknown }> };
  await until('preview', () => on(seen, 'preview').length > 0, beginning);
  await until('the camera at the gateway', async () => (await told()).settings.quality, beginning);
  assert.equal(on(seen, 'frame').length, 0, 'nobody watches');

  const first = await openLive(t, `${url}/ws`);
  await until('pictures', () => seqs(first.pictures).length >= 10);
  await until('live', () => conditionOf(seen) === 'live');
  first.socket.close();
  await until('idle', () => conditionOf(seen) === 'idle');
  const [frames, previews] = [on(seen, 'frame').length, on(seen, 'preview').length];
  assert.ok(frames >= 10);
  await until('another preview', () => on(seen, 'preview').length > previews);
  assert.ok(on(seen, 'frame').length <= frames + 1, 'frames end with the viewer');

  const viewer = await openLive(t, `${url}/ws`);
  assert.equal((await fetch(`${url}/quality`, { method: 'POST', headers: bearer, body: '50' })).status, 204);
  await until('the value on the bus', () => last(seen, 'quality') === '50');
  await (await client(4)).publishAsync('homeguard/camera/quality/set', '60', { qos: 1 });
  await until('the value at the gateway', async () => (await told()).settings.quality?.value === 60);

  await until('pictures', () => seqs(viewer.pictures).length > 0);
  await broker.stop();
  await until('the loss', async () => (await fetch(`${gateway.url}readyz`, { headers: bearer })).status === 503);
  const mark = broker.log().length;
  await broker.start();
  const before = seqs(viewer.pictures).length;
  await until('pictures again', () => seqs(viewer.pictures).length > before + 5);
  const again = await receive(await client(), 'homeguard/#');
  await until('all values', () => last(again, 'status') === 'online' && last(again, 'quality') === '60');
  const granted = subscriptions(broker, mark);
  assert.deepEqual(granted.toSorted(), [...new Set(granted)].sort(), 'one of each');
  assert.equal(granted.filter((line) => line.endsWith('homeguard/camera/frame')).length, 1);
  await (await client()).publishAsync('homeguard/camera/quality/set', '70', { qos: 1 });
  await until('its answer', () => on(again, 'answer').some(({ payload }) => (JSON.parse(String(payload)) as Answer).value === '70'));
  assert.equal(on(again, 'answer').length, 1);
  const numbers = seqs(viewer.pictures);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    'each picture once',
  );

  camera.signal('SIGKILL');
  await until('offline', () => last(again, 'status') === 'offline');
}

/** Something in front of a broker that refuses MQTT 5 as one of 3.1.1 does (3.2.2.3), and else is not there. */
async function withoutFive(t: TestContext, port: number): Promise<{ url: string; refused: () => number }> {
  let refused = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', (connect) => {
      // Behind the packet's type and length come six bytes of name, then the level.
      if (connect.readUInt8(connect.findIndex((byte, i) => i > 0 && byte < 0x80) + 7) === 5) {
        refused++;
        socket.end(Buffer.from([0x20, 2, 0, 1]));
        return;
      }
      const behind = net.connect(port, '127.0.0.1').on('error', () => socket.destroy());
      sockets.add(behind);
      behind.on('close', () => socket.destroy()).write(connect);
      socket.on('close', () => behind.destroy()).pipe(behind);
      behind.pipe(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await untilEvent(server, 'listening');
  defer(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`, refused: () => refused };
}

describe('on Mosquitto', { concurrency: 7 }, () => {
  test('with MQTT 5, user and password, over TCP', async (t) => {
    await live(t, await setUp(t, { users }, ({ url }) => ({ MQTT_URL: url, ...loginEnv })));
  });

  test('over TLS, with a certificate of an own authority', async (t) => {
    await live(t, await setUp(t, { users, tls: true }, ({ url, ca }) => ({ MQTT_URL: url, MQTT_TLS_CA: ca, ...loginEnv })));
  });

  test('over its Unix socket', async (t) => {
    await live(t, await setUp(t, {}, ({ socketUrl }) => ({ MQTT_URL: socketUrl })));
  });

  test('with MQTT 3.1.1, where it refuses 5', async (t) => {
    const house = await setUp(t, { users }, () => loginEnv);
    const front = await withoutFive(t, house.broker.port);
    const env = { ...house.env, MQTT_URL: front.url };
    await live(t, { ...house, env });
    assert.ok(front.refused() >= 3, 'each connection has tried 5 once');
    assert.doesNotMatch(house.broker.log(), /as homeguard-\S+ \(p5/);
    assert.match(house.broker.log(), /as homeguard-camera-camera \(p2/);
  });

  test('MQTT 5 subscribers get properties with the same bytes that 3.1.1 gets; CAMERA_ALWAYS needs no viewer', async (t) => {
    const { env, bus, client } = await setUp(t, {}, ({ url }) => ({ MQTT_URL: url }));
    const [five, four] = [await receive(await client(5), 'homeguard/door/+'), await receive(await client(4), 'homeguard/door/+')];
    await startTestCamera(t, bus, { ...env, CAMERA_ID: 'door', CAMERA_SOURCE: film, CAMERA_ALWAYS: 'true' });
    await until('frames', () => on(five, 'frame', 'door').length >= 30 && on(four, 'frame', 'door').length >= 30, beginning);
    await (await client(5)).publishAsync('homeguard/door/snapshot/set', '{"id":"abc"}', { qos: 1 });
    await until('snapshots', () => on(five, 'snapshot', 'door').length > 0 && on(four, 'snapshot', 'door').length > 0);
    for (const [topic, more] of Object.entries({ frame: {}, preview: {}, snapshot: { id: 'abc' } })) {
      const picture = on(five, topic, 'door')[0] ?? assert.fail(topic);
      const { seq, t: time } = readStamp(picture.payload) ?? assert.fail('no stamp');
      assert.equal(picture.properties?.contentType, 'image/jpeg', topic);
      assert.deepEqual({ ...picture.properties?.userProperties }, { seq: String(seq), t: String(time), ...more }, topic);
      const same = on(four, topic, 'door').find(({ payload }) => readStamp(payload)?.seq === seq);
      assert.ok(same?.payload.equals(picture.payload) && same.properties === undefined, topic);
    }
    const late = await receive(await client(5), 'homeguard/door/preview');
    await until('the retained preview', () => late.length > 0);
    const seconds = Number(late[0]?.properties?.messageExpiryInterval);
    assert.ok(late[0]?.retain && seconds > 0 && seconds <= 10, `expires in ${seconds} s`);
  });

  test('a wrong password: both logs name what to set', async (t) => {
    const { env, bus } = await setUp(t, { users }, ({ url }) => ({ MQTT_URL: url, ...loginEnv, MQTT_PASSWORD: 'a wrong one' }));
    const camera = await startTestCamera(t, bus, { ...env, CAMERA_SOURCE: film });
    const gateway = await startTestGateway(t, null, env);
    for (const { lines } of [camera, gateway]) {
      await until('the refusal', () => lines.some(({ msg }) => /refuses our login: set MQTT_USERNAME and MQTT_PASSWORD/.test(msg)));
      assert.doesNotMatch(JSON.stringify(lines), /a wrong one/);
    }
  });

  test('a certificate that nobody vouches for: service, health check and doctor say so, and what to set', async (t) => {
    const { broker, env, bus } = await setUp(t, { tls: true }, ({ url }) => ({ MQTT_URL: url, CAMERA_SOURCE: film }));
    const camera = await startTestCamera(t, bus, env);
    const distrust = /certificate of the message bus at mqtts:\/\/localhost:\d+ is not believed \(.*\): set MQTT_TLS_CA to the file/;
    await until('the distrust', () => camera.lines.some(({ msg }) => distrust.test(msg)));
    const ask = async (main: string, ...args: string[]) => {
      const run = async (more: Env) => {
        const program = startProgram(t, { main, args, env: { ...env, ...more } });
        await program.exited;
        return program.output;
      };
      return await Promise.all([run({}), run({ MQTT_TLS_CA: broker.ca }), run({ MQTT_TLS_CA: '/nowhere/ca.pem' })]);
    };
    const [without, trusting, absent] = await ask('services/health/main.ts', 'camera');
    assert.match(without, distrust);
    assert.match(trusting, /^The bus knows no camera "camera"/);
    assert.match(absent, /^This check cannot be made: MQTT_TLS_CA names \/nowhere\/ca\.pem, which cannot be read \(ENOENT\)/);
    const [unbelieved, well, unread] = await ask('services/doctor/main.ts');
    assert.match(unbelieved, /✘ broker .*has a certificate that we do not trust\n.*`MQTT_TLS_CA=\/path\/to\/ca\.crt`/);
    assert.match(well, /✔ broker .*speaks MQTT 5, no login is asked for/);
    assert.match(unread, /✘ broker .*the file in MQTT_TLS_CA cannot be read/);
  });
});
