/** The page when its gateway goes away, comes back, or lets nobody in. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { REFUSED, text, untilKind } from '../helpers/open-page.ts';
import { until } from '../helpers/until.ts';
import { StubGateway } from './stub-gateway.ts';
import { age, atOnce, DARK, kind, open } from './stub-page.ts';

/** As if the tab came to the front or went behind another: headless Chromium knows no such thing. */
async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

describe('the page', atOnce, () => {
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
    await until('a picture', () => page.evaluate(() => (document.querySelector('img#fallback') as HTMLImageElement).naturalWidth === 640));
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
