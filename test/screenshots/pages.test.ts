/** Takes the pictures of the page that are in deploy/pictures, of the real thing: `npm run screenshots`. */
import { deepEqual } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { fakecamEnv, makeNode } from '../helpers/fakecam.ts';
import { makeUsers } from '../helpers/made-users.ts';
import { asUser } from '../helpers/other-user.ts';
import { startProgram } from '../helpers/program.ts';
import { password as adminPassword, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';
import { type Scene, sceneFrames } from './scenes.ts';

const TO = join(import.meta.dirname, '../../deploy/pictures');
const SCREENS = ['390x844', '820x1180', '1440x900'];
const SCHEMES = ['light', 'dark'] as const;
const CAMERAS: { id: string; name: string; scene: Scene; user?: string }[] = [
  { id: 'front', name: 'Front door', scene: 'front-door' },
  { id: 'drive', name: 'Driveway', scene: 'driveway' },
  { id: 'garden', name: 'Garden', scene: 'garden' },
  // Its node is only for root and the group video.
  { id: 'workshop', name: 'Workshop', scene: 'garden', user: 'www-data' },
];
/** The little plot has something to show then. */
const WATCHED_MS = 12_000;

/** What is taken, each from the view before it. */
const VIEWS: { name: string; show: (page: Page) => Promise<unknown> }[] = [
  { name: 'wall', show: (page) => page.waitForFunction(() => document.querySelectorAll('.tile[data-kind=live]').length === 3) },
  { name: 'camera', show: (page) => watch(page) },
  {
    name: 'controls',
    show: async (page) => {
      await page.click('#controls');
      await page.waitForSelector('[data-setting="controls/brightness"]');
    },
  },
  {
    name: 'dark',
    show: async (page) => {
      await page.goto(`${new URL('#workshop', page.url())}`);
      await page.waitForSelector('#app[data-kind=dark]');
    },
  },
  {
    name: 'doctor',
    show: async (page) => {
      await page.click('.ask-doctor');
      await page.waitForSelector('.findings', { timeout: 20_000 });
    },
  },
  {
    name: 'phone',
    show: async (page) => {
      await page.goto(`${new URL('#front', page.url())}`);
      await page.waitForSelector('#app[data-kind=live]');
      await press(page, '#connect');
      await page.click('#tab-phone');
      await page.waitForSelector('#connect-dialog svg, #connect-dialog canvas');
    },
  },
  {
    name: 'access',
    show: async (page) => {
      await page.keyboard.press('Escape');
      await page.locator('#connect-dialog').waitFor({ state: 'detached' });
      await press(page, '#access');
      await page.waitForSelector('#access-dialog [data-name=anna]');
    },
  },
];

const house = { after };
const browser = await launchChromium(house);
const bus = await startTestBroker(house);
for (const { id, name, scene, user } of CAMERAS) {
  const path = makeNode(makeWorkDir(house), { mode: 0o660, gid: 44 });
  const device = { dir: await sceneFrames(browser, scene), path, name: 'HD Pro Webcam C920', fps: 30, state: makeWorkDir(house) };
  const { username = '', password = '' } = bus.login('camera');
  startProgram(house, {
    main: 'services/camera/main.ts',
    through: user ? asUser(user, '--clear-groups') : [],
    env: {
      ...(await fakecamEnv(house, device)),
      ...{ CAMERA_ID: id, CAMERA_NAME: name, CAMERA_SOURCE: path },
      ...{ MQTT_URL: bus.url, MQTT_USERNAME: username, MQTT_PASSWORD: password },
    },
  });
}
await makeUsers(bus.settings.dataDir, { anna: ['read:*'], grandpa: ['read:front', 'read:garden'], alarm: ['control:front'] });
const { url } = await startTestGateway(house, bus);

describe('the page as it looks', { concurrency: 1 }, () => {
  for (const screen of SCREENS)
    for (const colorScheme of SCHEMES)
      test(`${screen}, ${colorScheme}`, async () => {
        const [width = 0, height = 0] = screen.split('x').map(Number);
        const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: 'en-GB' });
        const page = await context.newPage();
        const errors: string[] = [];
        page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
        await page.goto(`${url}login`);
        await page.fill('#password', adminPassword);
        await page.keyboard.press('Enter');
        for (const { name, show } of VIEWS) {
          await show(page);
          await keep(page, `${name}-${screen}-${colorScheme}`);
        }
        await context.close();
        deepEqual(errors, []);
      });
});

/** What is on every page is behind a button on a phone. */
async function press(page: Page, selector: string): Promise<void> {
  if (!(await page.locator(selector).isVisible())) await page.click('#more');
  await page.click(selector);
}

async function watch(page: Page): Promise<void> {
  await page.click('[data-camera=front] a');
  await page.waitForSelector('#app[data-kind=live]');
  await page.waitForTimeout(WATCHED_MS);
}

/** As JPEG of the size of a README's picture: a PNG of a camera's noise is ten times as long. */
async function keep(page: Page, name: string): Promise<void> {
  const png = join(makeWorkDir(house), 'page.png');
  await writeFile(png, await page.screenshot());
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', '-i', png, '-q:v', '4', join(TO, `${name}.jpg`)]);
}
