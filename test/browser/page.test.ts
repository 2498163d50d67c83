import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { ServerClock } from '../../services/gateway/page/server-clock.ts';
import { retryWait } from '../../services/gateway/page/stream.ts';
import { ago, duration, moment, snapshotName } from '../../services/gateway/page/words.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { defer } from '../helpers/cleanup.ts';
import { until } from '../helpers/until.ts';
import { StubGateway } from './stub-gateway.ts';

/** What a browser itself writes to the console when a request fails, which is what these tests are about. */
const REFUSED = /^(WebSocket connection to|Failed to load resource)/;
const DARK = {
  condition: 'permission-denied',
  cause: 'EACCES on /dev/video0: <img src=x onerror=alert(1)>',
  advice: 'Add yourself to the group video.',
};
const TWO = [
  { id: 'front', name: 'Front door' },
  { id: 'garden', name: 'Garden', default: true },
];

/** The tests mostly wait, so three of them may do so at the same time; not those of one suite. */
const atOnce = { concurrency: 3 };
const inTurn = { concurrency: 1 };

const browser = await launchChromium({ after });

/** Opens the page and, at the test's end, fails if it wrote an error to the console, broke the CSP, or threw. */
async function open(
  t: TestContext,
  stub: StubGateway,
  { path = '', allow, ...options }: BrowserContextOptions & Opening = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !allow?.test(message.text())) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  defer(t, async () => {
    await context.close();
    deepEqual(errors, [], 'the page wrote errors to the console');
  });
  await page.addInitScript(countPictures);
  await page.goto(stub.url + path);
  return page;
}

interface Opening {
  path?: string;
  /** Errors on the console that the test provokes. */
  allow?: RegExp;
}

interface Counts {
  bitmaps: number;
  decoding: number;
  mostDecoding: number;
  urls: number;
  decodeMs: number;
  drawnAt: number;
  /** When the picture was greyed, or ungreyed, last. */
  greyedAt: number;
}

/** Runs in the page: counts what is made and not yet let go of, and makes decoding slow on demand. */
function countPictures(): void {
  const counts: Counts = { bitmaps: 0, decoding: 0, mostDecoding: 0, urls: 0, decodeMs: 0, drawnAt: 0, greyedAt: 0 };
  Object.assign(globalThis, { counts });
  const make = globalThis.createImageBitmap.bind(globalThis) as (source: Blob) => Promise<ImageBitmap>;
  const open = new WeakSet<ImageBitmap>();
  globalThis.createImageBitmap = async (source: unknown) => {
    counts.mostDecoding = Math.max(counts.mostDecoding, ++counts.decoding);
    if (counts.decodeMs) await new Promise((resolve) => setTimeout(resolve, counts.decodeMs));
    const bitmap = await make(source as Blob).finally(() => counts.decoding--);
    counts.bitmaps++;
    open.add(bitmap);
    return bitmap;
  };
  const close = ImageBitmap.prototype.close;
  ImageBitmap.prototype.close = function () {
    if (open.delete(this)) counts.bitmaps--;
    close.call(this);
  };
  const { transferFromImageBitmap } = ImageBitmapRenderingContext.prototype;
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
    counts.drawnAt = performance.now();
    transferFromImageBitmap.call(this, bitmap);
  };
  const grey = new MutationObserver(() => {
    counts.greyedAt = performance.now();
  });
  addEventListener('DOMContentLoaded', () => {
    const picture = document.querySelector('#picture');
    if (picture) grey.observe(picture, { attributeFilter: ['class'] });
  });
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    counts.urls++;
    return createObjectURL.call(URL, blob);
  };
  URL.revokeObjectURL = (url) => {
    counts.urls--;
    revokeObjectURL.call(URL, url);
  };
}

const counts = (page: Page) => page.evaluate(() => (globalThis as unknown as { counts: Counts }).counts);
const text = async (page: Page, id: string) => (await page.textContent(`#${id}`)) ?? '';
const kind = (page: Page) => page.getAttribute('#app', 'data-kind');
const untilKind = (page: Page, wanted: string, ms = 5000) =>
  until(`page that is ${wanted}`, async () => equal(await kind(page), wanted) ?? true, { ms });

