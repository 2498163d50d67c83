/** Users and tokens, as the admin sees them; and what those see who were made, changed and removed. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { addressesOf, imageTag, isOnlyHere, withToken } from '../../services/gateway/page/keys/addresses.ts';
import { camerasOf, implied, may, othersOf, tidy, toggle } from '../../services/gateway/page/keys/rights.ts';
import { readSecret, writeSecret } from '../../services/shared/secrets.ts';
import { inspect } from '../helpers/axe.ts';
import { REFUSED } from '../helpers/open-page.ts';
import { startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';
import { ask, inspectAll, open, startRealGateway } from './real-gateway.ts';

const house = await startRealGateway({ after });
const { url } = house;

const send = (method: string, path: string, body: object) => ask(url + path, { method, body: JSON.stringify(body) });

/** Makes a user from outside; gives its login. */
async function makeUser(name: string, may: string[]): Promise<{ name: string; password: string }> {
  const login = { name, password: `the password of ${name}` };
  equal((await send('POST', 'users', { ...login, may })).status, 201);
  return login;
}

async function mayOf(name: string): Promise<string[] | undefined> {
  const users = (await (await ask(`${url}users`)).json()) as { name: string; may: string[] }[];
  return users.find((user) => user.name === name)?.may;
}

const box = (page: Page, name: string) => page.getByRole('checkbox', { name, exact: true });
const chips = (page: Page, name: string) => page.locator(`[data-name=${name}] .chips li`).allInnerTexts();
/** The focus moves once the page is drawn anew. */
const untilFocused = (page: Page, id: string) =>
  page.waitForFunction((wanted) => document.activeElement?.id === wanted, id, { timeout: 5_000 });

