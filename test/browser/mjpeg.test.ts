import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { launchChromium } from '../helpers/chromium.ts';
import { startCamera } from '../helpers/fake-camera.ts';
import { startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const colours = ['red', 'lime', 'blue'];

test("Chromium's <img> shows the newest picture of a stream, not the last but one", async (t) => {
  const dir = makeWorkDir(t);
  const frames = await Promise.all(
    colours.map(async (colour) => {
      const file = join(dir, `${colour}.jpg`);
      await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `color=${colour}:size=64x64`, '-frames:v', '1', file]);
      return readFile(file);
    }),
  );
  const bus = await startTestBroker(t);
  const gateway = await startTestGateway(t, bus, { GATEWAY_AUTH: 'off' });
  const camera = await startCamera(t, { broker: bus.broker, login: bus.login }, 'front', frames);
  const page = await (await launchChromium(t)).newPage();
  await page.goto(`${gateway.url}healthz`);
  await page.evaluate(() => {
    const image = document.createElement('img');
    image.src = 'cameras/front/stream';
    document.body.append(image);
  });
  const shown = () =>
    page.evaluate(() => {
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      const image = document.querySelector('img');
      if (!context || !image?.naturalWidth) return null;
      context.drawImage(image, 0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
      return ['red', 'lime', 'blue'][[red, green, blue].indexOf(Math.max(red, green, blue))];
    });
  // Until the stream and its subscription are there, frames go nowhere.
  await until('first frame', async () => camera.send() && colours.includes((await shown()) ?? ''));
  // No frame follows until this one is seen: with late parts it never would be, placeholders aside, whose colour is none of these.
  for (let i = 0; i < 6; i++) {
    await until('a frame that goes out', () => camera.send());
    const { seq } = camera.sent.at(-1) ?? { seq: 0 };
    await until(`${colours[seq % 3]} on the page`, async () => (await shown()) === colours[seq % 3], { ms: 1000 });
  }
});
