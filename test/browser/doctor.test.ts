/** The doctor on the page: a real camera that may not be opened, on a real broker, at the real gateway. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { defer } from '../helpers/cleanup.ts';
import { fakecamEnv, makeNode } from '../helpers/fakecam.ts';
import { asUser } from '../helpers/other-user.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { type Env, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** The doctor's visit takes a second or two, and more where all tests run. */
const visit = { timeout: 30_000 };
const isRoot = process.getuid?.() === 0;
const house = { after };
const browser = await launchChromium(house);
const bus = await startTestBroker(house);
const { url } = await startTestGateway(house, bus, { GATEWAY_AUTH: 'off' });

function startCamera(t: TestContext, env: Env, through: string[] = []): Program {
  const { username = '', password = '' } = bus.login('camera');
  const login = { MQTT_URL: bus.url, MQTT_USERNAME: username, MQTT_PASSWORD: password };
  return startProgram(t, { main: 'services/camera/main.ts', through, env: { ...login, ...env } });
}

/** A camera whose device is for root and the group video alone, but runs as somebody else. */
async function startRefused(t: TestContext, id: string): Promise<Program> {
  const path = makeNode(makeWorkDir(t), { mode: 0o660, gid: 44 });
  const env = await fakecamEnv(t, { path, ...(!isRoot && { fail: 13 }) });
  const through = isRoot ? asUser('65534', '--clear-groups') : [];
  return startCamera(t, { ...env, CAMERA_ID: id, CAMERA_SOURCE: path }, through);
}

async function open(t: TestContext, id: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  defer(t, () => context.close());
  const page = await context.newPage();
  await page.goto(`${url}#${id}`);
  return page;
}

async function inspect(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  deepEqual(
    violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
    [],
  );
}

test('a dark camera: one tap, and the finding stands there with a line to copy; when it is gone, what to type', async (t) => {
  const program = await startRefused(t, 'front');
  const page = await open(t, 'front', { permissions: ['clipboard-read', 'clipboard-write'] });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.waitForSelector('#app[data-kind=dark] .ask-doctor', visit);
  ok(!asked.some((path) => /\/doctor-\w+\.js$/.test(path)), 'what shows findings is not loaded before');
  await page.focus('.ask-doctor');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.doctor .spinner');
  await page.waitForSelector('.findings', visit);
  ok(
    asked.some((path) => /\/doctor-\w+\.js$/.test(path)),
    asked.join(),
  );
  match((await page.textContent('.doctor-word')) ?? '', /^This keeps the picture away:$/);
  equal(await page.evaluate(() => document.activeElement?.tagName), 'H3', 'whoever cannot see is led there');
  const first = page.locator('.findings li').first();
  equal(await first.getAttribute('data-mark'), 'wrong');
  equal(await first.locator('.mark').getAttribute('aria-label'), 'Keeps the picture away:');
  const wrong = page.locator('.findings [data-mark=wrong]', { hasText: /^✘permission/ });
  match((await wrong.textContent()) ?? '', /may not be opened: EACCES on .*the device is root:/);
  match((await page.textContent('.doctor details summary')) ?? '', /^\d+ things are well$/);
  match((await page.textContent('.doctor .soft')) ?? '', /^Asked at \d\d:\d\d:\d\d · .+ · as the user nobody$/);
  equal(await page.locator('.findings [lang=en]').count(), await page.locator('.findings li').count());
  const line = wrong.locator('.line').first();
  const typed = (await line.locator('code').textContent()) ?? '';
  match(typed, /usermod|chmod|gpasswd/);
  await line.locator('button').click();
  equal(await page.evaluate(() => navigator.clipboard.readText()), typed);
  await inspect(page);

  // Right after the first visit: the page waits until the doctor comes again.
  await page.click('.ask-again');
  await page.waitForSelector('.doctor .spinner');
  await page.waitForSelector('.findings', visit);

  await program.stop();
  await until('offline', async () => (await page.textContent('#panel-title')) === 'Camera service is not running', { ms: 15_000 });
  await page.click('.ask-again');
  await page.waitForSelector('.doctor > div > .line', visit);
  match(
    (await page.textContent('.doctor-word')) ?? '',
    /^The doctor could not look\. The camera service is not connected to the message bus/,
  );
  match((await page.textContent('.doctor')) ?? '', /Type this on the machine where the camera should run:/);
  // As where the gateway is: this machine may be a container itself.
  match((await page.textContent('.doctor .line code')) ?? '', /^(npm run doctor|docker compose run --rm camera doctor)$/);
  await inspect(page);
});

test('a live camera, on a phone, in German: at the end of its controls, and all is well', async (t) => {
  startCamera(t, { CAMERA_ID: 'garden', CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240', DATA_DIR: makeWorkDir(t) });
  const page = await open(t, 'garden', { viewport: { width: 390, height: 844 }, locale: 'de-DE', colorScheme: 'dark', hasTouch: true });
  await page.waitForSelector('#app[data-kind=live]', visit);
  equal(await page.locator('.ask-doctor').count(), 0);
  await page.tap('#controls');
  const button = page.locator('.drawer > .ask-doctor:last-child');
  equal(await button.textContent(), 'Doktor fragen');
  ok(((await button.boundingBox())?.height ?? 0) >= 44);
  await button.tap();
  await page.waitForSelector('.drawer .doctor details', visit);
  equal(await page.textContent('.doctor h3'), 'Was der Doktor findet');
  equal(await page.textContent('.doctor-word'), 'Alles in Ordnung: Der Doktor hat nichts gefunden.');
  await page.tap('.doctor summary');
  match((await page.textContent('.doctor')) ?? '', /service garden says (live|idle), 320x240 at /);
  ok(await page.evaluate(() => document.documentElement.scrollWidth <= 390), 'nothing is wider than the phone');
  await inspect(page);
});
