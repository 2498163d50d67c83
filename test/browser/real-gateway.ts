/** The page on the real gateway and broker, with two cameras; for all tests of a file. */
import { deepEqual } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { type Env, startTestBroker, startTestGateway, type TestBroker, token } from '../helpers/services.ts';

/** What a browser itself writes to the console when a request fails, which some tests are about. */
export const REFUSED = /^(WebSocket connection to|Failed to load resource)/;
/** Frames a second: enough to be live. */
const FPS = 5;

export interface RealGateway {
  browser: Browser;
  broker: TestBroker;
  /** Where the page is, with a slash at its end. */
  url: string;
}

/** `Front door` and `Garden`, below `/cams/`. */
export async function startRealGateway(scope: Scope, env: Env = {}): Promise<RealGateway> {
  const broker = await startTestBroker(scope);
  const { url } = await startTestGateway(scope, broker, { GATEWAY_BASE_PATH: '/cams/', ...env });
  const frames = await readFrames({ width: 320, height: 180, count: 5, bytes: 8_000 });
  for (const [id, name] of Object.entries({ front: 'Front door', garden: 'Garden' })) {
    const camera = await startCamera(scope, broker, id, frames);
    camera.setState('live', { name });
    camera.play(FPS);
  }
  return { browser: await launchChromium(scope), broker, url };
}

export interface Opening extends BrowserContextOptions {
  /** Below the page's address; of the admin what stands behind it: `#front`. A user who logs in has none. */
  path?: string;
  /** Null: whoever is not logged in. */
  as?: 'admin' | { name: string; password: string } | null;
  /** Errors on the console that the test provokes. */
  allow?: RegExp;
}

/** Opens the page in a browser of its own, logged in; at the test's end it fails if that wrote an error to the console, or threw. */
export async function open(t: TestContext, { browser, url }: Pick<RealGateway, 'browser' | 'url'>, opening: Opening = {}): Promise<Page> {
  const { path = '', as = 'admin', allow, ...options } = opening;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !allow?.test(message.text())) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  defer(t, async () => {
    await context.close();
    deepEqual(errors, [], 'the page wrote errors to the console');
  });
  if (as === 'admin') await page.goto(`${url}login?token=${token}${path}`);
  else await page.goto(url + (as ? 'login' : path));
  if (typeof as === 'object' && as) {
    await page.fill('#name', as.name);
    await page.fill('#password', as.password);
    await page.keyboard.press('Enter');
    await page.waitForURL(url);
  }
  return page;
}

/** Asks the gateway from outside, with a token; the gateway's own without one. */
export function ask(url: string, { with: shown = token, ...init }: RequestInit & { with?: string } = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { Authorization: `Bearer ${shown}`, ...init.headers }, redirect: 'manual' });
}

/** Fails with what axe-core finds in an element against the rules of WCAG and good practice. */
export async function inspect(page: Page, element: string, where: string): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate((selector) => (globalThis as unknown as { axe: typeof axe }).axe.run(selector), element);
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  deepEqual(found, [], where);
}

/** Inspects a dialogue, light on a phone and dark on a large screen; and fails where something stands over its edge. */
export async function inspectAll(page: Page, dialog: string, what: string): Promise<void> {
  for (const [width, height, colorScheme] of [
    [390, 844, 'light'],
    [1440, 900, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await inspect(page, dialog, `${what}: ${colorScheme}, ${width} wide`);
    const over = await page.locator(dialog).evaluate((element) => element.scrollWidth > element.clientWidth);
    deepEqual(over, false, `it can be scrolled sideways at ${width}`);
  }
}
