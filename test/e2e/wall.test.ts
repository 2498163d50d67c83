/** Four webcams, each service a process of its own, and the page before them: what is seen while parts of it go and come. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { defer } from '../helpers/cleanup.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { openPage, REFUSED, text, untilKind } from '../helpers/open-page.ts';
import { makeHouse, startWebcam } from '../helpers/real-house.ts';
import { connectMqtt, receive } from '../helpers/services.ts';
import { startSlowLine } from '../helpers/slow-line.ts';
import { until } from '../helpers/until.ts';
import { bearer } from '../helpers/viewers.ts';

const CAMERAS = { front: 'Front door', drive: 'Driveway', garden: 'Garden', workshop: 'Workshop' };
const SMALL = { width: 320, height: 240 };
const FPS = 10;
/** A page that lost a server finds it again so soon, at most; the rest is the server's and the machine's. */
const BACK_MS = 6_000;
const GREY_MS = 2_000;

const house = { after };
const [hg, browser, dir] = await Promise.all([makeHouse(house), launchChromium(house), jpegFrames({ ...SMALL, count: 10, bytes: 20_000 })]);
let broker = await hg.startBroker();
let gateway = await hg.startGateway();
const webcams = await Promise.all(
  Object.entries(CAMERAS).map(([id, name]) => startWebcam(house, hg.bus, id, name, { ...SMALL, dir, fps: FPS })),
);
before(() =>
  until(
    'four live cameras at the gateway',
    async () => {
      const cameras = (await (await fetch(`${hg.url}cameras`, { headers: bearer })).json()) as { online: boolean }[];
      return cameras.length === 4 && cameras.every(({ online }) => online);
    },
    { ms: 60_000 },
  ),
);

const tile = (page: Page, id: string) => page.locator(`.tile[data-camera=${id}]`);
const untilTile = (page: Page, id: string, kind: string, ms = 8_000) =>
  until(`tile of ${id} that is ${kind}`, async () => equal(await tile(page, id).getAttribute('data-kind'), kind) ?? true, { ms });
const untilWall = (page: Page, ms = 15_000) =>
  until('four live tiles', async () => equal(await page.locator('.tile[data-kind=live]').count(), 4) ?? true, { ms });

/** Of each camera's picture a number that tells two pictures apart. */
const pictures = (page: Page): Promise<number[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('.view')].map((view) => {
      const context = new OffscreenCanvas(32, 24).getContext('2d');
      context?.drawImage(view as HTMLCanvasElement | HTMLVideoElement, 0, 0, 32, 24);
      return [...(context?.getImageData(0, 0, 32, 24).data ?? [])].reduce((sum, value, i) => (sum * 31 + value + i) % 1_000_003, 7);
    }),
  );

/** Waits until each of these tiles, by its place, shows another picture than it did. */
async function untilMoved(page: Page, places: number[]): Promise<void> {
  const before = await pictures(page);
  await until('moving pictures', async () => {
    const now = await pictures(page);
    return places.every((place) => now[place] !== before[place]);
  });
}

/** Tells when the picture is grey or gone, in ms since this was asked, by the page's own clock. */
const untilGrey = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const began = performance.now();
        new MutationObserver((_, observer) => {
          if (!document.querySelector('#picture.gone, #panel')) return;
          observer.disconnect();
          resolve(performance.now() - began);
        }).observe(document, { subtree: true, attributes: true, childList: true });
      }),
  );

/** A page that is loaded anew does not know it any more. */
const mark = (page: Page) => page.evaluate(() => Object.assign(globalThis, { marked: true }));
const isMarked = (page: Page) => page.evaluate(() => 'marked' in globalThis);

