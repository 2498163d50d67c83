/** The picture on the page: how old it is, when it stands still, and what is never taken for one. */
import { equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { text, untilKind } from '../helpers/open-page.ts';
import { until } from '../helpers/until.ts';
import { StubGateway } from './stub-gateway.ts';
import { age, atOnce, kind, open, pixels } from './stub-page.ts';

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

describe('the picture', atOnce, () => {
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
    const page = await open(t, stub, { init: countUrls });
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
