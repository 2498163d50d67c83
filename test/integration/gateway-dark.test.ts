import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { startFront } from '../helpers/front-camera.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { connectMqtt, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive, type Seen, watchStream } from '../helpers/viewers.ts';

const size = { width: 320, height: 240 };
const frames = await readFrames({ ...size, count: 10, bytes: 20_000 });

const setUp = (t: TestContext, fps = 30) => startFront(t, frames, { fps });

/** A stream and a WebSocket; what holds for one viewer has to hold for the other. */
async function watchBoth(t: TestContext, url: string): Promise<Seen[][]> {
  const live = await openLive(t, `${url}cameras/front/ws`);
  return [watchStream(t, `${url}cameras/front/stream`).seen, live.pictures];
}

const placeholders = (seen: Seen[]) => seen.filter(({ stamp }) => stamp === null);

/** From `lost` on (ms): the first placeholder within 2 s, then at least one a second, all of the camera's size. */
async function assertPlaceholders(viewers: Seen[][], lost: number): Promise<Buffer> {
  const since = (seen: Seen[]) => placeholders(seen).filter(({ at }) => at >= lost);
  await until('four placeholders', () => viewers.every((seen) => since(seen).length >= 4), { ms: 8_000 });
  for (const seen of viewers) {
    const times = [lost, ...since(seen).map(({ at }) => at)];
    assert.ok((times[1] ?? 0) - lost <= 2_000, `the first came after ${(times[1] ?? 0) - lost} ms`);
    for (let i = 2; i < times.length; i++) {
      const gap = (times[i] ?? 0) - (times[i - 1] ?? 0);
      assert.ok(gap <= 1_250, `${gap} ms between two`); // 1 s, and what a busy machine adds
    }
    for (const { jpeg } of since(seen)) assert.deepEqual(jpegSize(jpeg), size);
  }
  return since(viewers[0] ?? [])[0]?.jpeg ?? Buffer.alloc(0);
}

async function assertLive(viewers: Seen[][], from = performance.now()): Promise<void> {
  await until('live frames', () => viewers.every((seen) => seen.filter(({ at, stamp }) => at >= from && stamp).length >= 5), { ms: 8_000 });
}

