/** The page on the real gateway and broker, with two cameras; for all tests of a file. */
import { deepEqual } from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { inspect } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import type { Scope } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { LARGE, type Opening, openPage } from '../helpers/open-page.ts';
import { type Env, startTestBroker, startTestGateway, type TestBroker, token } from '../helpers/services.ts';

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

interface Entering extends Opening {
  /** Below the page's address; of the admin what stands behind it: `#front`. A user who logs in has none. */
  path?: string;
  /** Null: whoever is not logged in. */
  as?: 'admin' | { name: string; password: string } | null;
}

/** Opens the page in a browser of its own, logged in; at the test's end it fails if that complained on the console, or threw. */
export async function open(scope: Scope, { browser, url }: Pick<RealGateway, 'browser' | 'url'>, entering: Entering = {}): Promise<Page> {
  const { path = '', as = 'admin', ...opening } = entering;
  const entrance = as === 'admin' ? `login?token=${token}${path}` : as ? 'login' : path;
  const page = await openPage(scope, browser, url + entrance, { ...LARGE, ...opening });
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
