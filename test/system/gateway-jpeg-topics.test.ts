import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readFrames } from '../helpers/fake-camera.ts';
import { figureOf, publishJpegs, viewOf } from '../helpers/jpeg-topics.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { connectMqtt, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive, watchStream } from '../helpers/viewers.ts';

const size = { width: 320, height: 240 };
const frames = await readFrames({ ...size, count: 10, bytes: 20_000 });

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

describe('any JPEG topic is a camera', { concurrency: true }, () => {
  for (const [name, setUp] of Object.entries(buses)) {
    test(`${name}: it is there within 5 s with rate and size, and is watched as any other; what is no picture is not passed on`, async (t) => {
      const { gateway, connect } = await setUp(t);
      const { url } = gateway;
      const publisher = await connect();
      const stop = publishJpegs(t, publisher, 'door', frames);
      await until('camera with a rate', async () => ((await viewOf(gateway, 'door'))?.fps ?? 0) > 0);
      // The first pictures of a busy machine come in a heap; then the next look tells better.
      const { fps: _, ...view } = await until(
        'rate of 10',
        async () => {
          const seen = await viewOf(gateway, 'door');
          return seen && Math.abs(seen.fps - 10) < 2 && seen;
        },
        { ms: 15_000 },
      );
      assert.ok(Math.abs(Date.parse(view.since) - Date.now()) < 15_000);
      assert.deepEqual(
        { ...view, since: '', format: { ...(view.format as object), fps: 10 } },
        {
          ...{ id: 'door', name: 'door', online: true, condition: 'live', cause: null, advice: null, since: '', test: false, device: null },
          format: { pixel: 'JPEG', ...size, fps: 10, encoded: false },
          ...{ size, small: null, settings: {}, viewers: 0, default: true, control: true, topic: 'homeguard/door' },
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
        async () => (await figureOf(gateway, 'homeguard_gateway_frames_dropped_total', { camera: 'door', cause: 'no-jpeg' })) === 5,
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
      const { condition, cause, advice } = (await viewOf(gateway, 'door')) ?? {};
      assert.equal(condition, 'no-frames');
      assert.equal(cause, 'No picture comes on the topic homeguard/door/frame.');
      assert.match(advice ?? '', /publishes them is switched on/);
      assert.equal(live.messages.at(-1)?.condition, 'no-frames');
      const resumed = viewers.map((seen) => seen.length);
      publishJpegs(t, publisher, 'door', frames, 20);
      await until('pictures again', () => viewers.every((seen, i) => seen.slice(resumed[i]).some(({ jpeg }) => isOurs(jpeg))));
      await until('word of it', () => live.messages.at(-1)?.condition === 'live');
    });
  }
});
