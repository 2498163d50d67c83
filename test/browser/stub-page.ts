/** The page on a gateway that plays faults. One browser for all tests of a file. */
import { after } from 'node:test';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import type { Scope } from '../helpers/cleanup.ts';
import { LARGE, type Opening, openPage, text } from '../helpers/open-page.ts';
import type { StubGateway } from './stub-gateway.ts';

export const DARK = {
  condition: 'permission-denied',
  cause: 'EACCES on /dev/video0: <img src=x onerror=alert(1)>',
  advice: 'Add yourself to the group video.',
};
export const TWO = [
  { id: 'front', name: 'Front door' },
  { id: 'garden', name: 'Garden', default: true },
];

/** The tests mostly wait, so three of them may do so at the same time. */
export const atOnce = { concurrency: 3 };

const browser = await launchChromium({ after });

/** @param opening `path`: below the gateway's address */
export function open(t: Scope, stub: StubGateway, { path = '', ...opening }: Opening & { path?: string } = {}): Promise<Page> {
  return openPage(t, browser, stub.url + path, { ...LARGE, ...opening });
}

export const kind = (page: Page) => page.getAttribute('#app', 'data-kind');

/** The age in the bar, in ms. */
export async function age(page: Page): Promise<number> {
  const [, value = '', unit = ''] = /^([\d.]+) (ms|s)$/.exec(await text(page, 'age')) ?? [];
  return unit === 's' ? Number(value) * 1000 : value ? Number(value) : Number.NaN;
}

/** What is on the screen: how much its pixels differ (0: all one colour), and a number that tells two pictures apart. */
export function pixels(page: Page): Promise<{ variance: number; sum: number }> {
  return page.evaluate(() => {
    const view = document.querySelector<HTMLCanvasElement | HTMLVideoElement>('canvas.view, video.view');
    const context = new OffscreenCanvas(64, 36).getContext('2d');
    if (!view || !context) throw new Error('no canvas');
    context.drawImage(view, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    return { variance, sum: data.reduce((sum, value, i) => (sum * 31 + value + i) % 1_000_003, 7) };
  });
}
