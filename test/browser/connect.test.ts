/** Connect, as somebody uses it who wants a camera elsewhere: what is copied is then used from outside. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { REFUSED } from '../helpers/open-page.ts';
import { startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';
import { ask, inspectAll, open, startRealGateway } from './real-gateway.ts';
import { scan } from './scan.ts';

const house = await startRealGateway({ after });
const { url } = house;
const sh = (line: string, cwd: string) => promisify(execFile)('sh', ['-c', line], { cwd });

/** Opens the dialogue, at one of its tabs. */
async function connect(page: Page, tab = 'programs'): Promise<void> {
  await page.click('#connect');
  await page.click(`#tab-${tab}`);
}

/** The text in the row of this name. */
const row = (page: Page, name: string, within = '#connect-dialog') =>
  page.locator(`${within} [role=tabpanel]:not([hidden]) li`).filter({ hasText: name }).locator('code').first().innerText();

/** Makes a user from outside; gives its login. */
async function makeUser(name: string, may: string[]): Promise<{ name: string; password: string }> {
  const login = { name, password: `the password of ${name}` };
  equal((await ask(`${url}users`, { method: 'POST', body: JSON.stringify({ ...login, may }) })).status, 201);
  return login;
}

describe('Connect', { concurrency: 3 }, () => {
  test('has the addresses of the camera that is chosen, and copies them', async (t) => {
    const page = await open(t, house, { path: '#garden', permissions: ['clipboard-read', 'clipboard-write'] });
    await connect(page);
    equal(await row(page, 'MJPEG stream'), `${url}cameras/garden/stream`);
    await page.getByLabel('Camera', { exact: true }).last().selectOption('Front door');
    equal(await row(page, 'WebSocket'), `${url.replace('http', 'ws')}cameras/front/ws`);
    equal(await row(page, 'This page'), `${url}#front`);
    await page.getByRole('button', { name: 'Copy: One picture' }).click();
    await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
    equal(await page.evaluate(() => navigator.clipboard.readText()), `${url}cameras/front/snapshot`);
    await page.click('#tab-bus');
    equal(await row(page, 'Every picture'), 'homeguard/front/frame');
    match(await row(page, 'BRIDGE_URL'), /^BRIDGE_URL=mqtt:/);
  });

  test('a token that is made there opens that camera alone, by each of its lines, until it is revoked', async (t) => {
    const page = await open(t, house, { path: '#front', allow: REFUSED });
    await connect(page);
    await page.click('text=Make a token');
    match(await page.getByRole('alert').innerText(), /^A name is a small letter/);
    equal(await page.locator('#token-name').evaluate((input) => input === document.activeElement), true);
    await page.fill('#token-name', 'octoprint');
    await page.click('text=Make a token');
    await page.locator('.once').waitFor();
    match(await page.locator('.once').innerText(), /Shown only this once\. Whoever has it may watch until you revoke it\./);
    const [secret, stream, still, script] = (await page.locator('.once code').allInnerTexts()) as [string, string, string, string];

    const folder = makeWorkDir(t);
    await sh(`${script} -sS`, folder);
    const picture = await readFile(join(folder, 'front.jpg'));
    deepEqual([...picture.subarray(0, 2), ...picture.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
    equal((await sh(`curl -s -o now.jpg -w '%{http_code} %{content_type}' '${still}'`, folder)).stdout, '200 image/jpeg');
    match((await sh(`curl -s -m 5 '${stream}' | head -c 2000 | head -1 | tr -d '\\r'`, folder)).stdout, /^--/);
    equal((await ask(`${url}cameras/garden/snapshot`, { with: secret })).status, 404);
    equal((await ask(`${url}cameras/front/quality`, { with: secret, method: 'POST', body: '50' })).status, 403);

    await page.click('text=Done');
    await page.fill('#token-name', 'octoprint');
    await page.click('text=Make a token');
    match(await page.getByRole('alert').innerText(), /^There is a token octoprint already\.$/);
    await page.keyboard.press('Escape');
    await page.click('#access');
    await page.click('#tab-tokens');
    await page.click('#revoke-octoprint');
    equal((await ask(`${url}cameras/front/snapshot`, { with: secret })).status, 200, 'asked only');
    await page.getByRole('group').getByRole('button', { name: 'Revoke' }).click();
    await page.locator('[data-name=octoprint]').waitFor({ state: 'detached' });
    equal((await ask(`${url}cameras/front/snapshot`, { with: secret })).status, 401);
  });

  test('the code for the phone logs in, once', async (t) => {
    const page = await open(t, house, { path: '#front' });
    await connect(page, 'phone');
    const code = page.getByRole('img', { name: 'QR code that logs a phone in' });
    await code.waitFor();
    match(await page.locator('#only-here').innerText(), /^A phone cannot reach 127\.0\.0\.1.*GATEWAY_HOST=0\.0\.0\.0/);
    await page.emulateMedia({ colorScheme: 'dark' });
    const address = await scan(code);
    equal(address, await row(page, 'As a link'));
    match(address, new RegExp(`^${url}login\\?token=[\\w-]{20,}$`));

    const phone = await open(t, house, { as: null, viewport: { width: 390, height: 844 }, allow: REFUSED });
    await phone.goto(address);
    await phone.waitForSelector('#wall');
    equal(phone.url(), url);
    const other = await open(t, house, { as: null, allow: REFUSED });
    await other.goto(address);
    match(await other.locator('.error').innerText(), /^This link is not valid/);
  });

  test('a code that is over is made anew, a few times by itself', async (t) => {
    const page = await open(t, house, { path: '#front' });
    await page.clock.install();
    await page.reload();
    await connect(page, 'phone');
    const link = () => row(page, 'As a link');
    await page.locator('.qr').waitFor();
    const seen = new Set([await link()]);
    const isNew = async () => !seen.has(await link());
    const left = async () => Number(/^Works once, for (\d+) s more$/.exec(await page.locator('#qr-countdown').innerText())?.[1]);
    const whole = await left();
    ok(whole > 50 && whole <= 60, `${whole} s`);
    await page.clock.fastForward(20_000);
    await until('counting down', async () => (await left()) <= whole - 20);
    await page.click('#qr-again');
    await until('another one', isNew);
    for (let i = 0; i < 4; i++) {
      seen.add(await link());
      await page.clock.fastForward(61_000);
      await until('another one', isNew);
    }
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/tickets')) asked++;
    });
    await page.clock.fastForward(61_000);
    await page.locator('.code.over').waitFor();
    await page.clock.fastForward(5_000);
    equal(asked, 0, 'one more by itself');
    equal(await page.locator('#qr-countdown').innerText(), 'This one is over.');
    await page.click('#qr-again');
    await page.locator('.code:not(.over)').waitFor();
  });

  test('an address for somebody else’s page works once', async (t) => {
    const page = await open(t, house, { path: '#front' });
    await connect(page, 'site');
    await page.getByRole('radio', { name: 'One picture' }).check();
    await page.click('text=Make an address');
    const address = await row(page, 'Address');
    equal(await row(page, 'For the page'), `<img src="${address}" alt="Front door">`);
    const [first, second] = [await fetch(address), await fetch(address)];
    deepEqual([first.status, first.headers.get('content-type'), second.status], [200, 'image/jpeg', 401]);
    await first.bytes();
  });

  test('who is no admin is told why there is no token, and has the rest', async (t) => {
    const page = await open(t, house, { as: await makeUser('guest', ['read:front']) });
    await connect(page);
    match(await page.locator('#about-tokens').innerText(), /^Tokens are made by an admin, and you are logged in as guest\./);
    equal(await page.locator('#token-name').count(), 0);
    equal(await page.locator('#access').count(), 0);
    await page.click('#tab-phone');
    match(await page.locator('.code').innerText(), /logs in as guest/);
  });

  test('where nobody logs in, the code opens the page, and nothing asks for a token', async (t) => {
    const { url } = await startTestGateway(t, house.broker, { GATEWAY_AUTH: 'off' });
    const page = await open(t, { ...house, url }, { as: null, path: '#front' });
    await connect(page);
    match(await page.locator('#about-tokens').innerText(), /^Without a login no token is needed/);
    await page.click('#tab-phone');
    equal(await scan(page.getByRole('img', { name: 'QR code with the address of this page' })), `${url}#front`);
    equal(await page.getByText('Log out everywhere').count(), 0);
    await page.click('#tab-site');
    equal(await row(page, 'MJPEG stream'), `<img src="${url}cameras/front/stream" alt="Front door">`);
  });

  test('by keyboard alone, and axe-core finds nothing; in German, too', async (t) => {
    const page = await open(t, house, { path: '#front' });
    await page.locator('#connect').focus();
    await page.keyboard.press('Enter');
    await page.locator('#tab-programs').focus();
    for (const tab of ['phone', 'site', 'bus', 'programs']) {
      await page.keyboard.press('ArrowRight');
      equal(await page.evaluate(() => document.activeElement?.id), `tab-${tab}`);
      if (tab === 'phone') await page.locator('.qr').waitFor();
      await inspectAll(page, '#connect-dialog', tab);
    }
    await page.keyboard.press('Escape');
    await page.locator('#connect-dialog').waitFor({ state: 'detached' });
    equal(await page.evaluate(() => document.activeElement?.id), 'connect');

    await page.click('#language');
    await connect(page);
    const german = await page.locator('#connect-dialog').innerText();
    match(german, /Programme\s+Handy\s+Webseite\s+MQTT/);
    notEqual(german.match(/Token machen/), null);
    ok(!/\b(the|with|and)\b/.test(german), german);
  });
});