/** The age in the bar, in ms. */
async function age(page: Page): Promise<number> {
  const [, value = '', unit = ''] = /^([\d.]+) (ms|s)$/.exec(await text(page, 'age')) ?? [];
  return unit === 's' ? Number(value) * 1000 : value ? Number(value) : Number.NaN;
}

/** What is on the canvas: how much its pixels differ (0: all one colour), and a number that tells two pictures apart. */
function pixels(page: Page): Promise<{ variance: number; sum: number }> {
  return page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    const context = new OffscreenCanvas(64, 36).getContext('2d');
    if (!canvas || !context) throw new Error('no canvas');
    context.drawImage(canvas, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    return { variance, sum: data.reduce((sum, value, i) => (sum * 31 + value + i) % 1_000_003, 7) };
  });
}

/** As if the tab came to the front or went behind another: headless Chromium knows no such thing. */
async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('the picture moves, and the page tells its age by the server clock, its rate and its size', async (t) => {
  const stub = await StubGateway.start(t);
  const page = await open(t, stub);
  await untilKind(page, 'live');
  const first = await pixels(page);
  ok(first.variance > 1000, `the canvas is nearly of one colour (${first.variance})`);
  await until('another picture', async () => (await pixels(page)).sum !== first.sum);
  const [sent, since] = [stub.camera().sent, performance.now()];
  await page.waitForTimeout(2000);
  for (let i = 0; i < 5; i++) {
    const shown = await age(page);
    ok(shown >= 0 && shown < 400, `an age of ${shown} ms`);
    await page.waitForTimeout(100);
  }
  const fps = Number.parseFloat(await text(page, 'rate'));
  const sentFps = (1000 * (stub.camera().sent - sent)) / (performance.now() - since);
  ok(Math.abs(fps / sentFps - 1) < 0.3, `${fps} fps shown, ${sentFps} sent`);
  equal(await text(page, 'size'), '640 × 360');
  equal(await text(page, 'name'), 'Front door');
  equal(await page.title(), 'Front door · HomeGuard');
  equal(await page.isHidden('#panel'), true);
  equal(await page.isHidden('#cameras'), true, 'a menu of one camera');
});

