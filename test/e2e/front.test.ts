/** The page as somebody uses it, with a real webcam, and where it stands for good: behind nginx, by HTTPS, below a path. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { snapshotName } from '../../services/gateway/page/words/times.ts';
import { readStamp } from '../../services/shared/contract.ts';
import { launchChromium, launchWithProfile } from '../helpers/chromium.ts';
import { sizedFrames } from '../helpers/fakecam.ts';
import { startSite } from '../helpers/nginx-site.ts';
import { openPage, REFUSED, text, untilKind } from '../helpers/open-page.ts';
import { startWebcam } from '../helpers/real-house.ts';
import { password, startTestBroker, startTestGateway, token } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const SIZES = ['640x360', '320x240'];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const house = { after };
const [bus, browser, dir] = await Promise.all([startTestBroker(house), launchChromium(house), sizedFrames(house, SIZES)]);
const state = makeWorkDir(house);
const env = { GATEWAY_BASE_PATH: '/cams/', GATEWAY_TRUSTED_PROXIES: '127.0.0.1' };
const gateway = await startTestGateway(house, bus, env);
for (const [id, name] of [
  ['front', 'Front door'],
  ['garden', 'Garden'],
] as const)
  await startWebcam(house, bus, id, name, { dir, sizes: SIZES, fps: 15, ...(id === 'front' && { state }) });
const site = await startSite(house, gateway.gateway.address.port);
before(() =>
  until(
    'both cameras at the gateway',
    async () => {
      const cameras = (await (await fetch(`${gateway.url}cameras`, { headers: bearer })).json()) as { online: boolean }[];
      return cameras.length === 2 && cameras.every(({ online }) => online);
    },
    { ms: 60_000 },
  ),
);
/** Straight to the gateway, logged in. */
const entrance = `${gateway.url}login?token=${token}`;

async function logIn(page: Page): Promise<void> {
  await page.fill('#password', password);
  await page.keyboard.press('Enter');
}

async function openFront(page: Page): Promise<void> {
  await page.click('.tile[data-camera=front] a');
  await untilKind(page, 'live');
}

