import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraTopics } from '../../services/shared/contract.ts';
import { startCameraProgram } from '../helpers/camera-harness.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { mjpegFile } from '../helpers/frames.ts';
import { publishJpegs } from '../helpers/jpeg-topics.ts';
import { connectMqtt, receive, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

/** Programs begin slowly on a busy machine. */
const patience = { ms: 20_000 };
const topics = cameraTopics('homeguard', 'camera');

test('tiles get small frames, one camera alone its whole ones, a hidden page none', async (t) => {
  const bus = await startTestBroker(t);
  startCameraProgram(t, bus, { CAMERA_SOURCE: await mjpegFile() });
  const publisher = await connectMqtt(t, bus.url, { protocolVersion: 4, ...bus.login('camera') });
  publishJpegs(t, publisher, 'door', await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 }));
  const { url } = await startTestGateway(t, bus, { GATEWAY_AUTH: 'off' });
  const watcher = await connectMqtt(t, bus.url, bus.login('gateway'));
  const counts = await receive(watcher, topics.viewers('+'));
  await watcher.subscribeAsync(topics.smallViewers('+'));
  /** What the gateway asks of the camera: whole frames for so many viewers, small ones for so many, so many a second. */
  const wanted = () =>
    [topics.viewers('gateway'), topics.smallViewers('gateway')].map(
      (begin) => counts.findLast(({ topic }) => topic.startsWith(begin))?.payload.toString() ?? '',
    );
  const page = await (await launchChromium(t)).newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url);
  const drawn = (place: string) =>
    page.$eval(`${place} .view`, (view) => (view instanceof HTMLVideoElement ? view.videoWidth : (view as HTMLCanvasElement).width));

  await until('the wall', async () => (await page.$$('.tile')).length === 2, patience);
  await until('small frames asked for', () => assert.deepEqual(wanted(), ['0', '1 10']) ?? true, patience);
  await until('a small picture on its tile', async () => (await drawn('[data-camera=camera]')) === 640, patience);
  await until('its tile to be live', async () => (await page.getAttribute('[data-camera=camera]', 'data-kind')) === 'live', patience);

  await page.click('[data-camera=camera] a');
  await until('whole frames asked for', () => assert.deepEqual(wanted(), ['1', '']) ?? true, patience);
  await until('the whole picture', async () => (await page.textContent('#size')) === '1280 × 720', patience);

  await page.goBack();
  await until('small frames asked for again', () => assert.deepEqual(wanted(), ['0', '1 10']) ?? true, patience);

  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('nothing asked for', () => assert.deepEqual(wanted(), ['0', '']) ?? true, patience);
});
