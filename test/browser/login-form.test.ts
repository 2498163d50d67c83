/** The login form, as people meet it who speak German or English, mistype, wait, or have no scripts. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { inspect } from '../helpers/axe.ts';
import { REFUSED } from '../helpers/open-page.ts';
import { password, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { ask, open, startRealGateway } from './real-gateway.ts';

const house = await startRealGateway({ after });
const { url } = house;
const german = { as: null, path: 'login', locale: 'de-AT', allow: REFUSED } as const;

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.fill('#name', name);
  await page.fill('#password', password);
  await page.keyboard.press('Enter');
}

const error = (page: Page) => page.locator('.error').innerText();

describe('the login form', { concurrency: 3 }, () => {
  test('speaks the browser’s language, or the one that was chosen; the page goes on in it', async (t) => {
    const page = await open(t, house, german);
    deepEqual([await page.title(), await page.getAttribute('html', 'lang')], ['Anmelden · HomeGuard', 'de']);
    deepEqual(await page.locator('label, button[type=submit]').allInnerTexts(), ['Name', 'Passwort', 'Anmelden']);
    for (const field of ['name', 'password'])
      match((await page.getAttribute(`#${field}`, 'autocomplete')) ?? '', /^(username|current-password)$/);
    await page.getByRole('button', { name: 'English' }).click();
    equal(await page.title(), 'Log in · HomeGuard');
    await page.reload();
    equal(await page.locator('button[type=submit]').innerText(), 'Log in');
    await logIn(page, 'admin', password);
    await page.waitForURL(url);
    await page.getByRole('button', { name: 'Connect' }).waitFor();
  });

  test('the page that leads there from another site speaks that language, too', async (t) => {
    const page = await open(t, house, german);
    // As from another site; and the form's answer is none, so that one stays on the page that leads there.
    await page.route(url, async (route) => {
      const headers = { ...route.request().headers(), 'sec-fetch-site': 'cross-site' };
      await route.fulfill({ response: await route.fetch({ headers }) });
    });
    await page.route(`${url}login`, (route) => route.fulfill({ status: 204 }));
    const ledOn = page.waitForRequest(`${url}login`);
    await page.goto(`${url}#garden`, { waitUntil: 'commit' });
    await ledOn;
    deepEqual([await page.locator('a').innerText(), await page.getAttribute('html', 'lang')], ['Weiter zu HomeGuard', 'de']);
  });

  test('says what was wrong, in that language', async (t) => {
    const page = await open(t, house, german);
    await logIn(page, 'admin', 'wrong');
    await page.waitForSelector('.error');
    equal(await error(page), 'Das war nicht das richtige Passwort zu diesem Namen.');
    await page.goto(`${url}login?token=spent`);
    match(await error(page), /^Dieser Link gilt nicht/);
    const esp = { name: 'esp32', password: 'the password of the esp32' };
    equal((await ask(`${url}users`, { method: 'POST', body: JSON.stringify({ ...esp, may: ['publish:gate'] }) })).status, 201);
    await logIn(page, esp.name, esp.password);
    await until('why not', async () =>
      /^Sie sind als esp32 angemeldet und dürfen hier keine Kamera sehen.*read:\*/.test(await error(page)),
    );
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await inspect(page, 'html', colorScheme);
    }
  });

  test('after too many wrong passwords it counts the seconds, and tells when they are over', async (t) => {
    // A gateway of its own: the others come from the same address, and would have to wait, too.
    const { url } = await startTestGateway(t, house.broker);
    const page = await open(t, { ...house, url }, { as: null, path: 'login', allow: REFUSED });
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    const attempt = async () => {
      await logIn(page, 'nobody', 'wrong');
      await page.waitForSelector('.error');
      return /^Too many wrong passwords came: try again in (\d+) s\.$/.exec(await error(page))?.[1];
    };
    const wrong = new URLSearchParams({ name: 'nobody', password: 'wrong' });
    // Each further one waits twice as long, so that at some time it comes too soon.
    for (let i = 0; i < 6; i++) await fetch(`${url}login`, { method: 'POST', body: wrong });
    const seconds = await until('too many', attempt, { ms: 20_000 });
    await page.clock.runFor((Number(seconds) - 1) * 1000);
    await until('the last second', async () => /in 1 s\.$/.test(await error(page)));
    await page.clock.runFor(1_000);
    await until('the end', async () => (await error(page)) === 'You can try again now.');
  });

  test('works without scripts, in English', async (t) => {
    const page = await open(t, house, { ...german, javaScriptEnabled: false });
    deepEqual(await page.locator('label, button').filter({ visible: true }).allInnerTexts(), ['Name', 'Password', 'Log in']);
    await logIn(page, 'admin', 'wrong');
    await page.waitForSelector('.error');
    equal(await error(page), 'That was not the right password for this name.');
    await logIn(page, 'admin', password);
    await page.waitForURL(url);
    await page.getByRole('img', { name: 'Live view' }).waitFor();
  });
});
