import { deepEqual } from 'node:assert/strict';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Fails with what axe-core finds in an element, `html` for the page, against the rules of WCAG and good practice. */
export async function inspect(page: Page, element: string, where: string): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate((selector) => (globalThis as unknown as { axe: typeof axe }).axe.run(selector), element);
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  deepEqual(found, [], where);
}
