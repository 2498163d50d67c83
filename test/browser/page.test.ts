import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, describe, type TestContext, test } from 'node:test';
import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { ServerClock } from '../../services/gateway/page/feed/server-clock.ts';
import { retryWait } from '../../services/gateway/page/feed/stream.ts';
import { ago, duration, moment, snapshotName } from '../../services/gateway/page/words/times.ts';
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
  await page.addInitScript(countUrls);
  await page.goto(stub.url + path);
  return page;
}

interface Opening {
  path?: string;
  /** Errors on the console that the test provokes. */
  allow?: RegExp;
}

/** Runs in the page: counts the addresses of files that are not let go of. */
function countUrls(): void {
  const counts = Object.assign(globalThis, { urls: 0 });
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

/** Runs in the page: when the picture turned grey, in ms since 1970, without the way from there to the test. */
function whenGrey(): Promise<number> {
  return new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector('.picture.gone')) return;
      observer.disconnect();
      resolve(performance.timeOrigin + performance.now());
    }).observe(document, { subtree: true, attributes: true, childList: true });
  });
}

/** Fails with what axe-core finds against the rules of WCAG and good practice. */
async function inspect(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  deepEqual(found, [], where);
}

const text = async (page: Page, id: string) => (await page.textContent(`#${id}`)) ?? '';
const kind = (page: Page) => page.getAttribute('#app', 'data-kind');
const untilKind = (page: Page, wanted: string, ms = 5000) =>
  until(`page that is ${wanted}`, async () => equal(await kind(page), wanted) ?? true, { ms });

/** The age in the bar, in ms. */
async function age(page: Page): Promise<number> {
  const [, value = '', unit = ''] = /^([\d.]+) (ms|s)$/.exec(await text(page, 'age')) ?? [];
  return unit === 's' ? Number(value) * 1000 : value ? Number(value) : Number.NaN;
}

