import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { defer, type Scope } from './cleanup.ts';
import { makeWorkDir } from './work-dir.ts';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Debian's headless Chromium, closed when the test ends.
 * @param hosts names that it takes for this machine, and not for a place that is as safe as `localhost`
 */
export async function launchChromium(t: Scope, hosts: string[] = []): Promise<Browser> {
  const rules = `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')}`;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: hosts.length > 0 ? [...args, rules] : args });
  defer(t, () => browser.close());
  return browser;
}

/** The same with a profile of its own on disk, as people have it: each page of `launchChromium` is one of a private window. */
export async function launchWithProfile(t: Scope): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(makeWorkDir(t), { executablePath: '/usr/bin/chromium', args });
  defer(t, () => context.close());
  return context;
}
