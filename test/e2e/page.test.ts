import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { startProgram } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const screenshots = join(import.meta.dirname, '../.work/screenshots');

/** How many different colours a coarse look at the picture finds: a live test picture has many, an empty place one. */
const colours = (page: Page) =>
  page.evaluate(() => {
    const view = document.querySelector<HTMLCanvasElement | HTMLVideoElement>('#picture .view');
    const copy = new OffscreenCanvas(64, 36);
    const context = copy.getContext('2d');
    if (!view || !context) return 0;
    context.drawImage(view, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    const seen = new Set<number>();
    for (let i = 0; i < data.length; i += 4)
      seen.add(((data[i] ?? 0) >> 5) * 64 + ((data[i + 1] ?? 0) >> 5) * 8 + ((data[i + 2] ?? 0) >> 5));
    return seen.size;
  });

test('the page in Chromium: from the printed address to the live picture, dark when the camera is unplugged, and live again', async (t) => {
  const gone = join(makeWorkDir(t), 'gone');
  const env = await fakecamEnv(t, { dir: await jpegFrames({ count: 30 }), fps: 30, gone });
  const program = startProgram(t, { env: { ...env, CAMERA_SOURCE: env.FAKECAM_PATH ?? '', CAMERA_NAME: 'Front door' } });
  const [, address = ''] = await program.outputMatching(/(http:\S+login\?token=\S+)/);
  const browser = await launchChromium(t);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);

  assert.doesNotMatch(page.url(), /token/, 'the token stays in the address bar');
  await until('live picture', async () => (await page.textContent('#label')) === 'Live' && (await colours(page)) > 10, { ms: 10_000 });
  assert.equal(await page.textContent('#name'), 'Front door');
  await until('age below a second', async () => /^\d+ ms$/.test((await page.textContent('#age')) ?? ''));
  await until('rate', async () => Number.parseFloat((await page.textContent('#rate')) ?? '') > 5);
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, 'live.png') });

  await writeFile(gone, '');
  const panel = await until('words for the unplugged camera', async () => (await page.isVisible('#panel')) && page.textContent('#panel'), {
    ms: 10_000,
  });
  assert.match(panel, /camera/i);
  await page.screenshot({ path: join(screenshots, 'dark.png') });

  await rm(gone);
  await until('live picture again', async () => (await page.textContent('#label')) === 'Live', { ms: 12_000 });
  assert.deepEqual(complaints, []);
});

test('a browser that is not logged in gets the login form, and its password lets it in', async (t) => {
  const program = startProgram(t, { env: { CAMERA_SOURCE: 'test', GATEWAY_PASSWORD: 'correct horse', CAMERA_SIZE: '640x360' } });
  const [, address = ''] = await program.outputMatching(/(http:\S+)login\?token=\S+/);
  const page = await (await launchChromium(t)).newPage();
  await page.goto(address);
  assert.match(page.url(), /\/login$/);
  await page.fill('input[name=password]', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=alert]');
  await page.fill('input[name=password]', 'correct horse');
  await page.keyboard.press('Enter');
  await until('live picture', async () => (await page.textContent('#label')) === 'Live' && (await colours(page)) > 3, { ms: 10_000 });
});
