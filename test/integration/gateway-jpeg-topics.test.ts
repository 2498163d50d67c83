import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { MqttClient } from 'mqtt';
import { defer } from '../helpers/cleanup.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { parseMetrics, sampleOf } from '../helpers/prometheus.ts';
import { connectMqtt, receive, startTestBroker, startTestGateway, type TestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive, watchStream } from '../helpers/viewers.ts';

const size = { width: 320, height: 240 };
const frames = await readFrames({ ...size, count: 10, bytes: 20_000 });
const door = { camera: 'door' };

interface View {
  id: string;
  condition: string;
  cause: string | null;
  advice: string | null;
  since: string;
  fps: number;
  size: unknown;
  [name: string]: unknown;
}

/** Brokers, each with a client of MQTT 3.1.1 for a publisher that knows nothing of HomeGuard, and the gateway. */
const buses = {
  'our own broker': async (t: TestContext) => {
    const bus = await startTestBroker(t);
    const gateway = await startTestGateway(t, bus);
    return { gateway, connect: () => connectMqtt(t, bus.url, { protocolVersion: 4, ...bus.login('camera') }) };
  },
  Mosquitto: async (t: TestContext) => {
    const { url } = await startMosquitto(t);
    const gateway = await startTestGateway(t, null, { MQTT_URL: url });
    return { gateway, connect: () => connectMqtt(t, url, { protocolVersion: 4 }) };
  },
};

async function cameras({ url }: TestGateway): Promise<View[]> {
  return (await (await fetch(`${url}cameras`, { headers: bearer })).json()) as View[];
}

const viewOf = async (gateway: TestGateway, id = 'door') => (await cameras(gateway)).find((camera) => camera.id === id);

async function figure({ url }: TestGateway, name: string, labels: Record<string, string> = door): Promise<number | undefined> {
  return sampleOf(parseMetrics(await (await fetch(`${url}metrics`, { headers: bearer })).text()), name, labels);
}

/** Publishes the frames, as they are, from now on until what is returned is called. */
function play(t: TestContext, client: MqttClient, { fps = 10, id = 'door', retain = false } = {}): () => void {
  let sent = 0;
  // Not by the clock that tests set forward.
  const timer = setInterval(() => client.publish(`homeguard/${id}/frame`, frames[sent++ % frames.length] ?? '', { retain }), 1000 / fps);
  const stop = () => clearInterval(timer);
  defer(t, stop);
  return stop;
}

/** Sets the monotonic clock of this process forward. */
function setForward(t: TestContext): (ms: number) => void {
  const now = performance.now.bind(performance);
  let ahead = 0;
  t.mock.method(performance, 'now', () => now() + ahead);
  return (ms) => {
    ahead += ms;
  };
}

