/** Who may only watch a camera, and who may set it, on the page of the real gateway. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Knobs } from '../../services/shared/knob.ts';
import { inspect } from '../helpers/axe.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { REFUSED } from '../helpers/open-page.ts';
import { ask, open, startRealGateway } from './real-gateway.ts';

const SETTINGS: Knobs = {
  capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' },
  'controls/brightness': { type: 'number', label: 'Brightness', value: 5, default: 3, min: 0, max: 10, step: 1 },
  restart: { type: 'button', label: 'Restart' },
};

const house = await startRealGateway({ after });
const shed = await startCamera({ after }, house.broker, 'shed', await readFrames({ width: 320, height: 180, count: 5, bytes: 8_000 }));
shed.takeCommands(SETTINGS);
shed.play(5);

/** Makes a user from outside; gives its login. */
async function makeUser(name: string, may: string[]): Promise<{ name: string; password: string }> {
  const login = { name, password: `the password of ${name}` };
  equal((await ask(`${house.url}users`, { method: 'POST', body: JSON.stringify({ ...login, may }) })).status, 201);
  return login;
}

/** What of the controls can be used. */
const usable = (page: Page) =>
  page.locator('#drawer :is(input, select, .knob button):enabled').evaluateAll((list) => list.map(({ id, className }) => id || className));

async function openControls(page: Page): Promise<void> {
  await page.waitForSelector('#app[data-kind=live]');
  await page.click('#controls');
  await page.waitForSelector('#knob-capture');
}

test('who may only watch sees how it is set, and why nothing can be changed', async (t) => {
  const watcher = await makeUser('wanda', ['read:shed']);
  const page = await open(t, house, { as: watcher });
  await openControls(page);
  deepEqual(await usable(page), []);
  equal(await page.locator('#knob-restart').count(), 0);
  equal(await page.locator('.ask-doctor').count(), 0);
  const drawer = await page.locator('#drawer').innerText();
  match(drawer, /You may watch, not change\.[\s\S]*Whoever may control this camera can ask the doctor/);
  await inspect(page, '#app', 'the controls of a watcher');
  await page.click('#language');
  match(await page.locator('#drawer').innerText(), /Sie dürfen zusehen, nicht ändern\.[\s\S]*kann den Doktor fragen/);

  shed.setState('off', { settings: SETTINGS });
  t.after(() => shed.setState('live', { settings: SETTINGS }));
  await page.waitForSelector('#panel .soft');
  equal(await page.locator('#switch-on').count(), 0);
  match(await page.locator('#panel').innerText(), /Sie dürfen zusehen, nicht ändern\./);
  await inspect(page, '#app', 'the panel of a watcher');
});

test('who may control can use them; when that is taken away, the gateway says so, and then the page', async (t) => {
  const controller = await makeUser('conny', ['control:shed']);
  const page = await open(t, house, { as: controller, allow: REFUSED });
  await openControls(page);
  deepEqual(await usable(page), ['knob-capture', 'undo', 'knob-controls-brightness', 'knob-restart']);
  equal(await page.locator('.ask-doctor').count(), 1);
  equal(await page.locator('#drawer > .soft').count(), 0);

  const body = JSON.stringify({ may: ['read:shed'] });
  equal((await ask(`${house.url}users/conny`, { method: 'PATCH', body })).ok, true);
  await page.click('#knob-restart');
  match(await page.locator('#knob-restart-hint').innerText(), /^Not changed: This takes the right control:shed; conny may only watch\.$/);
  // The list of cameras, which is asked for every 10 s, tells it.
  await page.locator('#knob-restart').waitFor({ state: 'detached', timeout: 15_000 });
  deepEqual(await usable(page), []);
});
