/** The page of deploy/django in Chromium, behind Django's login. It takes root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { startDjangoSite, users } from '../helpers/django-site.ts';
import { startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const BASE = '/vision/camera-usb-streaming/';

const told = (page: Page) => page.locator('#text').innerText();
const pixels = (page: Page) => page.locator('#canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

test('log in, see the picture move, be told why it is gone, and see it come back', async (t) => {
  const site = await startDjangoSite(t);
  const page = await (await launchChromium(t)).newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(site.origin + BASE);
  assert.equal(new URL(page.url()).pathname, '/accounts/login/');
  await page.fill('[name=username]', 'viewer');
  await page.fill('[name=password]', users.viewer);
  await page.click('button');
  await page.waitForURL(`**${BASE}`);
  await until('live', async () => /^Live · 320 × 240$/.test(await told(page)), { ms: 15_000 });
  assert.equal(await page.locator('h1').innerText(), 'Front door');
  const first = await pixels(page);
  await until('another picture', async () => (await pixels(page)) !== first);

  await site.camera.stop();
  await until('why it is dark', async () => /camera service/i.test(await told(page)));
  assert.equal(await page.locator('.lost').count(), 0, 'the placeholder is a picture of now');

  await site.gateway.stop();
  await until('the loss', async () => /does not answer/.test(await told(page)), { ms: 10_000 });
  assert.equal(await page.locator('.lost').count(), 1);
  await startTestGateway(t, site.bus, { GATEWAY_PORT: String(site.gateway.gateway.address.port) });
  await until('the way back', async () => /camera service/i.test(await told(page)) && !(await page.locator('.lost').count()), {
    ms: 10_000,
  });
  assert.deepEqual(errors, []);
});

test('where WebSockets do not get through, the plain stream is shown; who logged out is told', async (t) => {
  const site = await startDjangoSite(t);
  const context = await (await launchChromium(t)).newContext();
  const page = await context.newPage();
  // What a proxy makes of them that knows no upgrade.
  await page.routeWebSocket(/./, (socket) => socket.close());
  await page.goto(site.origin + BASE);
  await page.fill('[name=username]', 'viewer');
  await page.fill('[name=password]', users.viewer);
  await page.click('button');
  const image = page.locator('#picture img');
  await until(
    'the stream',
    async () => (await image.count()) > 0 && (await image.evaluate((each) => (each as HTMLImageElement).naturalWidth)) === 320,
    {
      ms: 20_000,
    },
  );
  assert.match(await told(page), /^Simple stream/);

  const other = await context.newPage();
  await other.goto(site.origin + BASE);
  await until('live', async () => /^Live/.test(await told(other)), { ms: 15_000 });
  await context.clearCookies();
  await other.evaluate('watch()'); // as after a loss
  await until('the way in', async () => /log in/.test(await told(other)));
});
