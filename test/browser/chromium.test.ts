import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../helpers/chromium.ts';
import type { Scope } from '../helpers/cleanup.ts';
import { processTree } from '../helpers/process-stats.ts';

test('Chromium shows a page, and none of its processes outlives the test', async () => {
  const hooks: (() => void | Promise<void>)[] = [];
  const scope: Scope = { after: (hook) => void hooks.push(hook) };
  const browser = await launchChromium(scope);
  const page = await browser.newPage();
  await page.goto('data:text/html,<title>HomeGuard</title>');
  assert.equal(await page.title(), 'HomeGuard');
  assert.ok(processTree(process.pid).length > 2);
  for (const hook of hooks) await hook();
  assert.deepEqual(
    processTree(process.pid)
      .slice(1)
      .filter((each) => each.state !== 'Z'),
    [],
  );
});