describe('the page', atOnce, () => {
  describe('the picture', inTurn, () => {
    test('that is late says how late', async (t) => {
      const stub = await StubGateway.start(t);
      stub.camera().lag = 700;
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await until('an age of 0.7 s', async () => (await age(page)) >= 700 && (await age(page)) < 1200);
      stub.camera().lag = 3000;
      await untilKind(page, 'late');
      const shown = await age(page);
      ok(shown >= 3000 && shown < 3800, `an age of ${shown} ms`);
      equal(await text(page, 'label'), 'Delayed');
    });

    test('that stands still is grey within two seconds, and gets older', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      stub.camera().playing = 'nothing';
      await page.waitForSelector('.picture.gone');
      const { greyedAt, drawnAt } = await counts(page);
      ok(greyedAt - drawnAt > 1500 && greyedAt - drawnAt <= 2050, `grey after ${greyedAt - drawnAt} ms`);
      match(await text(page, 'note-title'), /^This picture is \d\.\d s old$/);
      equal(await text(page, 'label'), 'Not live');
      ok((await age(page)) >= 1700);
      await until('a higher age', async () => (await age(page)) >= 2500);
      stub.camera().playing = 'frames';
      await untilKind(page, 'live');
      equal(await page.isHidden('#note'), true);
    });

    test('is not replaced by a placeholder, be it marked as one or not', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      for (const playing of ['placeholder', 'unmarked'] as const) {
        stub.camera().playing = playing;
        await untilKind(page, 'stale');
        const frozen = (await pixels(page)).sum;
        await page.waitForTimeout(500);
        equal((await pixels(page)).sum, frozen, 'a placeholder was drawn over the picture');
        equal(await kind(page), 'stale');
        stub.camera().playing = 'frames';
        await untilKind(page, 'live');
      }
    });

    test('is the newest when decoding is slow: one at a time, the others are left out', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await page.evaluate(() => Object.assign((globalThis as unknown as { counts: Counts }).counts, { decodeMs: 250, mostDecoding: 0 }));
      await page.waitForTimeout(2500);
      const shown = await age(page);
      ok(shown < 1000, `an age of ${shown} ms`);
      equal((await counts(page)).mostDecoding, 1);
      ok(Number.parseFloat(await text(page, 'rate')) < 5);
    });

    test('leaves nothing behind in memory', async (t) => {
      const stub = await StubGateway.start(t, undefined, 50);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await Promise.all([page.waitForEvent('download'), page.click('#snapshot')]);
      await page.waitForTimeout(2000);
      const { bitmaps, urls } = await counts(page);
      ok(stub.camera().sent > 30);
      ok(bitmaps <= 1, `${bitmaps} bitmaps were not closed`);
      equal(urls, 0, 'blob URLs were not revoked');
    });

    test('of a publisher that does not stamp is shown without an age', async (t) => {
      const stub = await StubGateway.start(t);
      stub.camera().playing = 'unmarked';
      const page = await open(t, stub);
      await untilKind(page, 'live');
      ok((await pixels(page)).variance > 1000);
      equal(await text(page, 'age'), '–');
      stub.camera().playing = 'nothing';
      await untilKind(page, 'stale');
      match(await text(page, 'note-title'), /^No new picture for \d\.\d s$/);
    });
  });

  describe('without a picture', inTurn, () => {
    test('condition, cause, advice and since are told in words, and nothing of the last picture is left', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      stub.camera().playing = 'placeholder';
      stub.tell({ ...DARK, since: new Date(stub.now - 125_000).toISOString() });
      await untilKind(page, 'dark', 2000);
      equal(await text(page, 'label'), 'Permission denied');
      equal(await text(page, 'panel-title'), 'Permission denied');
      equal(await text(page, 'cause'), DARK.cause);
      equal(await text(page, 'advice'), DARK.advice);
      match(await text(page, 'since'), /^Since (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d, 2 min ago$/);
      equal(await page.isVisible('#panel'), true);
      equal(await page.isHidden('#picture'), true);
      ok((await pixels(page)).variance < 1, 'the last picture is still on the canvas');
      stub.camera().playing = 'frames';
      stub.tell({ condition: 'live', cause: null, advice: null });
      await untilKind(page, 'live', 2000);
      equal(await page.isHidden('#panel'), true);
    });

    test('a picture that was taken before does not hide why there is none, a fresh one does', async (t) => {
      const stub = await StubGateway.start(t);
      stub.tell(DARK);
      stub.camera().lag = 60_000;
      const page = await open(t, stub);
      await untilKind(page, 'dark');
      await page.waitForTimeout(500);
      equal(await kind(page), 'dark');
      stub.camera().lag = 0;
      await untilKind(page, 'live');
    });

    test('it waits calmly for a camera that starts, and never takes a placeholder for a picture', async (t) => {
      const stub = await StubGateway.start(t);
      stub.camera().playing = 'placeholder';
      stub.tell({ condition: 'idle' });
      const page = await open(t, stub);
      await untilKind(page, 'waiting');
      await page.waitForTimeout(600);
      equal(await kind(page), 'waiting');
      equal(await text(page, 'panel-title'), 'Waiting for the first picture');
      equal(await page.isVisible('.sign'), false);
      stub.camera().playing = 'frames';
      await untilKind(page, 'live');
    });

    test('what the advice says to type stands by itself, without its backticks', async (t) => {
      const advice = 'Run `sudo usermod -aG video pi`, and then log in again.';
      const stub = await StubGateway.start(t, [{ condition: 'permission-denied', cause: 'EACCES', advice }]);
      stub.camera().playing = 'nothing';
      const page = await open(t, stub);
      await untilKind(page, 'dark');
      equal(await page.textContent('#advice code'), 'sudo usermod -aG video pi');
      equal(await text(page, 'advice'), advice.replaceAll('`', ''));
    });

    test('a test picture says that it is one', async (t) => {
      const stub = await StubGateway.start(t, [{ test: true, cause: 'no camera was found', advice: 'Plug one in.' }]);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      equal(await page.isVisible('#test'), true);
      equal(await text(page, 'test-text'), 'No camera was found. Plug one in.');
      stub.tell({ test: false });
      await page.waitForSelector('#test', { state: 'hidden' });
    });

    test('a live camera that gives fewer pictures than it should says why', async (t) => {
      const stub = await StubGateway.start(t, [{ cause: 'only 15 of 30 pictures a second come', advice: 'Give it more light.' }]);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      equal(await page.isVisible('#hint'), true);
      equal(await text(page, 'hint-text'), 'Only 15 of 30 pictures a second come. Give it more light.');
      stub.tell({ cause: null, advice: null });
      await page.waitForSelector('#hint', { state: 'hidden' });
    });
  });

  describe('the connection', inTurn, () => {
    test('cut off, it says so and comes back by itself', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'live');
      const said = page.locator('[data-kind=lost] #label', { hasText: 'Reconnecting' }).waitFor({ timeout: 2000 });
      stub.cut();
      await said;
      await untilKind(page, 'live', 2000);
    });

    test('gone for longer, it greys the picture, says when it tries again, and is back within 5 s', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'live');
      stub.goDown();
      await page.waitForSelector('.picture.gone');
      await until(
        'word of it',
        async () => match(await text(page, 'note-detail'), /^HomeGuard does not answer\. Trying again in \d s$/) ?? true,
      );
      stub.fault = 'none';
      await untilKind(page, 'live', 5500);
      equal(stub.sockets.size, 1);
    });

    test('cameras that are not there yet, and then a gateway that goes away, are waited for', async (t) => {
      const stub = await StubGateway.start(t, []);
      const page = await open(t, stub, { allow: REFUSED });
      await until('word of it', async () => equal(await text(page, 'panel-title'), 'No camera yet') ?? true);
      stub.goDown();
      await until('word of it', async () => equal(await text(page, 'panel-title'), 'No connection') ?? true);
      stub.fault = 'none';
      stub.add({ id: 'late', name: 'Late' });
      await untilKind(page, 'live', 4000);
    });

    test('a hidden tab fetches nothing; shown again, it is live at once', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await setHidden(page, true);
      await until('closed socket', () => stub.sockets.size === 0);
      const asked = stub.asked.length;
      await page.waitForTimeout(2200);
      equal(stub.asked.length, asked);
      await setHidden(page, false);
      await untilKind(page, 'live', 2000);
      equal(stub.sockets.size, 1);
      ok((await age(page)) < 500);
    });

    test('without WebSockets it shows the MJPEG stream, says so, and leaves it when they work again', async (t) => {
      const stub = await StubGateway.start(t);
      stub.fault = 'no-sockets';
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'unmeasured');
      equal(await page.isVisible('#fallback-banner'), true);
      await until('a picture', () =>
        page.evaluate(() => (document.querySelector('img#fallback') as HTMLImageElement).naturalWidth === 640),
      );
      deepEqual(await page.locator('dl > :visible').allInnerTexts(), ['Size\n640 × 360', 'Viewers\n1']);
      stub.tell(DARK);
      await untilKind(page, 'dark');
      equal(await text(page, 'advice'), DARK.advice);
      stub.tell({ condition: 'live' });
      stub.fault = 'none';
      await untilKind(page, 'live', 8000);
      equal(await page.isHidden('#fallback-banner'), true);
      await until('closed stream', () => stub.streams.size === 0);
    });

    test('refused for want of room, it says so', async (t) => {
      const stub = await StubGateway.start(t);
      stub.fault = 'no-sockets';
      stub.streamFault = 'There are 1000 viewers already.';
      const page = await open(t, stub, { allow: REFUSED });
      await until('the reason', async () => match(await text(page, 'advice'), /^There are 1000 viewers already\. /) ?? true);
      equal(await kind(page), 'lost');
      equal(await page.isHidden('#fallback'), true);
    });
  });

  describe('who may', inTurn, () => {
    test('a session that is gone leads to the login page, which leads back', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'live');
      stub.loggedIn = false;
      stub.close(4401);
      await page.waitForURL('**/cams/login');
      equal(await page.locator('#password').evaluate((input) => input === document.activeElement), true);
      await page.keyboard.type('wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await page.fill('#password', 'right');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.waitForURL('**/cams/');
      await untilKind(page, 'live');
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.waitForURL('**/cams/login');
      equal(stub.loggedIn, false);
    });

    test('so does a handshake that is refused for want of a session', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'live');
      stub.loggedIn = false;
      stub.fault = 'no-sockets';
      stub.cut();
      await page.waitForURL('**/cams/login');
    });
  });

  describe('buttons', inTurn, () => {
    test('snapshot saves a file named after camera and time, or says why not', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'live');
      const earliest = snapshotName('front', stub.now - 1000);
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Snapshot' }).click()]);
      const name = download.suggestedFilename();
      match(name, /^front-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.jpg$/);
      ok(name >= earliest && name <= snapshotName('front', stub.now), `${name} is not of now`);
      const file = await readFile(await download.path());
      deepEqual([...file.subarray(0, 2), ...file.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
      await until('word of it', async () => equal(await text(page, 'toast'), `Saved ${name}`) ?? true);
      await Promise.all([page.waitForEvent('download'), page.keyboard.press('s')]);
      stub.snapshotFault = 'The camera is switched off.';
      await page.keyboard.press('s');
      await until('why not', async () => equal(await text(page, 'toast'), 'No snapshot: The camera is switched off.') ?? true);
    });

    test('full screen by button, key and double click; what is not the picture goes away', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub, { viewport: { width: 1000, height: 700 } });
      await untilKind(page, 'live');
      const isFull = () => page.evaluate(() => document.fullscreenElement?.id === 'app');
      const button = page.getByRole('button', { name: 'Full screen' });
      const small = await page.locator('#picture').boundingBox();
      await button.click();
      await until('full screen', async () => (await isFull()) && (await button.getAttribute('aria-pressed')) === 'true');
      const full = await page.locator('#picture').boundingBox();
      ok(full && small && full.width > small.width && full.x === 0, `the picture is at ${full?.x}, ${full?.width} wide`);
      ok(Math.abs(full.y - (700 - full.height) / 2) < 1, `the picture is not in the middle, but at ${full.y}`);
      await page.setViewportSize({ width: 390, height: 700 });
      const narrow = await page.locator('#picture').boundingBox();
      deepEqual([narrow?.x, narrow?.width], [0, 390], 'the picture on a phone');
      await page.setViewportSize({ width: 1000, height: 700 });
      await page.waitForSelector('[data-idle]', { timeout: 4000 });
      await until('hidden bar', () => page.evaluate(() => getComputedStyle(document.querySelector('.actions') as Element).opacity === '0'));
      await page.mouse.move(300, 300);
      equal(await page.locator('[data-idle]').count(), 0);
      await page.keyboard.press('f');
      await until('no full screen', async () => !(await isFull()) && (await button.getAttribute('aria-pressed')) === 'false');
      await page.locator('#stage').dblclick();
      await until('full screen', isFull);
      await page.locator('#stage').dblclick();
      await until('no full screen', async () => !(await isFull()));
    });

    test('several cameras: a menu, whose choice the address keeps', async (t) => {
      const stub = await StubGateway.start(t, TWO);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      deepEqual([...stub.sockets.values()], ['garden'], 'not the default camera');
      equal(await text(page, 'name'), 'Garden');
      await page.getByLabel('Camera').selectOption('Front door');
      await until('the other camera', () => [...stub.sockets.values()].join() === 'front');
      equal(await text(page, 'name'), 'Front door');
      match(page.url(), /#front$/);
      await untilKind(page, 'live');
      await page.reload();
      await until('the same camera', () => [...stub.sockets.values()].join() === 'front');
      await page.goBack();
      await until('the first camera', () => [...stub.sockets.values()].join() === 'garden');
      const lost = await open(t, stub, { path: '#no-such' });
      await untilKind(lost, 'live');
      equal(await text(lost, 'name'), 'Garden');
    });
  });

  describe('form', inTurn, () => {
    test('it fits phones and screens without scrolling, and every control has a name', async (t) => {
      const stub = await StubGateway.start(t, TWO);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      for (const [width, height] of [
        [320, 568],
        [390, 844],
        [844, 390],
        [820, 1180],
        [1440, 900],
      ] as const) {
        await page.setViewportSize({ width, height });
        const overflow = await page.evaluate(() => {
          const { scrollWidth, scrollHeight } = document.documentElement;
          const controls = [...document.querySelectorAll('button, select')].map((control) => control.getBoundingClientRect());
          const outside = controls.filter(({ right, bottom }) => right > innerWidth || bottom > innerHeight).length;
          const small = controls.filter((control) => Math.min(control.width, control.height) < 36).length;
          return { wide: scrollWidth > innerWidth, high: scrollHeight > innerHeight, outside, small };
        });
        deepEqual(overflow, { wide: false, high: false, outside: 0, small: 0 }, `at ${width}x${height}`);
        const box = await page.locator('#picture').boundingBox();
        ok(box && Math.abs(box.width / box.height - 16 / 9) < 0.02, `the picture's shape at ${width}x${height}`);
        const room = await page.locator('#stage').boundingBox();
        ok(room && box.height <= room.height + 1 && box.width <= room.width + 1, `the picture is cut at ${width}x${height}`);
        ok(box.height > room.height - 1 || box.width > room.width - 1, `the picture could be larger at ${width}x${height}`);
      }
      const names = await page.getByRole('button').evaluateAll((buttons) => buttons.map((button) => button.textContent?.trim()));
      deepEqual(names, ['Snapshot', 'Full screen', 'Log out']);
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => getComputedStyle(document.querySelector('.title') as Element).outlineStyle);
      equal(outline, 'solid', 'the focus cannot be seen');
    });

    test('light where light is preferred, dark else; nothing turns where no motion is wanted', async (t) => {
      const stub = await StubGateway.start(t);
      const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await open(t, stub, { colorScheme: 'light', reducedMotion: 'reduce' });
      const dark = await open(t, stub, { colorScheme: 'dark' });
      notEqual(await ground(light), await ground(dark));
      const animation = (page: Page) => page.evaluate(() => getComputedStyle(document.querySelector('.spinner') as Element).animationName);
      equal(await animation(light), 'none');
      equal(await animation(dark), 'turn');
    });

    test('all files together are small, and come from the gateway alone', async (t) => {
      const dir = join(import.meta.dirname, '../../services/gateway/page');
      const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name))));
      const sizes = { plain: 0, packed: 0 };
      for (const file of files) {
        sizes.plain += file.length;
        sizes.packed += gzipSync(file).length;
      }
      t.diagnostic(`${sizes.plain} bytes with comments and types, ${sizes.packed} packed`);
      ok(sizes.plain < 64_000 && sizes.packed < 24_000, JSON.stringify(sizes));
      for (const file of files) equal(/["'(]https?:\/\/(?!www\.w3\.org)/.test(String(file)), false);
    });
  });
});

