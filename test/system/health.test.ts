import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lookAt, startCameraProgram } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt, type Env, startTestBroker, startTestGateway, type TestBroker, token } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** What is asked answers or not, the check is done within 3 s; on a busy machine it is seen a little later. */
const LIMIT_MS = 5_000;

/** One run of the check: its one sentence, and whether it found the service well. */
async function check(t: TestContext, service: string, env: Env): Promise<{ well: boolean; says: string; ms: number }> {
  const began = performance.now();
  const program = startProgram(t, { main: 'services/health/main.ts', args: [service], env });
  const { code } = await program.exited;
  assert.ok(code === 0 || code === 1, program.output);
  assert.equal(program.stderr, '');
  assert.match(program.stdout, /^[^\n]+\n$/, 'one line');
  return { well: code === 0, says: program.stdout.trim(), ms: performance.now() - began };
}

const brokerEnv = ({ broker, settings }: TestBroker): Env => ({ BROKER_PORT: String(broker.address.port), DATA_DIR: settings.dataDir });
const cameraEnv = ({ url, settings }: TestBroker): Env => ({ MQTT_URL: url, DATA_DIR: settings.dataDir });

/** A server that takes connections, and says what it is told to at the first bytes. */
async function strangeServer(t: TestContext, says = ''): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => says && socket.end(says));
    defer(t, () => void socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  defer(t, () => void server.close());
  await untilEvent(server, 'listening');
  return String((server.address() as net.AddressInfo).port);
}

describe('health of the broker', { concurrency: 2 }, () => {
  test('well by TCP and by its Unix socket, and gone when it is gone', async (t) => {
    const path = join(makeWorkDir(t), 'broker.sock');
    const bus = await startTestBroker(t, { BROKER_SOCKET: path });
    assert.deepEqual((await check(t, 'broker', brokerEnv(bus))).says, `The broker answers MQTT on 127.0.0.1:${bus.broker.address.port}.`);
    const bySocket = { ...brokerEnv(bus), BROKER_SOCKET: path };
    assert.deepEqual((await check(t, 'broker', bySocket)).says, `The broker answers MQTT on ${path}.`);
    const { well, says } = await check(t, 'broker', { ...brokerEnv(bus), BROKER_HOST: '0.0.0.0', DATA_DIR: makeWorkDir(t) });
    assert.ok(well && /on 127\.0\.0\.1:\d+, though it refuses the login of this check/.test(says), says);
    await bus.stop();
    for (const env of [brokerEnv(bus), bySocket]) {
      const gone = await check(t, 'broker', env);
      assert.ok(!gone.well && /does not answer on .* \((ECONNREFUSED|ENOENT)\): its log says why/.test(gone.says), gone.says);
    }
    assert.equal(bus.lines.filter(({ msg }) => msg.startsWith('login refused')).length, 1);
  });

  test('somebody else on its port, and one that says nothing', async (t) => {
    const other = await check(t, 'broker', { BROKER_PORT: await strangeServer(t, 'HTTP/1.1 400 Bad Request\r\n\r\n') });
    assert.ok(!other.well && other.says.includes('does not answer on'), other.says);
    const nonsense = await check(t, 'broker', { BROKER_PORT: await strangeServer(t, '\x20\x00') });
    assert.ok(!nonsense.well && nonsense.says.includes('does not speak MQTT'), nonsense.says);
    const silent = await check(t, 'broker', { BROKER_PORT: await strangeServer(t) });
    assert.ok(!silent.well && silent.says.includes('(timeout)'), silent.says);
    assert.ok(silent.ms < LIMIT_MS, `${silent.ms} ms`);
    assert.ok(!(await check(t, 'broker', { BROKER_PORT: '0' })).well);
    const wrong = startProgram(t, { main: 'services/health/main.ts', args: ['toString'] });
    await wrong.ends({ code: 2 });
    assert.match(wrong.stderr, /health broker/);
  });
});

