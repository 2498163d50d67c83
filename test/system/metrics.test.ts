import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { startTestCamera } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { stalledViewer } from '../helpers/http.ts';
import { type Family, parseMetrics, sampleOf } from '../helpers/prometheus.ts';
import { connectMqtt, type Env, startTestBroker, startTestGateway, type TestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive, watchStream } from '../helpers/viewers.ts';

const front = { camera: 'front' };
const test1 = { camera: 'camera' };
const frames = await readFrames({ width: 1280, height: 720, count: 10, bytes: 160_000 });

async function scrape({ url }: TestGateway): Promise<Map<string, Family>> {
  const response = await fetch(`${url}metrics`, { headers: bearer });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await response.text());
}

async function figure(gateway: TestGateway, name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  return sampleOf(await scrape(gateway), name, labels);
}

/** Broker, fake camera and gateway. */
async function setUp(t: TestContext, env: Env = {}) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'front', frames);
  camera.play(30);
  const gateway = await startTestGateway(t, bus, env);
  await until('the camera', async () => (await figure(gateway, 'homeguard_camera_up', front)) === 1);
  return { bus, camera, gateway, stream: `${gateway.url}stream` };
}

describe('metrics', { concurrency: 3 }, () => {
  test('a camera service, its broker and its viewers, each by its figures, which move', async (t) => {
    const bus = await startTestBroker(t);
    const gateway = await startTestGateway(t, bus);
    await startTestCamera(t, bus, { CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240' });
    const is = (condition: string) => figure(gateway, 'homeguard_camera_condition', { ...test1, condition });
    await until('idle', async () => (await is('idle')) === 1, { ms: 10_000 });
    assert.equal(await figure(gateway, 'homeguard_gateway_viewers', test1), 0);
    assert.equal(await figure(gateway, 'homeguard_gateway_frames_received_total', test1), 0);
    // Nobody has to wait for 30 s.
    await until('telemetry of both', async () => {
      const seen = await scrape(gateway);
      return (
        sampleOf(seen, 'homeguard_camera_frames_total', test1) !== undefined && sampleOf(seen, 'homeguard_broker_clients') !== undefined
      );
    });
    const before = await figure(gateway, 'homeguard_camera_frames_total', test1);
    const viewer = watchStream(t, `${gateway.url}stream`);
    await until('frames', () => viewer.seen.length > 40);
    const seen = await scrape(gateway);
    const of = (name: string) => sampleOf(seen, name, test1) ?? Number.NaN;
    assert.equal(await is('live'), 1);
    assert.equal(of('homeguard_gateway_viewers'), 1);
    assert.ok(of('homeguard_gateway_frames_received_total') >= 40);
    assert.ok(of('homeguard_gateway_viewer_frames_sent_total') >= 40);
    assert.ok(of('homeguard_gateway_received_bytes_total') > 40 * 1000);
    assert.ok(of('homeguard_gateway_frame_age_seconds') > 0 && of('homeguard_gateway_frame_age_seconds') < 0.5);
    assert.ok(Math.abs(of('homeguard_gateway_last_frame_timestamp_seconds') - Date.now() / 1000) < 5);
    await until('the rate', async () => Math.abs(((await figure(gateway, 'homeguard_gateway_frames_per_second', test1)) ?? 0) - 30) < 6);
    await until('newer telemetry', async () => ((await figure(gateway, 'homeguard_camera_frames_total', test1)) ?? 0) > (before ?? 0));
    assert.equal(await figure(gateway, 'homeguard_camera_viewers', test1), 1);
    assert.equal(of('homeguard_camera_restarts_total'), 0);
    assert.equal(sampleOf(seen, 'homeguard_camera_frames_dropped_total', { ...test1, cause: 'cut-off' }), 0);
    assert.ok((sampleOf(seen, 'homeguard_broker_resident_memory_bytes') ?? 0) > 20e6);
    assert.ok((sampleOf(seen, 'homeguard_broker_clients') ?? 0) >= 1);
    assert.ok((sampleOf(seen, 'process_resident_memory_bytes') ?? 0) > 20e6);
    const cpu = sampleOf(seen, 'process_cpu_seconds_total') ?? 0;
    assert.ok(cpu > 0 && ((await figure(gateway, 'process_cpu_seconds_total')) ?? 0) > cpu);
  });

  test('they need a login, and those who have none are counted', async (t) => {
    const { gateway } = await setUp(t);
    const ask = async (headers: Record<string, string>) => (await fetch(`${gateway.url}metrics`, { headers, redirect: 'manual' })).status;
    assert.equal(await ask({}), 401);
    assert.equal(await ask({}), 401);
    assert.equal(await ask({ Authorization: 'Bearer wrong' }), 401);
    assert.equal(
      await ask({ Accept: 'text/html', 'Sec-Fetch-Site': 'none' }),
      303,
      'a browser is led to the login page, which is no refusal',
    );
    assert.equal(await ask({ ...bearer, Origin: 'http://evil.example' }), 200, 'no page can read the answer');
    const evil = await fetch(`${gateway.url}cameras/front/fps`, { method: 'POST', headers: { ...bearer, Origin: 'http://evil.example' } });
    assert.equal(evil.status, 403);
    const login = await fetch(`${gateway.url}login`, { method: 'POST', body: new URLSearchParams({ password: 'wrong' }) });
    assert.equal(login.status, 401);
    const refused = (await scrape(gateway))
      .get('homeguard_gateway_refused_total')
      ?.samples.map(({ labels, value }) => [labels.reason, value]);
    assert.deepEqual(Object.fromEntries(refused ?? []), {
      full: 0,
      'no-login': 2,
      'wrong-token': 1,
      'wrong-login': 1,
      'too-many-logins': 0,
      'no-right': 0,
      'bad-request': 0,
      'too-many-connections': 0,
      'too-many-messages': 0,
      stalled: 0,
      'other-origin': 1,
    });
    const said = gateway.lines.filter(({ reason }) => reason !== undefined).map(({ reason, client, path }) => [reason, client, path]);
    assert.deepEqual(said, [
      ['no-login', '127.0.0.1', '/metrics'],
      ['wrong-token', '127.0.0.1', '/metrics'],
      ['other-origin', undefined, '/cameras/front/fps'],
      ['wrong-login', '127.0.0.1', undefined],
    ]);
  });

  test('viewers for whom there is no room are counted, at every address', async (t) => {
    const { gateway, stream } = await setUp(t, { GATEWAY_MAX_VIEWERS: '1' });
    const viewer = watchStream(t, stream);
    await until('a picture', () => viewer.seen.length > 0);
    for (const path of ['stream', 'snapshot']) assert.equal((await fetch(`${gateway.url}${path}`, { headers: bearer })).status, 503);
    await assert.rejects(openLive(t, `${gateway.url}cameras/front/ws`), /503/);
    assert.equal(await figure(gateway, 'homeguard_gateway_refused_total', { reason: 'full' }), 3);
    assert.equal(gateway.lines.filter(({ reason }) => reason === 'full').length, 1, 'a flood is one line');
  });

  test('a bus that went and came back; meanwhile the condition says so', async (t) => {
    const first = await startTestBroker(t);
    const { port } = first.broker.address;
    const camera = await startCamera(t, { url: first.url, login: first.login }, 'front', frames);
    const gateway = await startTestGateway(t, null, { MQTT_URL: first.url, DATA_DIR: first.settings.dataDir });
    const connected = () => figure(gateway, 'homeguard_gateway_bus_connected');
    await until('the camera', async () => (await figure(gateway, 'homeguard_camera_up', front)) === 1);
    assert.deepEqual([await connected(), await figure(gateway, 'homeguard_gateway_bus_reconnections_total')], [1, 0]);
    await first.stop();
    await until('its end', async () => (await connected()) === 0);
    assert.equal(await figure(gateway, 'homeguard_camera_condition', { ...front, condition: 'bus-lost' }), 1);
    assert.equal(await figure(gateway, 'homeguard_camera_up', front), 0);
    await startTestBroker(t, { BROKER_PORT: String(port), DATA_DIR: first.settings.dataDir });
    await until('its return', async () => (await connected()) === 1);
    assert.equal(await figure(gateway, 'homeguard_gateway_bus_reconnections_total'), 1);
    await until('the camera again', async () => (await figure(gateway, 'homeguard_camera_up', front)) === 1);
    assert.ok(camera.bus.connected);
  });

  test("the broker's figures: pictures in and out, logins refused, a slow subscriber's drops", async (t) => {
    const { bus, gateway, camera } = await setUp(t);
    await assert.rejects(connectMqtt(t, bus.url, { username: 'camera', password: 'wrong' }));
    const client = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    await client.subscribeAsync('homeguard/front/frame');
    let got = 0;
    client.on('message', () => got++);
    await until('frames', () => got > 30);
    client.stream.pause();
    const sent = camera.sent.length;
    await until('frames that it does not read', () => camera.sent.length > sent + 60);
    // Whoever subscribes to it gets it at once.
    await (await connectMqtt(t, bus.url, bus.login('homeassistant'))).subscribeAsync('homeguard/_broker/telemetry');
    const of = async (name: string) => (await figure(gateway, `homeguard_broker_${name}`)) ?? 0;
    await until('its telemetry', async () => (await of('frames_received_total')) > 60);
    assert.equal(await of('logins_refused_total'), 1);
    assert.ok((await of('frames_sent_total')) > 30);
    assert.ok((await of('frames_dropped_total')) > 0);
    assert.ok((await of('clients')) >= 3 && (await of('subscriptions')) >= 3);
    assert.equal(await of('slow_clients_closed_total'), 0);
  });
});

test('a viewer that reads slowly misses frames; one that takes nothing is closed, counted and named', async (t) => {
  const { camera, gateway, stream } = await setUp(t);
  const missed = async () => (await figure(gateway, 'homeguard_gateway_viewer_frames_missed_total', front)) ?? 0;
  const stalled = await stalledViewer(t, stream, { headers: bearer });
  defer(t, () => void stalled.destroy());
  await until('frames that the first misses', async () => (await missed()) > 20, { ms: 15_000 });
  stalled.resume();
  await until('that it reads', async () => {
    const before = await missed();
    const sent = camera.sent.length;
    await until('frames', () => camera.sent.length > sent + 5);
    return (await missed()) === before;
  });
  stalled.pause();
  const live = await openLive(t, `${gateway.url}cameras/front/ws`);
  live.socket.pause();
  await until('frames that both miss', async () => (await missed()) > 100, { ms: 15_000 });
  assert.equal(await figure(gateway, 'homeguard_gateway_slow_viewers_closed_total', front), 0);
  // 30 s are not waited for: the monotonic clock of this process is set forward.
  const now = performance.now.bind(performance);
  let ahead = 0;
  t.mock.method(performance, 'now', () => now() + ahead);
  await until('end of both', async () => {
    // Again and again: the kernel may have taken something between the last two looks.
    ahead += 31_000;
    const sent = camera.sent.length;
    await until('frames', () => camera.sent.length > sent + 3);
    return (await figure(gateway, 'homeguard_gateway_viewers', front)) === 0;
  });
  assert.equal(await figure(gateway, 'homeguard_gateway_slow_viewers_closed_total', front), 2);
  const said = gateway.lines.filter(({ msg }) => msg.startsWith('slow viewer closed'));
  assert.deepEqual(
    said.map(({ msg, camera, client }) => [msg, camera, client]),
    [['slow viewer closed: it took nothing for 30 s', 'front', '127.0.0.1']],
  );
});
