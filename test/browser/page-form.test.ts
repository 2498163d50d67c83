/** The page on screens small and large, light and dark, and to those who do not see it. */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { inspect } from '../helpers/axe.ts';
import { untilKind } from '../helpers/open-page.ts';
import { StubGateway } from './stub-gateway.ts';
import { atOnce, DARK, open, TWO } from './stub-page.ts';

describe('form', atOnce, () => {
  test('it fits phones and screens without scrolling, and every control has a name', async (t) => {
    const stub = await StubGateway.start(t, TWO);
    const page = await open(t, stub, { path: '#front' });
    await untilKind(page, 'live');
    for (const [width, height] of [
      [320, 568],
      [390, 844],
      [844, 390],
      [820, 1180],
      [1440, 900],
    ] as const) {
      await page.setViewportSize({ width, height });
      const overflow = await page.evaluate(() => {
        const { scrollWidth, scrollHeight } = document.documentElement;
        const shown = [...document.querySelectorAll('button, select')].filter((control) => control.checkVisibility());
        const controls = shown.map((control) => control.getBoundingClientRect());
        const outside = controls.filter(({ right, bottom }) => right > innerWidth || bottom > innerHeight).length;
        const small = controls.filter((control) => Math.min(control.width, control.height) < 36).length;
        return { wide: scrollWidth > innerWidth, high: scrollHeight > innerHeight, outside, small };
      });
      deepEqual(overflow, { wide: false, high: false, outside: 0, small: 0 }, `at ${width}x${height}`);
      const box = await page.locator('#picture').boundingBox();
      ok(box && Math.abs(box.width / box.height - 16 / 9) < 0.02, `the picture's shape at ${width}x${height}`);
      const room = await page.locator('#stage').boundingBox();
      ok(room && box.height <= room.height + 1 && box.width <= room.width + 1, `the picture is cut at ${width}x${height}`);
      ok(box.height > room.height - 1 || box.width > room.width - 1, `the picture could be larger at ${width}x${height}`);
    }
    const names = await page.getByRole('button').evaluateAll((buttons) => buttons.map((button) => button.textContent?.trim()));
    deepEqual(names, ['Snapshot', 'Freeze', 'Pop out', 'Full screen', 'Controls', 'Connect', 'Deutsch', 'Log out']);
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    equal(outline, 'solid', 'the focus cannot be seen');
  });

  test('light where light is preferred, dark else; nothing turns where no motion is wanted', async (t) => {
    const stub = await StubGateway.start(t);
    const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    stub.camera().playing = 'nothing';
    const light = await open(t, stub, { colorScheme: 'light', reducedMotion: 'reduce' });
    const dark = await open(t, stub, { colorScheme: 'dark' });
    for (const page of [light, dark]) await page.waitForSelector('.spinner');
    notEqual(await ground(light), await ground(dark));
    const animation = (page: Page) => page.evaluate(() => getComputedStyle(document.querySelector('.spinner') as Element).animationName);
    equal(await animation(light), 'none');
    equal(await animation(dark), 'turn');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe-core finds nothing to complain of, ${colorScheme}: on the wall, one camera, its controls, the addresses, in the dark, at the login`, async (t) => {
      const settings = { quality: { type: 'number', label: 'Quality', value: 80, default: 90, min: 1, max: 100, step: 1 } } as const;
      const stub = await StubGateway.start(t, [
        { id: 'front', settings },
        { id: 'garden', name: 'Garden', ...DARK },
      ]);
      stub.camera('garden').playing = 'nothing';
      const page = await open(t, stub, { colorScheme });
      await page.waitForSelector('[data-camera=front][data-kind=live]');
      await inspect(page, 'html', 'wall');
      await page.click('[data-camera=front] a');
      await untilKind(page, 'live');
      await page.keyboard.press('c');
      await inspect(page, 'html', 'camera');
      await page.click('#connect');
      await page.waitForSelector('#connect-dialog');
      await inspect(page, 'html', 'addresses');
      await page.goto(`${stub.url}#garden`);
      await page.keyboard.press('Escape');
      await untilKind(page, 'dark');
      await inspect(page, 'html', 'dark');
      await page.goto(`${stub.url}login`);
      await inspect(page, 'html', 'login');
    });
  }
});