describe('health of the camera', { concurrency: 2 }, () => {
  test('publishing, killed, come back, stopped; all the while with the settings of the service', async (t) => {
    const bus = await startTestBroker(t);
    const env = { CAMERA_ID: 'front', CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240' };
    const health = () => check(t, 'camera', { ...cameraEnv(bus), ...env });
    const none = await health();
    assert.ok(!none.well && none.says.includes('knows no camera "front"'), none.says);
    assert.ok(none.ms < LIMIT_MS, `${none.ms} ms`);
    const camera = startCameraProgram(t, bus, env);
    const viewer = await lookAt(t, bus, 'front');
    await until('a preview', () => viewer.on('preview').length > 0, { ms: 15_000 });
    assert.deepEqual(await health().then(({ well, says }) => ({ well, says })), { well: true, says: 'Camera "front" publishes pictures.' });
    camera.signal('SIGKILL');
    await until('offline', () => viewer.on('status').at(-1)?.payload.toString() === 'offline');
    const killed = await health();
    assert.ok(!killed.well && killed.says.includes('not on the bus'), killed.says);
  });

  test('dark, and says why: well; off: well; of two, one without a service: not', async (t) => {
    const bus = await startTestBroker(t);
    const env = { CAMERA_ID: 'front', CAMERA_SOURCE: '/dev/video77' };
    startCameraProgram(t, bus, env);
    const viewer = await lookAt(t, bus, 'front');
    await until('no-device', () => viewer.state?.condition === 'no-device', { ms: 15_000 });
    const dark = await check(t, 'camera', { ...cameraEnv(bus), ...env });
    assert.deepEqual(
      dark.says,
      'Camera "front" is well, but has no picture (no-device): /dev/video77 is not there: Plug in the camera; the picture then comes by itself.',
    );
    assert.ok(dark.well && dark.ms < LIMIT_MS);
    const client = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    await client.publishAsync('homeguard/front/capture/set', 'OFF', { qos: 1 });
    await until('off', () => viewer.state?.condition === 'off');
    const off = await check(t, 'camera', { ...cameraEnv(bus), ...env });
    assert.ok(off.well && off.says.includes('(off)'), off.says);
    const both = await check(t, 'camera', { ...cameraEnv(bus), CAMERAS: 'front=/dev/video77,door=test' });
    assert.ok(!both.well && /"front" is well.*knows no camera "door"/.test(both.says), both.says);
  });

  test('a service that is there but publishes nothing, and one without a preview by its settings', async (t) => {
    const bus = await startTestBroker(t);
    const client = await connectMqtt(t, bus.url, bus.login('camera'));
    const tell = (topic: string, text: string) => client.publishAsync(`homeguard/front/${topic}`, text, { qos: 1, retain: true });
    await tell('status', 'online');
    await tell('state', JSON.stringify({ condition: 'live', cause: null, advice: null, since: new Date().toISOString() }));
    const env = { ...cameraEnv(bus), CAMERA_ID: 'front' };
    const stuck = await check(t, 'camera', env);
    assert.ok(!stuck.well && stuck.says.includes('has published no picture for 10 s: start its service again'), stuck.says);
    assert.ok(stuck.ms < LIMIT_MS, `${stuck.ms} ms`);
    assert.ok((await check(t, 'camera', { ...env, CAMERA_PREVIEW_FPS: '0' })).well);
  });

  test('no bus, a bus that refuses the login, a secret that may not be read, settings that are wrong', async (t) => {
    const bus = await startTestBroker(t);
    const stranger = await check(t, 'camera', { ...cameraEnv(bus), DATA_DIR: makeWorkDir(t) });
    assert.ok(!stranger.well && stranger.says.includes("refuses the camera's login"), stranger.says);
    await bus.stop();
    const gone = await check(t, 'camera', cameraEnv(bus));
    assert.ok(!gone.well && /does not answer \(ECONNREFUSED\): start the broker, or set MQTT_URL/.test(gone.says), gone.says);
    const secret = join(bus.settings.dataDir, 'secrets/mqtt-camera');
    renameSync(secret, `${secret}.kept`);
    renameSync(join(bus.settings.dataDir, 'secrets'), join(bus.settings.dataDir, 'secrets.kept'));
    const without = await check(t, 'camera', cameraEnv(bus));
    assert.ok(!without.well, without.says);
    const program = startProgram(t, { main: 'services/health/main.ts', args: ['camera'], env: { CAMERA_ID: 'No' } });
    await program.ends({ code: 1 });
    assert.match(program.stdout, /^This check cannot be made: one setting is wrong:\n {2}- CAMERA_ID is "No"/);
  });

  test('over a WebSocket, and over TLS that nobody vouches for', async (t) => {
    const bus = await startTestBroker(t);
    const web = await check(t, 'camera', { ...cameraEnv(bus), MQTT_URL: `ws://127.0.0.1:${await strangeServer(t, 'no')}` });
    assert.ok(!web.well && web.says.includes('does not answer'), web.says);
    const secure = await check(t, 'camera', { ...cameraEnv(bus), MQTT_URL: `mqtts://127.0.0.1:${await strangeServer(t, 'no')}` });
    assert.ok(!secure.well && secure.says.includes('does not answer'), secure.says);
  });
});

describe('health of the gateway', { concurrency: 2 }, () => {
  test('ready, refusing, without a bus, gone; below a path and without a login, too', async (t) => {
    const bus = await startTestBroker(t);
    const gateway = await startTestGateway(t, bus, { GATEWAY_BASE_PATH: '/cams' });
    const env = { GATEWAY_PORT: String(gateway.gateway.address.port), GATEWAY_BASE_PATH: '/cams', GATEWAY_TOKEN: token };
    await until('the bus', async () => (await check(t, 'gateway', env)).well);
    assert.match((await check(t, 'gateway', env)).says, /^The gateway is ready on 127\.0\.0\.1:\d+\/cams\/readyz\.$/);
    const refused = await check(t, 'gateway', { ...env, GATEWAY_TOKEN: 'another-token-of-the-tests' });
    assert.ok(!refused.well && refused.says.includes('refuses the token'), refused.says);
    await bus.stop();
    const busless = await check(t, 'gateway', env);
    assert.ok(!busless.well && /not ready \(503\): The (connection to the )?message bus at mqtt/.test(busless.says), busless.says);
    await gateway.stop();
    const gone = await check(t, 'gateway', env);
    assert.ok(!gone.well && gone.says.includes('(ECONNREFUSED)'), gone.says);
  });

  test('GATEWAY_AUTH=off, a token of the data folder, and a server that never answers', async (t) => {
    const bus = await startTestBroker(t);
    const open = await startTestGateway(t, bus, { GATEWAY_AUTH: 'off' });
    const portOf = (each: typeof open) => String(each.gateway.address.port);
    await until(
      'ready',
      async () => (await check(t, 'gateway', { GATEWAY_PORT: portOf(open), GATEWAY_AUTH: 'off', GATEWAY_HOST: '0.0.0.0' })).well,
    );
    const kept = await startTestGateway(t, bus, { GATEWAY_TOKEN: '' });
    await until('ready', async () => (await check(t, 'gateway', { GATEWAY_PORT: portOf(kept), DATA_DIR: bus.settings.dataDir })).well);
    const silent = await check(t, 'gateway', { GATEWAY_PORT: await strangeServer(t), GATEWAY_TOKEN: token });
    assert.ok(!silent.well && silent.says.includes('(timeout)') && silent.ms < LIMIT_MS, `${silent.says} ${silent.ms}`);
    const other = await check(t, 'gateway', { GATEWAY_PORT: await strangeServer(t, 'SSH-2.0-OpenSSH\r\n'), GATEWAY_TOKEN: token });
    assert.ok(!other.well && other.says.includes('no web server'), other.says);
  });
});