describe('Access', { concurrency: 3 }, () => {
  test('a user that is made logs in and sees what he may; changed, he sees more; removed, he is thrown out', async (t) => {
    const page = await open(t, house, { allow: REFUSED });
    await page.click('#access');
    await page.click('#add-user');
    await page.fill('#user-name', 'anna');
    await box(page, 'Watch Garden').check();
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.locator('.once').waitFor();
    match(await page.locator('.once').innerText(), /Password of anna\s+Shown only this once: copy it now\./);
    const password = await page.locator('.once code').innerText();
    await page.click('text=Done');
    await untilFocused(page, 'add-user');
    deepEqual(await chips(page, 'anna'), ['Watch Garden']);

    const hers = await open(t, house, { as: { name: 'anna', password }, allow: REFUSED });
    await hers.waitForSelector('#app[data-kind=live]');
    equal(await hers.locator('#name').innerText(), 'Garden');
    equal(await hers.locator('#access').count(), 0);
    equal(await hers.locator('#cameras').count(), 0, 'another camera');

    await page.click('#change-anna');
    await box(page, 'Control all cameras').check();
    equal(await box(page, 'Watch Garden').isDisabled(), true, 'it says that already');
    await page.click('text=Save');
    await until('the chips', async () => (await chips(page, 'anna')).join() === 'Control all cameras');
    deepEqual(await mayOf('anna'), ['control:*']);
    await hers.reload();
    await hers.waitForSelector('#wall');
    equal(await hers.locator('.tile').count(), 2);

    await page.click('#remove-anna');
    equal(await page.evaluate(() => document.activeElement?.textContent), 'Cancel', 'what is dangerous has the focus');
    await page.getByRole('group').getByRole('button', { name: 'Remove' }).click();
    await page.locator('[data-name=anna]').waitFor({ state: 'detached' });
    await untilFocused(page, 'add-user');
    await hers.waitForURL(`${url}login`, { timeout: 5000 });
    match(await hers.locator('.error').innerText(), /^You were logged out/);
  });

  test('rights that have no box are shown as they are, and stay; another password ends what is open', async (t) => {
    const login = await makeUser('shed', ['publish:shed', 'use:zigbee2mqtt', 'read:gone', 'read:front']);
    const page = await open(t, house);
    const his = await open(t, house, { as: login, allow: REFUSED });
    await his.waitForSelector('#app[data-kind=live]');
    await page.click('#access');
    await page.locator('[data-name=shed]').waitFor();
    deepEqual(await chips(page, 'shed'), ['publish:shed', 'use:zigbee2mqtt', 'Watch gone', 'Watch Front door']);
    await page.click('#change-shed');
    match(await page.locator('.rights').innerText(), /Also, on MQTT: publish:shed use:zigbee2mqtt/);
    await box(page, 'Watch gone').uncheck();
    await box(page, 'Control Front door').check();
    await page.click('text=Save');
    await page.locator('#change-shed').waitFor();
    deepEqual(await mayOf('shed'), ['publish:shed', 'use:zigbee2mqtt', 'control:front']);

    await page.click('#password-shed');
    await page.getByLabel('New password of shed').fill('short');
    await page.keyboard.press('Enter');
    match(await page.getByRole('alert').innerText(), /^A password has at least 8 characters\.$/);
    await page.getByLabel('New password of shed').fill('');
    await page.keyboard.press('Enter');
    const password = await page.locator('.once code').innerText();
    await his.waitForURL(`${url}login`, { timeout: 5000 });
    await his.fill('#name', 'shed');
    await his.fill('#password', password);
    await his.keyboard.press('Enter');
    await his.waitForURL(url);
  });

  test('what is wrong stands beside the field that it is about', async (t) => {
    await makeUser('taken', ['read:front']);
    const page = await open(t, house, { allow: REFUSED });
    await page.click('#access');
    await page.click('#add-user');
    await untilFocused(page, 'user-name');
    const faults = async () =>
      (
        await page
          .locator('.adding .field, .adding .rights')
          .filter({ has: page.getByRole('alert') })
          .getByRole('alert')
          .allInnerTexts()
      ).join(' ');
    const tryIt = async (name: string, password: string, fault: RegExp) => {
      await page.fill('#user-name', name);
      await page.fill('#user-password', password);
      await page.keyboard.press('Enter');
      await until(`${fault}`, async () => fault.test(await faults()));
    };
    await tryIt('Anna', '', /^A name is a small letter.* Choose at least one thing/);
    await box(page, 'Admin: everything, users and tokens too').check();
    await tryIt('ben', 'short', /^A password has at least 8 characters\.$/);
    await tryIt('taken', '', /^There is a user taken already\.$/);
    await untilFocused(page, 'user-name');
    await tryIt('camera', '', /^Camera is HomeGuard's own: choose another name\.$/);
    await tryIt('ben', 'x'.repeat(2000), /too long/);
    await untilFocused(page, 'user-password');
    await page.click('text=Cancel');
    await untilFocused(page, 'add-user');
  });

  test('tokens are listed with what they are good for; one whose maker is gone has ended', async (t) => {
    await makeUser('boss', ['admin']);
    const asBoss = `Basic ${Buffer.from('boss:the password of boss').toString('base64')}`;
    const body = JSON.stringify({ name: 'nas', right: 'control', cameras: ['garden'] });
    const made = await fetch(`${url}tokens`, { method: 'POST', headers: { Authorization: asBoss }, body });
    const { token } = (await made.json()) as { token: string };
    equal((await ask(`${url}cameras/garden/snapshot`, { with: token })).status, 200);
    const page = await open(t, house);
    await page.click('#access');
    await page.click('#tab-tokens');
    await page.locator('[data-name=nas]').waitFor();
    deepEqual(await chips(page, 'nas'), ['Watch and control', 'Garden']);
    match(await page.locator('[data-name=nas]').innerText(), /Made \d+ \w+ \d{4} by boss · used (just now|\d+ s ago)/);
    equal((await ask(`${url}users/boss`, { method: 'DELETE' })).status, 204);
    await page.click('#tab-users');
    await page.click('#tab-tokens');
    await page.locator('[data-name=nas] .tag').waitFor();
    match(await page.locator('[data-name=nas]').innerText(), /Ended[\s\S]*boss, who made it, is no admin any more/);

    await page.click('#add-token');
    await page.fill('#token-name', 'everything');
    await page.getByRole('radio', { name: 'Everything' }).check();
    equal(await box(page, 'All cameras').isDisabled(), true);
    await page.keyboard.press('Enter');
    const all = await page.locator('.once code').first().innerText();
    equal((await ask(`${url}users`, { with: all })).status, 200);
    await page.locator('[data-name=everything]').waitFor();
  });

  test('where the gateway may not write users, the command to run stands there', async (t) => {
    const dataDir = makeWorkDir(t);
    writeSecret(dataDir, 'mqtt-gateway', readSecret(house.broker.settings.dataDir, 'mqtt-gateway') ?? '');
    const { url } = await startTestGateway(t, house.broker, { DATA_DIR: dataDir });
    const page = await open(t, { ...house, url }, { allow: REFUSED });
    await page.click('#access');
    await page.getByText('There is none yet but admin').waitFor();
    await page.click('#add-user');
    await page.fill('#user-name', 'anna');
    await box(page, 'Watch all cameras').check();
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const card = page.getByRole('alert').filter({ hasText: 'Command' });
    match(await card.innerText(), /the gateway may not write: run this command on the machine/);
    match(await card.locator('code').innerText(), /add anna --may 'read:\*'$/);
    await card.getByRole('button', { name: 'Copy: Command' }).click();
    await inspect(page, '#access-dialog', 'the command');
  });

  test('by keyboard alone, and axe-core finds nothing; in German, too', async (t) => {
    await makeUser('carla', ['read:*', 'use:zigbee2mqtt']);
    const page = await open(t, house);
    await page.locator('#access').focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-name=carla]').waitFor();
    await page.locator('#change-carla').focus();
    await page.keyboard.press('Enter');
    await page.locator('.rights').waitFor();
    await page.click('#add-user');
    await inspectAll(page, '#access-dialog', 'users');
    await page.getByRole('button', { name: 'Cancel' }).last().focus();
    await page.keyboard.press('Enter');
    await untilFocused(page, 'change-carla');
    await page.locator('#tab-users').focus();
    await page.keyboard.press('ArrowLeft');
    await untilFocused(page, 'tab-tokens');
    await page.locator('#add-token').focus();
    await page.keyboard.press('Enter');
    await inspectAll(page, '#access-dialog', 'tokens');
    await page.keyboard.press('Escape');
    await page.locator('#access-dialog').waitFor({ state: 'detached' });
    await untilFocused(page, 'access');

    await page.click('#language');
    await page.click('#access');
    await page.locator('[data-name=carla]').waitFor();
    deepEqual(await chips(page, 'carla'), ['Alle Kameras sehen', 'use:zigbee2mqtt']);
    await page.click('#add-user');
    const german = await page.locator('#access-dialog').innerText();
    match(german, /Benutzer\s+Tokens/);
    ok(!/\b(the|with|and|Watch|Add)\b/.test(german), german);
  });

  test('on a phone it is in the menu, to which the focus goes back', async (t) => {
    const page = await open(t, house, { viewport: { width: 390, height: 844 } });
    await page.waitForSelector('#more');
    await page.locator('#more').focus();
    await page.keyboard.press('Enter');
    await page.locator('#access').focus();
    await page.keyboard.press('Enter');
    await page.locator('#access-dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#access-dialog').waitFor({ state: 'detached' });
    await untilFocused(page, 'more');
  });

  test('log out everywhere ends the logins of that user in all browsers', async (t) => {
    const login = await makeUser('dora', ['admin']);
    const [page, phone] = [await open(t, house, { as: login, allow: REFUSED }), await open(t, house, { as: login, allow: REFUSED })];
    await phone.waitForSelector('#wall');
    await page.click('#access');
    match(await page.locator('.everywhere').innerText(), /^You are logged in as dora\. End every login of dora, this one too\./);
    await page.getByRole('button', { name: 'Log out everywhere' }).click();
    await page.waitForURL(`${url}login`);
    await phone.waitForURL(`${url}login`, { timeout: 5000 });
  });
});