describe('behind nginx, by HTTPS, below a path', { concurrency: 2 }, () => {
  test('from the login to the wall, a camera, its picture in a file, and out again; all of it from there', async (t) => {
    const page = await openPage(t, browser, 'about:blank', { ignoreHTTPSErrors: true });
    const asked: string[] = [];
    page.context().on('request', (request) => asked.push(request.url()));
    await page.goto(site);
    await page.waitForURL(`${site}login`);
    await logIn(page);
    await until('two live tiles', async () => equal(await page.locator('.tile[data-kind=live]').count(), 2) ?? true, { ms: 10_000 });
    await openFront(page);
    match(await text(page, 'age'), /^\d+ ms$/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#snapshot')]);
    const jpeg = await readFile(await download.path());
    const taken = (readStamp(jpeg)?.t ?? 0) / 1000;
    equal(download.suggestedFilename(), snapshotName('front', taken));
    ok(Math.abs(Date.now() - taken) < 3_000, `taken at ${taken}`);
    await page.click('#log-out');
    await page.waitForURL(`${site}login`);
    deepEqual(
      asked.filter((url) => !url.startsWith(site) && !url.startsWith('blob:')),
      [],
    );
    ok(asked.length > 10, 'requests were not seen');
  });

  test('a session that somebody ends elsewhere leads to the login, and that back to the camera', async (t) => {
    const page = await openPage(t, browser, `${site}login`, { ignoreHTTPSErrors: true, allow: REFUSED });
    await logIn(page);
    await openFront(page);
    const other = await openPage(t, browser, `${site}login`, { ignoreHTTPSErrors: true, allow: REFUSED });
    await logIn(other);
    await other.waitForURL(site);
    // Not waited for: the page is led away at once, and its script ends with it.
    await other.evaluate(() => void fetch('logout?everywhere=1', { method: 'POST', keepalive: true }));
    await page.waitForURL(`${site}login#front`);
    await page.fill('#password', 'a wrong password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await logIn(page);
    await page.waitForURL(`${site}#front`);
    await untilKind(page, 'live');
    equal(await text(page, 'name'), 'Front door');
  });
});

describe('one camera', { concurrency: 1 }, () => {
  test('two fingers enlarge the picture, one pushes it', async (t) => {
    const page = await openPage(t, browser, entrance, PHONE);
    await openFront(page);
    const cdp = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', xs: number[], y: number) =>
      cdp.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((x, id) => ({ x, y, id })) });
    const lens = await page.locator('#lens').boundingBox();
    ok(lens);
    const [x, y] = [lens.x + lens.width / 2, lens.y + lens.height / 2];
    await touch('touchStart', [x - 40, x + 40], y);
    for (let reach = 50; reach <= 120; reach += 10) await touch('touchMove', [x - reach, x + reach], y);
    await touch('touchEnd', [], y);
    await until('three times as large', async () => equal(await text(page, 'zoom-out'), '3.0 ×, show all') ?? true);
    const before = await glass(page);
    equal(before.scale, 3);
    await touch('touchStart', [x], y);
    for (let push = 10; push <= 60; push += 10) await touch('touchMove', [x + push], y + push / 2);
    await touch('touchEnd', [], y);
    await until('a pushed picture', async () => {
      const { x, y, scale } = await glass(page);
      deepEqual([Math.round(x - before.x), Math.round(y - before.y), scale], [60, 30, 3]);
      return true;
    });
    await page.keyboard.press('0');
    await page.waitForSelector('#zoom-out', { state: 'detached' });
  });

  test('is set by its controls: they show what the device has, and why it refused; it is switched off, and on again', async (t) => {
    const page = await openPage(t, browser, entrance, { allow: REFUSED, init: anHourAhead });
    await openFront(page);
    const age = await text(page, 'age');
    match(age, /^\d+ ms$/, "this machine's clock was believed");
    await page.click('#controls');
    const row = page.locator('[data-setting="controls/brightness"]');
    const slider = row.locator('input');
    await slider.fill('200');
    await until('brightness at the device', () => readFileSync(join(state, 'state'), 'utf8').match(/^brightness=200$/m));
    await until('the same on the page', async () => equal(await row.locator('output').textContent(), '200') ?? true);

    await slider.evaluate((input: HTMLInputElement) => {
      input.max = '999';
    });
    await slider.fill('999');
    match((await row.getByRole('alert').textContent()) ?? '', /^Not changed: .*255/);
    await until('what the device has', async () => equal(await row.locator('output').textContent(), '200') ?? true);

    await page.selectOption('#knob-resolution', '320x240');
    await until('smaller picture', async () => equal(await text(page, 'size'), '320 × 240') ?? true, { ms: 8_000 });
    await untilKind(page, 'live');

    await page.locator('#knob-capture').click();
    await untilKind(page, 'dark');
    equal(await text(page, 'panel-title'), 'Camera is switched off');
    equal(await page.locator('#knob-capture').isChecked(), false);
    await page.click('#switch-on');
    await untilKind(page, 'live', 10_000);
    equal(await page.locator('#knob-capture').isChecked(), true);
  });

  test('is shown in a window of its own, and not any more', async (t) => {
    const page = await openPage(t, browser, entrance);
    await openFront(page);
    await page.click('#pip');
    await until('a window', () => page.evaluate(() => document.pictureInPictureElement !== null));
    const before = await shownInWindow(page);
    await until('pictures in it', async () => (await shownInWindow(page)) > before + 2);
    await page.keyboard.press('p');
    await until('no window', () => page.evaluate(() => document.pictureInPictureElement === null));
    equal(await text(page, 'toast'), '');
  });
});

test('it can be installed, and has its icons', async (t) => {
  const context = await launchWithProfile(t);
  const [page = await context.newPage()] = context.pages();
  await page.goto(entrance);
  const cdp = await context.newCDPSession(page);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  deepEqual(installabilityErrors, []);
  const { errors, manifest } = await cdp.send('Page.getAppManifest');
  deepEqual(errors, []);
  const { id, name, startUrl, scope, icons = [] } = manifest;
  deepEqual({ id, name, startUrl, scope }, { id: gateway.url, name: 'HomeGuard', startUrl: gateway.url, scope: gateway.url });
  const served = icons.map(async ({ url }) => {
    // As the browser fetches them: without the cookie.
    const answer = await fetch(url);
    return answer.ok && answer.headers.get('content-type');
  });
  deepEqual(
    await Promise.all(served),
    icons.map(({ type }) => type),
  );
  equal(icons.length, 4);
});

/** How far the video in the window has got, by the pictures that it showed. */
const shownInWindow = (page: Page) =>
  page.evaluate(() => (document.pictureInPictureElement as HTMLVideoElement | null)?.getVideoPlaybackQuality().totalVideoFrames ?? 0);

/** Where the picture lies behind its frame. */
const glass = (page: Page) =>
  page.locator('.glass').evaluate((element) => {
    const [, x = 'NaN', y = 'NaN', scale = 'NaN'] =
      /translate\((.+)px, (.+)px\) scale\((.+)\)/.exec((element as HTMLElement).style.transform) ?? [];
    return { x: Number(x), y: Number(y), scale: Math.round(Number(scale) * 10) / 10 };
  });

/** Runs in the page and its workers: their machine's clock is wrong by an hour. */
function anHourAhead(): void {
  const { Date: True } = globalThis;
  const ahead = () => True.now() + 3_600_000;
  globalThis.Date = class extends True {
    constructor(...args: unknown[]) {
      super(...((args.length ? args : [ahead()]) as [number]));
    }
    static override now = ahead;
  } as DateConstructor;
}
