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
  publishJpegs(t, publisher, 'slow', frames, 1);
  const browser = await launchChromium(t);
  const open = async (id: string) => {
    const page = await browser.newPage();
    await page.goto(`${gateway.url}#${id}`);
    return { page, text: async (element: string) => (await page.textContent(`#${element}`)) ?? '' };
  };
  const door = await open('door');
  await until(
    'live picture with its rate',
    async () => (await door.text('label')) === 'Live' && Number.parseFloat(await door.text('rate')) > 8,
  );
  assert.deepEqual([await door.text('name'), await door.text('age'), await door.text('size')], ['door', '–', '320 × 240']);
  await until(
    'slow camera at the gateway',
    async () => ((await (await fetch(`${gateway.url}cameras/slow`)).json()) as { format: unknown }).format,
  );
  const slow = await open('slow');
  await until('its picture', async () => await slow.page.isVisible('#canvas'));
  assert.equal(await slow.text('label'), 'Age unknown', 'it may be seconds old, and is not said to be live');
  stop();
  await until('words', async () => /No picture comes on the topic homeguard\/door\/frame/.test(await door.text('panel')));
  assert.equal(await door.text('label'), 'Camera sends no pictures');
  publishJpegs(t, publisher, 'door', frames);
  await until('live again', async () => (await door.text('label')) === 'Live');
});
