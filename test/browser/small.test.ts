import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraTopics } from '../../services/shared/contract.ts';
import { startCameraProgram } from '../helpers/camera-harness.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { mjpegFile } from '../helpers/frames.ts';
import { publishJpegs } from '../helpers/jpeg-topics.ts';
import { openPage, text } from '../helpers/open-page.ts';
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

test('on a line of 1 Mbit/s, as the browser has it, the picture becomes smaller, says so, and is younger than a second from then on', async (t) => {
  const bus = await startTestBroker(t);
  startCameraProgram(t, bus, { CAMERA_SOURCE: await mjpegFile() });
  const { url } = await startTestGateway(t, bus, { GATEWAY_AUTH: 'off' });
  const page = await openPage(t, await launchChromium(t), url);
  await until('the whole picture', async () => (await text(page, 'size')) === '1280 × 720', patience);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const line = { offline: false, latency: 40, downloadThroughput: 125_000, uploadThroughput: 125_000 };
  await session.send('Network.emulateNetworkConditions', line);
  await until('a smaller picture', async () => (await text(page, 'size')) === '640 × 360', patience);
  assert.equal(await page.isVisible('#saving'), true);
  await until('a rate', async () => Number.parseFloat(await text(page, 'rate')) > 2, patience);
  const ages: number[] = [];
  while (ages.length < 40) {
    ages.push(ageOf(await text(page, 'age')));
    await page.waitForTimeout(100);
  }
  t.diagnostic(`${await text(page, 'rate')}, age at most ${Math.max(...ages)} ms`);
  assert.ok(Math.max(...ages) <= 1_000, ages.join());
});

/** `340 ms`, `1.2 s` -> ms */
function ageOf(told: string): number {
  const [value = '', unit] = told.split(' ');
  return Number.parseFloat(value) * (unit === 's' ? 1000 : 1);
}