/** What is on the screen: how much its pixels differ (0: all one colour), and a number that tells two pictures apart. */
function pixels(page: Page): Promise<{ variance: number; sum: number }> {
  return page.evaluate(() => {
    const view = document.querySelector<HTMLCanvasElement | HTMLVideoElement>('canvas.view, video.view');
    const context = new OffscreenCanvas(64, 36).getContext('2d');
    if (!view || !context) throw new Error('no canvas');
    context.drawImage(view, 0, 0, 64, 36);
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
  equal(await page.locator('#cameras').count(), 0, 'a menu of one camera');
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
      const greyAt = page.evaluate(whenGrey);
      stub.camera().playing = 'nothing';
      const greyAfter = (await greyAt) - performance.timeOrigin - stub.camera().sentAt;
      ok(greyAfter > 1300 && greyAfter <= 2000, `grey after ${greyAfter} ms`);
      match(await text(page, 'note-title'), /^This picture is \d\.\d s old$/);
      equal(await text(page, 'label'), 'Not live');
      ok((await age(page)) >= 1400);
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

    test('is acknowledged, each once, and leaves nothing behind', async (t) => {
      const stub = await StubGateway.start(t, undefined, 50);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await Promise.all([page.waitForEvent('download'), page.click('#snapshot')]);
      await until('acknowledgements', () => stub.acks > 50);
      ok(stub.acks <= stub.camera().sent, `${stub.acks} of ${stub.camera().sent}`);
      await until('no blob URLs', async () => (await page.evaluate(() => (globalThis as unknown as { urls: number }).urls)) === 0);
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
      await until('an empty canvas', async () => (await pixels(page)).variance < 1);
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
      equal(await page.locator('.sign').count(), 0);
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
      deepEqual((await page.locator('#advice').innerText()).split(/\n+/), ['Run', 'sudo usermod -aG video pi', 'and then log in again.']);
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
      await until('hidden bar', () => page.evaluate(() => getComputedStyle(document.querySelector('.deeds') as Element).opacity === '0'));
      await page.mouse.move(300, 300);
      equal(await page.locator('[data-idle]').count(), 0);
      await page.keyboard.press('f');
      await until('no full screen', async () => !(await isFull()) && (await button.getAttribute('aria-pressed')) === 'false');
      await page.locator('#stage').dblclick();
      await until('full screen', isFull);
      await page.locator('#stage').dblclick();
      await until('no full screen', async () => !(await isFull()));
    });

    test('several cameras: all at once, of each one asks for what a tile can show; a tap leads to one, and the way back to all', async (t) => {
      const stub = await StubGateway.start(t, TWO);
      stub.tell(DARK, 'garden');
      stub.camera('garden').playing = 'placeholder';
      const page = await open(t, stub);
      await page.waitForSelector('[data-camera=front][data-kind=live]');
      await page.waitForSelector('[data-camera=garden][data-kind=dark]');
      deepEqual([...stub.sockets.values()], [['front', 'garden']], 'one connection for all');
      match((await page.textContent('[data-camera=front] .figures')) ?? '', /^\d+ ms · \d+\.\d fps$/);
      equal(await page.textContent('.detail'), '2 cameras · 1 without a picture');
      await page.click('[data-camera=front] a');
      await untilKind(page, 'live');
      match(page.url(), /#front$/);
      await until('one camera', () => [...stub.sockets.values()].join() === 'front');
      await page.getByLabel('Camera', { exact: true }).selectOption({ value: 'garden' });
      await until('the other camera', () => [...stub.sockets.values()].join() === 'garden');
      equal(await text(page, 'name'), 'Garden');
      await page.reload();
      await until('the same camera', () => [...stub.sockets.values()].join() === 'garden');
      await page.goBack();
      await until('the first camera', () => [...stub.sockets.values()].join() === 'front');
      await page.click('#back');
      await page.waitForSelector('#wall');
      const lost = await open(t, stub, { path: '#no-such' });
      await lost.waitForSelector('#wall');
    });

    test('freeze holds the picture, and says so; zoom by wheel and keys, and back', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await page.keyboard.press(' ');
      await untilKind(page, 'frozen');
      const { sum } = await pixels(page);
      const { sent } = stub.camera();
      await until('more pictures', () => stub.camera().sent > sent + 10);
      equal((await pixels(page)).sum, sum, 'the picture moves');
      await page.keyboard.press(' ');
      await untilKind(page, 'live');
      await page.mouse.move(700, 450);
      await page.mouse.wheel(0, -600);
      await page.waitForSelector('.zoomed');
      await page.keyboard.press('0');
      await page.waitForSelector('.zoomed', { state: 'detached' });
      await page.keyboard.press('+');
      await page.click('#zoom-out');
      await page.waitForSelector('.zoomed', { state: 'detached' });
    });

    test('controls are made from what the camera offers; they show what it says, and why it refused', async (t) => {
      const capture = { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' } as const;
      const quality = { type: 'number', label: 'Quality', value: 90, default: 90, min: 1, max: 100, step: 1, unit: '%' } as const;
      const stub = await StubGateway.start(t, [{ id: 'front', settings: { capture, quality } }]);
      const page = await open(t, stub, { allow: REFUSED });
      await untilKind(page, 'live');
      await page.keyboard.press('c');
      await page.getByLabel('JPEG quality', { exact: true }).fill('50');
      await until('the wish', () => stub.wishes.join() === 'front/quality=50');
      await until('the true value', async () => (await page.textContent('[data-setting=quality] output')) === '90 %');
      stub.tell({ settings: { capture, quality: { ...quality, value: 50 } } });
      await until('the new value', async () => (await page.textContent('[data-setting=quality] output')) === '50 %');
      stub.settingFault = 'The camera is busy.';
      await page.getByRole('switch', { name: 'Camera on' }).click();
      await page.getByRole('alert').filter({ hasText: 'Not changed: The camera is busy.' }).waitFor();
      equal(await page.getByRole('switch', { name: 'Camera on' }).isChecked(), true, 'what is shown is what is');
    });

    test('on a phone what is on every page is behind one button, which axe-core likes; Escape closes it, and so does a choice', async (t) => {
      const page = await open(t, await StubGateway.start(t), { viewport: { width: 390, height: 844 } });
      await untilKind(page, 'live');
      const list = page.locator('#more-menu');
      equal(await list.isVisible(), false);
      await page.getByRole('button', { name: 'Menu' }).click();
      await list.waitFor();
      await inspect(page, 'menu');
      await page.keyboard.press('Escape');
      await list.waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Menu' }).click();
      await list.getByRole('button', { name: 'Connect' }).click();
      await page.waitForSelector('#connect-dialog');
      equal(await list.isVisible(), false);
    });

    test('German, chosen once, stays; the addresses for other programs lie below the path', async (t) => {
      const stub = await StubGateway.start(t);
      const page = await open(t, stub);
      await untilKind(page, 'live');
      await page.getByRole('button', { name: 'Deutsch' }).click();
      equal(await page.getAttribute('html', 'lang'), 'de');
      await page.reload();
      await untilKind(page, 'live');
      await page.getByRole('button', { name: 'Verbinden' }).click();
      await page.waitForSelector('#connect-dialog');
      const lines = await page.locator('#connect-dialog code').allTextContents();
      ok(lines.includes(`${stub.url}cameras/front/stream`), lines.join());
      ok(lines.includes('homeguard/front/frame'), lines.join());
    });
  });

  describe('form', inTurn, () => {
    test('it fits phones and screens without scrolling, and every control has a name', async (t) => {
      const stub = await StubGateway.start(t, TWO);
      const page = await open(t, stub, { path: '#front' });
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
          const shown = [...document.querySelectorAll('button, select')].filter((control) => control.checkVisibility());
          const controls = shown.map((control) => control.getBoundingClientRect());
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
      deepEqual(names, ['Snapshot', 'Freeze', 'Pop out', 'Full screen', 'Controls', 'Connect', 'Deutsch', 'Log out']);
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
      equal(outline, 'solid', 'the focus cannot be seen');
    });

    test('light where light is preferred, dark else; nothing turns where no motion is wanted', async (t) => {
      const stub = await StubGateway.start(t);
      const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      stub.camera().playing = 'nothing';
      const light = await open(t, stub, { colorScheme: 'light', reducedMotion: 'reduce' });
      const dark = await open(t, stub, { colorScheme: 'dark' });
      for (const page of [light, dark]) await page.waitForSelector('.spinner');
      notEqual(await ground(light), await ground(dark));
      const animation = (page: Page) => page.evaluate(() => getComputedStyle(document.querySelector('.spinner') as Element).animationName);
      equal(await animation(light), 'none');
      equal(await animation(dark), 'turn');
    });

    test('axe-core finds nothing to complain of: on the wall, one camera, its controls, the addresses, in the dark, at the login', async (t) => {
      const settings = { quality: { type: 'number', label: 'Quality', value: 80, default: 90, min: 1, max: 100, step: 1 } } as const;
      const stub = await StubGateway.start(t, [
        { id: 'front', settings },
        { id: 'garden', name: 'Garden', ...DARK },
      ]);
      stub.camera('garden').playing = 'nothing';
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await open(t, stub, { colorScheme });
        await page.waitForSelector('[data-camera=front][data-kind=live]');
        await inspect(page, `${colorScheme} wall`);
        await page.click('[data-camera=front] a');
        await untilKind(page, 'live');
        await page.keyboard.press('c');
        await inspect(page, `${colorScheme} camera`);
        await page.click('#connect');
        await page.waitForSelector('#connect-dialog');
        await inspect(page, `${colorScheme} addresses`);
        await page.goto(`${stub.url}#garden`);
        await page.keyboard.press('Escape');
        await untilKind(page, 'dark');
        await inspect(page, `${colorScheme} dark`);
        await page.goto(`${stub.url}login`);
        await inspect(page, `${colorScheme} login`);
      }
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
    deepEqual(
      [-5, 12.4, 999.4, 999.6, 3_400, 9_940, 42_700, 320_000, 7_500_000, 260_000_000].map((ms) => duration(ms)),
      [...['0 ms', '12 ms', '999 ms', '1.0 s', '3.4 s', '9.9 s', '42 s', '5 min 20 s', '2 h 5 min', '3 days']],
    );
    deepEqual(
      [-5, 4_000, 5_400, 42_700, 320_000, 7_500_000].map((ms) => ago(ms)),
      [...['just now', 'just now', '5 s ago', '42 s ago', '5 min ago', '2 h 5 min ago']],
    );
    const noon = new Date(2026, 10, 22, 12, 3, 4).getTime();
    equal(moment(noon, noon + 1000), '12:03:04');
    equal(moment(noon, noon + 86_400_000), '2026-11-22 12:03:04');
    equal(snapshotName('front', noon), 'front-2026-11-22_12-03-04.jpg');
  });
});