describe('any JPEG topic is a camera', { concurrency: true }, () => {
  for (const [name, setUp] of Object.entries(buses)) {
    test(`${name}: it is there within 5 s with rate and size, and is watched as any other; what is no picture is not passed on`, async (t) => {
      const { gateway, connect } = await setUp(t);
      const { url } = gateway;
      const publisher = await connect();
      const stop = play(t, publisher);
      const { fps, ...view } = await until('camera with its rate', async () => {
        const seen = await viewOf(gateway);
        return seen && seen.fps > 0 && seen;
      });
      assert.ok(Math.abs(fps - 10) < 2, `${fps}`);
      assert.ok(Math.abs(Date.parse(view.since) - Date.now()) < 5_000);
      assert.deepEqual(
        { ...view, since: '', format: { ...(view.format as object), fps: 10 } },
        {
          ...{ id: 'door', name: 'door', online: true, condition: 'live', cause: null, advice: null, since: '', test: false, device: null },
          format: { pixel: 'JPEG', ...size, fps: 10, encoded: false },
          ...{ size, settings: {}, viewers: 0, default: true },
        },
      );

      const streams = [watchStream(t, `${url}cameras/door/stream`), watchStream(t, `${url}?action=stream`)];
      const live = await openLive(t, `${url}cameras/door/ws`);
      const all = await openLive(t, `${url}ws`, { named: true });
      all.say({ watch: ['door'] });
      const viewers = [...streams.map(({ seen }) => seen), live.pictures, all.pictures];
      await until('pictures for all', () => viewers.every((seen) => seen.length >= 5));
      const isOurs = (jpeg: Buffer) => frames.some((frame) => frame.equals(jpeg));
      for (const seen of viewers)
        assert.ok(
          seen.every(({ jpeg }) => isOurs(jpeg)),
          'the same bytes',
        );
      assert.ok(Number(streams[0]?.parts[0]?.headers['x-timestamp']) > 1.7e9);
      const snapshot = await fetch(`${url}cameras/door/snapshot`, { headers: bearer });
      assert.equal(snapshot.status, 200);
      assert.ok(isOurs(Buffer.from(await snapshot.arrayBuffer())));
      const post = await fetch(`${url}cameras/door/fps`, { method: 'POST', body: '5', headers: bearer });
      assert.equal(post.status, 404);
      assert.match(((await post.json()) as { detail: string }).detail, /^Nothing can be set on camera "door"/);

      const [first = Buffer.alloc(0)] = frames;
      const sizeless = Buffer.from('\xff\xd8 no marker, no size \xff\xd9', 'latin1');
      const junk = [Buffer.alloc(0), Buffer.from('noise'), first.subarray(0, 9_000), first.subarray(100), sizeless];
      for (const bytes of junk) await publisher.publishAsync('homeguard/door/frame', bytes, { qos: 1 });
      await until(
        'counts',
        async () => (await figure(gateway, 'homeguard_gateway_frames_dropped_total', { ...door, cause: 'no-jpeg' })) === 5,
      );
      const huge = await connect();
      huge.publish('homeguard/door/frame', Buffer.concat([first, Buffer.alloc(9 << 20), first]));
      const before = viewers.map((seen) => seen.length);
      await until('more', () => viewers.every((seen, i) => seen.length >= (before[i] ?? 0) + 5));
      for (const seen of viewers)
        assert.ok(
          seen.every(({ jpeg }) => isOurs(jpeg)),
          'nothing else',
        );

      stop();
      const lost = performance.now();
      const dark = await until('placeholders', () => viewers.every((seen) => !isOurs(seen.at(-1)?.jpeg ?? first)) && viewers[0]?.at(-1));
      assert.ok(dark.at - lost <= 2_000, `${dark.at - lost}`);
      assert.deepEqual(jpegSize(dark.jpeg), size);
      const { condition, cause, advice } = (await viewOf(gateway)) ?? {};
      assert.equal(condition, 'no-frames');
      assert.equal(cause, 'No picture comes on the topic homeguard/door/frame.');
      assert.match(advice ?? '', /publishes them is switched on/);
      assert.equal(live.messages.at(-1)?.condition, 'no-frames');
      const resumed = viewers.map((seen) => seen.length);
      play(t, publisher, { fps: 20 });
      await until('pictures again', () => viewers.every((seen, i) => seen.slice(resumed[i]).some(({ jpeg }) => isOurs(jpeg))));
      await until('word of it', () => live.messages.at(-1)?.condition === 'live');
    });
  }
});

test('nobody watches: a few pictures in ten seconds; silent, back, and gone after ten minutes', async (t) => {
  const { gateway, connect } = await buses['our own broker'](t);
  const publisher = await connect();
  const listed = await receive(await connect(), 'homeguard/cameras');
  const lists = () => listed.map(({ payload }) => JSON.parse(payload.toString()) as View[]);
  const pause = play(t, publisher, { fps: 30 });
  await until('rate', async () => ((await viewOf(gateway))?.fps ?? 0) > 25);
  const sent = performance.now();
  await until('a second', () => performance.now() - sent > 1_000);
  const taken = (await figure(gateway, 'homeguard_gateway_frames_received_total')) ?? 0;
  assert.ok(taken >= 5 && taken <= 12, `${taken} pictures of more than 30`);
  const ahead = setForward(t);
  for (const looks of [2, 3]) {
    ahead(10_000);
    await until(`look ${looks}`, async () => ((await figure(gateway, 'homeguard_gateway_frames_received_total')) ?? 0) >= looks * 5);
    assert.ok(((await figure(gateway, 'homeguard_gateway_frames_received_total')) ?? 0) <= looks * 12);
  }
  pause();
  const told = (await viewOf(gateway))?.fps;
  assert.ok(told && Math.abs(told - 30) < 6, `${told}`);
  ahead(10_000);
  ahead(5_500);
  const silent = await until('silence', async () => {
    const view = await viewOf(gateway);
    return view?.condition === 'no-frames' && view;
  });
  assert.deepEqual([silent.fps, silent.online, silent.size, silent.format], [0, false, size, null]);
  const again = play(t, publisher);
  await until('it is back', async () => (await viewOf(gateway))?.condition === 'live');
  await until('rate', async () => Math.abs(((await viewOf(gateway))?.fps ?? 0) - 10) < 2);
  again();
  await until('the list of cameras', () => lists().at(-1)?.[0]?.condition === 'live');
  ahead(590_000);
  await until('silence', async () => (await viewOf(gateway))?.condition === 'no-frames');
  await until('the list of cameras', () => lists().at(-1)?.[0]?.condition === 'no-frames');
  ahead(11_000);
  await until('it has gone', async () => (await cameras(gateway)).length === 0);
  assert.equal(await figure(gateway, 'homeguard_camera_up'), undefined);
  await until('the list of cameras', () => lists().at(-1)?.length === 0);
  play(t, publisher);
  await until('it is back', async () => (await viewOf(gateway))?.condition === 'live');
});
