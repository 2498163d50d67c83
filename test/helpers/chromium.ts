import { type Browser, chromium } from 'playwright-core';
import { defer, type Scope } from './cleanup.ts';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's headless Chromium, closed when the test ends. */
export async function launchChromium(t: Scope): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  defer(t, () => browser.close());
  return browser;
}