describe('rights as boxes', () => {
  test('what another right says already is ticked and cannot be taken away alone', () => {
    const rights = ['read:*', 'control:door', 'publish:gate'];
    deepEqual([may(rights, 'read', 'front'), implied(rights, 'read', 'front'), implied(rights, 'read', '*')], [true, true, false]);
    deepEqual([may(rights, 'control', 'front'), may(rights, 'control', 'door'), implied(rights, 'control', 'door')], [false, true, false]);
    deepEqual([may(['admin'], 'control', '*'), implied(['control:door'], 'read', 'door')], [true, true]);
  });

  test('a tick changes one right, and what is sent says nothing twice', () => {
    deepEqual(toggle(['use:shed', 'read:front'], 'read:front'), ['use:shed']);
    deepEqual(tidy(['read:front', 'control:front', 'use:shed', 'read:door']), ['control:front', 'use:shed', 'read:door']);
    deepEqual(tidy(['read:front', 'read:*', 'publish:*']), ['read:*', 'publish:*']);
    deepEqual(tidy(['read:*', 'admin', 'use:shed', 'publish:gate']), ['admin', 'use:shed', 'publish:gate']);
    deepEqual(
      [camerasOf(['read:gone', 'control:*', 'use:x'], ['front']), othersOf(['admin', 'use:x', 'read:*'])],
      [['front', 'gone'], ['use:x']],
    );
  });

  test('addresses with a token, below a path; and those that only this machine knows', () => {
    const { stream, socket } = addressesOf('https://cam.example/cams/#front', 'front');
    equal(withToken(stream, 'a_b-c'), 'https://any:a_b-c@cam.example/cams/cameras/front/stream');
    equal(socket, 'wss://cam.example/cams/cameras/front/ws');
    equal(imageTag(stream, '"<Tom & Jerry>'), `<img src="${stream}" alt="&quot;&lt;Tom &amp; Jerry>">`);
    const pages = [
      'http://localhost:8080/',
      'http://127.0.0.1/',
      'http://[::1]:1/',
      'http://127.evil.example/',
      'http://raspberrypi.local/',
    ];
    deepEqual(pages.map(isOnlyHere), [true, true, true, false, false]);
  });
});