describe('a camera that has nothing to show', { concurrency: true }, () => {
  test('a page is told in words when frames stop, and when they are back; placeholders are marked', async (t) => {
    const { camera, url } = await setUp(t);
    const { messages, pictures } = await openLive(t, `${url}cameras/front/ws`);
    const told = () => messages.filter(({ type }) => type === 'state').map(({ condition }) => condition);
    await assertLive([pictures]);
    assert.deepEqual(new Set(told()), new Set(['live']));
    camera.pause();
    await until('no-frames', () => told().at(-1) === 'no-frames');
    assert.match(String(messages.at(-1)?.cause), /no frame arrives/);
    const placeholder = await until('placeholder', () => placeholders(pictures).at(-1));
    assert.equal(placeholder.jpeg.toString('latin1', 2, 27), '\xff\xfe\x00\x17homeguard placeholder');
    camera.play();
    await until('live', () => told().at(-1) === 'live');
  });

  test('its frames stop: placeholders, and live again with the next frame', async (t) => {
    const { camera, url } = await setUp(t);
    const viewers = await watchBoth(t, url);
    await assertLive(viewers);
    assert.deepEqual(viewers.flatMap(placeholders), []);
    camera.pause();
    const jpeg = await assertPlaceholders(viewers, performance.now());
    // A decoder takes it without a word.
    execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-f', 'mjpeg', '-i', 'pipe:0', '-f', 'null', '-'], { input: jpeg });
    camera.play();
    await assertLive(viewers);
    const before = viewers.map((seen) => placeholders(seen).length);
    await until(
      'a second of frames',
      () => (viewers[0]?.at(-1)?.stamp?.seq ?? 0) >= camera.sent.length - 2 && (viewers[0]?.length ?? 0) > 60,
    );
    assert.deepEqual(
      viewers.map((seen) => placeholders(seen).length),
      before,
    );
  });

  test('its frames never begin', async (t) => {
    const { url } = await setUp(t, 0);
    const began = performance.now();
    await assertPlaceholders(await watchBoth(t, url), began);
  });

  test('its service is killed, and comes back', async (t) => {
    const { bus, camera, url } = await setUp(t);
    const viewers = await watchBoth(t, url);
    await assertLive(viewers);
    await camera.kill();
    await assertPlaceholders(viewers, performance.now());
    const again = await startCamera(t, bus, 'front', frames);
    again.play();
    await assertLive(viewers);
  });

  test('its device is gone: the placeholder says why, at once, and again when the cause changes', async (t) => {
    const { camera, url } = await setUp(t);
    const viewers = await watchBoth(t, url);
    await assertLive(viewers);
    camera.pause();
    camera.setState('no-device', { cause: 'There is no /dev/video0.', advice: 'Plug the camera in.' });
    const lost = performance.now();
    const jpeg = await assertPlaceholders(viewers, lost);
    assert.ok((placeholders(viewers[0] ?? []).at(0)?.at ?? 0) - lost < 1_000);
    camera.setState('device-busy', { cause: 'Held by 4711 (vlc).', advice: 'Close it.' });
    await until('another placeholder', () => viewers.every((seen) => !seen.at(-1)?.jpeg.equals(jpeg)), { ms: 1_500 });
    // Who comes now sees it at once.
    const late = watchStream(t, `${url}stream`);
    await until('placeholder', () => late.seen.length === 1, { ms: 1_000 });
    assert.ok(late.seen[0]?.jpeg.equals(viewers[0]?.at(-1)?.jpeg ?? Buffer.alloc(0)));
    camera.setState('live');
    camera.play();
    await assertLive([...viewers, late.seen]);
  });

  test('the bus is lost, and comes back with everything', async (t) => {
    const first = await startTestBroker(t);
    const { dataDir } = first.settings;
    const port = String(first.broker.address.port);
    const camera = await startCamera(t, { url: first.url, login: first.login }, 'front', frames);
    camera.play();
    const { url } = await startTestGateway(t, null, { MQTT_URL: first.url, DATA_DIR: dataDir });
    await until('camera at the gateway', async () => (await fetch(`${url}cameras/front`, { headers: bearer })).status === 200);
    const viewers = await watchBoth(t, url);
    await assertLive(viewers);
    await first.stop();
    const lost = performance.now();
    await assertPlaceholders(viewers, lost);
    await startTestBroker(t, { BROKER_PORT: port, DATA_DIR: dataDir });
    const back = performance.now();
    await assertLive(viewers, back);
    assert.ok(performance.now() - back <= 5_000);
    await until('readiness', async () => (await fetch(`${url}readyz`, { headers: bearer })).status === 200);
  });

  test('states that are none, and states with anything in them, do no harm', async (t) => {
    const { bus, camera, url } = await setUp(t);
    const viewers = await watchBoth(t, url);
    await assertLive(viewers);
    const mischief = await connectMqtt(t, bus.url, bus.login('camera'));
    for (const state of [
      '',
      '{',
      'null',
      '[]',
      '{"condition":5}',
      '{"condition":"no-device","cause":5,"advice":{"a":1},"name":[],"format":7}',
    ]) {
      await mischief.publishAsync('homeguard/front/state', state, { qos: 1 });
    }
    await until('its picture', () => viewers.every((seen) => placeholders(seen).length > 0));
    for (const bytes of ['', 'no picture', '\xff\xd8 half'])
      await mischief.publishAsync('homeguard/front/frame', Buffer.from(bytes, 'latin1'));
    camera.setState('live');
    await assertLive(viewers);
    assert.ok(viewers.flat().every(({ jpeg }) => jpeg.readUInt16BE(0) === 0xffd8));
  });
});
