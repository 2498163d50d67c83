import { deepEqual, equal } from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { defer, type Scope } from './cleanup.ts';
import { until } from './until.ts';

export interface Opening extends BrowserContextOptions {
  /** Errors on the console that the test provokes. */
  allow?: RegExp;
  /** Runs in the page before anything of its own, and in its workers. */
  init?: () => void;
}

/** What a browser itself writes to the console when a request fails. */
export const REFUSED = /^(WebSocket connection to|Failed to load resource)/;

/** A desk's screen. */
export const LARGE = { viewport: { width: 1440, height: 900 } };

/** Opens an address in a window of its own; at the test's end fails if the page wrote an error or warning to the console, or threw. */
export async function openPage(t: Scope, browser: Browser, url: string, { allow, init, ...options }: Opening = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !allow?.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  defer(t, async () => {
    await context.close();
    deepEqual(complaints, [], 'the page complained on the console');
  });
  if (init) {
    await page.addInitScript(init);
    page.on('worker', (worker) => void worker.evaluate(init));
  }
  await page.goto(url);
  return page;
}

export const text = async (page: Page, id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? '';

/** `live`, `dark`, `wall` …, as the page says it of itself. */
export const untilKind = (page: Page, wanted: string, ms = 5000) =>
  until(`page that is ${wanted}`, async () => equal(await page.getAttribute('#app', 'data-kind'), wanted) ?? true, { ms });