describe('four cameras', { concurrency: 1 }, () => {
  test('are on the wall at once, over one WebSocket; one that is unplugged tells so, the others go on, and it comes back', async (t) => {
    const line = await startSlowLine(t, hg.gatewayPort);
    const page = await openPage(t, browser, hg.entrance.replace(`:${hg.gatewayPort}`, `:${line.port}`));
    await untilWall(page);
    const order = await page.locator('.tile').evaluateAll((tiles) => tiles.map((each) => each.getAttribute('data-camera') ?? ''));
    deepEqual(order.toSorted(), Object.keys(CAMERAS).toSorted());
    for (const [id, name] of Object.entries(CAMERAS)) {
      equal(await tile(page, id).locator('.tile-name').textContent(), name);
      equal(await tile(page, id).locator('.dot').getAttribute('aria-label'), 'Live');
      await until(
        'age and rate',
        async () => match((await tile(page, id).locator('.figures').textContent()) ?? '', /^\d+ ms · \d+\.\d fps$/) ?? true,
      );
    }
    await untilMoved(page, [0, 1, 2, 3]);

    defer(t, async () => webcams[0]?.plug());
    await webcams[0]?.unplug();
    await untilTile(page, 'front', 'dark');
    match((await tile(page, 'front').locator('.tile-dark').textContent()) ?? '', /^No camera foundPlug in the camera/);
    equal(await text(page, 'announcement'), '4 cameras · 1 without a picture');
    const others = order.flatMap((id, place) => (id === 'front' ? [] : [place]));
    await untilMoved(page, others);
    equal(await page.locator('.tile[data-kind=live]').count(), 3);
    await webcams[0]?.plug();
    await untilWall(page);

    await tile(page, 'garden').click();
    await untilKind(page, 'live');
    equal(await text(page, 'name'), 'Garden');
    await page.goBack();
    await untilWall(page);
    equal(line.webSockets, 1);
  });

  test('of a hidden tab nobody is a viewer; shown again it is live at once', async (t) => {
    const reader = await connectMqtt(t, hg.bus.url, hg.bus.login('homeassistant'));
    const heard = await receive(reader, 'homeguard/+/viewers/+');
    const viewers = () => {
      const counts = new Map(heard.map(({ topic, payload }) => [topic, Number(payload)]));
      return [...counts].reduce((sum, [, count]) => sum + count, 0);
    };
    const page = await openPage(t, browser, hg.entrance);
    await untilWall(page);
    await until('four viewers', () => viewers() === 4);
    await setHidden(page, true);
    await until('no viewer', () => viewers() === 0);
    await setHidden(page, false);
    await untilWall(page, 3_000);
    await until('four viewers', () => viewers() === 4);
  });
});

/** As if the tab went behind another, or came to the front: headless Chromium knows no such thing. */
async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

describe('a restart', { concurrency: 1 }, () => {
  test('of the broker: the page says that it is away, and is live again by itself', async (t) => {
    const page = await openPage(t, browser, `${hg.entrance}`);
    await untilWall(page);
    await tile(page, 'front').click();
    await untilKind(page, 'live');
    await mark(page);
    const grey = untilGrey(page);
    await broker.stop();
    const greyAfter = await grey;
    ok(greyAfter <= GREY_MS, `grey after ${greyAfter} ms`);
    equal(await text(page, 'label'), 'Message bus not reachable');
    match(await text(page, 'panel'), /trying again every second/);
    equal(await page.isHidden('#picture'), true);
    broker = await hg.startBroker();
    const back = performance.now();
    await untilKind(page, 'live', BACK_MS);
    t.diagnostic(`live again ${Math.round(performance.now() - back)} ms after the broker`);
    ok(await isMarked(page), 'the page was loaded anew');
  });

  test('of the gateway: the same, and nobody has to log in', async (t) => {
    const page = await openPage(t, browser, hg.entrance, { allow: REFUSED });
    await untilWall(page);
    await tile(page, 'front').click();
    await untilKind(page, 'live');
    await mark(page);
    const grey = untilGrey(page);
    await gateway.stop();
    const greyAfter = await grey;
    ok(greyAfter <= GREY_MS, `grey after ${greyAfter} ms`);
    await until('word of it', async () => match(await text(page, 'note-detail'), /^.+ Trying again in \d s$/) ?? true);
    equal(await text(page, 'label'), 'Reconnecting');
    gateway = await hg.startGateway();
    const back = performance.now();
    await untilKind(page, 'live', BACK_MS);
    t.diagnostic(`live again ${Math.round(performance.now() - back)} ms after the gateway`);
    ok(await isMarked(page), 'the page was loaded anew');
  });
});