describe('words and numbers', () => {
  test('the server clock is the one of the quickest answer, until a clock is set', () => {
    const clock = new ServerClock();
    equal(clock.at(0), null);
    clock.roughly(5_000, 100);
    equal(clock.at(200), 5_100);
    clock.sample(1_000, 7_040, 1_100); // 50 ms each way, one of them 40 too long
    clock.sample(2_000, 8_005, 2_010);
    clock.sample(3_000, 9_200, 3_300);
    equal(clock.at(4_000), 10_000);
    clock.sample(5_000, 3_611_005, 5_010); // set forward by an hour
    equal(clock.at(6_000), 3_612_000);
  });

  test('waits grow to 5 s, with jitter', () => {
    deepEqual(
      [1, 2, 3, 4, 5, 50].map((failures) => retryWait(failures, 1)),
      [500, 1000, 2000, 4000, 5000, 5000],
    );
    equal(retryWait(2, 0), 600);
  });

  test('times are told in words', () => {
    deepEqual([-5, 12.4, 999.4, 999.6, 3_400, 9_940, 42_700, 320_000, 7_500_000, 260_000_000].map(duration), [
      ...['0 ms', '12 ms', '999 ms', '1.0 s', '3.4 s', '9.9 s', '42 s', '5 min 20 s', '2 h 5 min', '3 days'],
    ]);
    deepEqual([-5, 4_000, 5_400, 42_700, 320_000, 7_500_000].map(ago), [
      ...['just now', 'just now', '5 s ago', '42 s ago', '5 min ago', '2 h 5 min ago'],
    ]);
    const noon = new Date(2026, 10, 22, 12, 3, 4).getTime();
    equal(moment(noon, noon + 1000), '12:03:04');
    equal(moment(noon, noon + 86_400_000), '2026-11-22 12:03:04');
    equal(snapshotName('front', noon), 'front-2026-11-22_12-03-04.jpg');
  });
});
