import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../helpers/chromium.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { publishJpegs } from '../helpers/jpeg-topics.ts';
import { connectMqtt, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });

test('the page shows plain JPEGs of somebody else: live, without an age that nobody knows, and dark when they stop', async (t) => {
  const bus = await startTestBroker(t);
  const gateway = await startTestGateway(t, bus, { GATEWAY_AUTH: 'off' });
  const publisher = await connectMqtt(t, bus.url, { protocolVersion: 4, ...bus.login('camera') });
  const stop = publishJpegs(t, publisher, 'door', frames);
  const page = await (await launchChromium(t)).newPage();
  await page.goto(gateway.url);
  const text = async (element: string) => (await page.textContent(`#${element}`)) ?? '';
  await until('live picture with its rate', async () => (await text('label')) === 'Live' && Number.parseFloat(await text('rate')) > 8);
  assert.deepEqual([await text('name'), await text('age'), await text('size')], ['door', '–', '320 × 240']);
  stop();
  await until('words', async () => /No picture comes on the topic homeguard\/door\/frame/.test(await text('panel')));
  assert.equal(await text('label'), 'Camera sends no pictures');
  publishJpegs(t, publisher, 'door', frames);
  await until('live again', async () => (await text('label')) === 'Live');
});
