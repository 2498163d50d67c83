/** A real browser that comes from another site: its cookie is for our own pages alone (SameSite=Strict), and it is let in all the same. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { defer } from '../helpers/cleanup.ts';
import { startSite } from '../helpers/nginx-site.ts';
import { password, startTestBroker, startTestGateway, token } from '../helpers/services.ts';
import { untilEvent } from '../helpers/until.ts';

/** Nothing says that this host may be trusted, so browsers do not tell it where somebody comes from. */
const PLAIN_HOST = 'cam.example';

let browser: Browser;
const undos: (() => void | Promise<void>)[] = [];
before(async () => {
  browser = await launchChromium({ after: (undo) => undos.push(undo) }, [PLAIN_HOST]);
});
after(async () => {
  for (const undo of undos) await undo();
});

/** A page elsewhere, such as a mail's, that shows these addresses as links. */
async function otherSite(t: TestContext, links: string[]): Promise<string> {
  const page = links.map((link, i) => `<a id="l${i}" href="${link}">link</a>`).join('');
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(page)).listen(0, '127.0.0.1');
  defer(t, () => {
    server.close();
    server.closeAllConnections();
  });
  await untilEvent(server, 'listening');
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

async function follow(context: BrowserContext, site: string, link: number): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site);
  await page.click(`#l${link}`);
  return page;
}

/** @param url where the browser finds the gateway, with a slash at its end */
async function comeFromElsewhere(t: TestContext, url: string): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const site = await otherSite(t, [`${url}#front`, `${url}login?token=${token}`]);

  const stranger = await follow(context, site, 0);
  await stranger.waitForURL(`${url}login#front`);
  assert.ok(await stranger.isVisible('#password'), 'nobody is let in');
  const guest = await follow(context, site, 1);
  await guest.waitForURL(url);
  await guest.waitForSelector('#name', { state: 'attached' });
  assert.match(await guest.title(), /HomeGuard/);
  const [cookie] = await context.cookies(url);
  assert.equal(cookie?.sameSite, 'Strict');

  const again = await follow(context, site, 0);
  await again.waitForURL(`${url}#front`);
  assert.equal(await again.locator('#password').count(), 0);
  await again.getByRole('button', { name: 'Log out' }).click();
  await again.waitForURL(`${url}login`);
  assert.equal(await again.inputValue('#name'), 'admin');
  await again.fill('#password', password);
  await again.keyboard.press('Enter');
  await again.waitForURL(url);
}

describe('from another site', { concurrency: 2 }, () => {
  test('by plain HTTP, under a name', async (t) => {
    const { gateway } = await startTestGateway(t, await startTestBroker(t));
    await comeFromElsewhere(t, `http://${PLAIN_HOST}:${gateway.address.port}/`);
  });

  test('behind nginx, by HTTPS, below a path', async (t) => {
    const env = { GATEWAY_BASE_PATH: '/cams/', GATEWAY_TRUSTED_PROXIES: '127.0.0.1' };
    const { gateway } = await startTestGateway(t, await startTestBroker(t), env);
    await comeFromElsewhere(t, await startSite(t, gateway.address.port));
  });
});
