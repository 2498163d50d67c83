/** What can be done on the page, by button, key, wheel and tap. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { snapshotName } from '../../services/gateway/page/words/times.ts';
import { inspect } from '../helpers/axe.ts';
import { REFUSED, text, untilKind } from '../helpers/open-page.ts';
import { until } from '../helpers/until.ts';
import { StubGateway } from './stub-gateway.ts';
import { atOnce, DARK, open, pixels, TWO } from './stub-page.ts';

describe('buttons', atOnce, () => {
  test('snapshot saves a file named after camera and time, or says why not', async (t) => {
    const stub = await StubGateway.start(t);
    const page = await open(t, stub, { allow: REFUSED });
    await untilKind(page, 'live');
    const earliest = snapshotName('front', stub.now - 1000);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Snapshot' }).click()]);
    const name = download.suggestedFilename();
    match(name, /^front-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.jpg$/);
    ok(name >= earliest && name <= snapshotName('front', stub.now), `${name} is not of now`);
    const file = await readFile(await download.path());
    deepEqual([...file.subarray(0, 2), ...file.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
    await until('word of it', async () => equal(await text(page, 'toast'), `Saved ${name}`) ?? true);
    await Promise.all([page.waitForEvent('download'), page.keyboard.press('s')]);
    stub.snapshotFault = 'The camera is switched off.';
    await page.keyboard.press('s');
    await until('why not', async () => equal(await text(page, 'toast'), 'No snapshot: The camera is switched off.') ?? true);
  });

  test('full screen by button, key and double click; what is not the picture goes away', async (t) => {
    const stub = await StubGateway.start(t);
    const page = await open(t, stub, { viewport: { width: 1000, height: 700 } });
    await untilKind(page, 'live');
    const isFull = () => page.evaluate(() => document.fullscreenElement?.id === 'app');
    const button = page.getByRole('button', { name: 'Full screen' });
    const small = await page.locator('#picture').boundingBox();
    await button.click();
    await until('full screen', async () => (await isFull()) && (await button.getAttribute('aria-pressed')) === 'true');
    const full = await page.locator('#picture').boundingBox();
    ok(full && small && full.width > small.width && full.x === 0, `the picture is at ${full?.x}, ${full?.width} wide`);
    ok(Math.abs(full.y - (700 - full.height) / 2) < 1, `the picture is not in the middle, but at ${full.y}`);
    await page.setViewportSize({ width: 390, height: 700 });
    const narrow = await page.locator('#picture').boundingBox();
    deepEqual([narrow?.x, narrow?.width], [0, 390], 'the picture on a phone');
    await page.setViewportSize({ width: 1000, height: 700 });
    await page.waitForSelector('[data-idle]', { timeout: 4000 });
    await until('hidden bar', () => page.evaluate(() => getComputedStyle(document.querySelector('.deeds') as Element).opacity === '0'));
    await page.mouse.move(300, 300);
    equal(await page.locator('[data-idle]').count(), 0);
    await page.keyboard.press('f');
    await until('no full screen', async () => !(await isFull()) && (await button.getAttribute('aria-pressed')) === 'false');
    await page.locator('#stage').dblclick();
    await until('full screen', isFull);
    await page.locator('#stage').dblclick();
    await until('no full screen', async () => !(await isFull()));
  });

  test('several cameras: all at once, of each one asks for what a tile can show; a tap leads to one, and the way back to all', async (t) => {
    const stub = await StubGateway.start(t, TWO);
    stub.tell(DARK, 'garden');
    stub.camera('garden').playing = 'placeholder';
    const page = await open(t, stub);
    await page.waitForSelector('[data-camera=front][data-kind=live]');
    await page.waitForSelector('[data-camera=garden][data-kind=dark]');
    deepEqual([...stub.sockets.values()], [['front', 'garden']], 'one connection for all');
    match((await page.textContent('[data-camera=front] .figures')) ?? '', /^\d+ ms · \d+\.\d fps$/);
    equal(await page.textContent('.detail'), '2 cameras · 1 without a picture');
    await page.click('[data-camera=front] a');
    await untilKind(page, 'live');
    match(page.url(), /#front$/);
    await until('one camera', () => [...stub.sockets.values()].join() === 'front');
    await page.getByLabel('Camera', { exact: true }).selectOption({ value: 'garden' });
    await until('the other camera', () => [...stub.sockets.values()].join() === 'garden');
    equal(await text(page, 'name'), 'Garden');
    await page.reload();
    await until('the same camera', () => [...stub.sockets.values()].join() === 'garden');
    await page.goBack();
    await until('the first camera', () => [...stub.sockets.values()].join() === 'front');
    await page.click('#back');
    await page.waitForSelector('#wall');
    const lost = await open(t, stub, { path: '#no-such' });
    await lost.waitForSelector('#wall');
  });

  test('freeze holds the picture, and says so; zoom by wheel and keys, and back', async (t) => {
    const stub = await StubGateway.start(t);
    const page = await open(t, stub);
    await untilKind(page, 'live');
    await page.keyboard.press(' ');
    await untilKind(page, 'frozen');
    const { sum } = await pixels(page);
    const { sent } = stub.camera();
    await until('more pictures', () => stub.camera().sent > sent + 10);
    equal((await pixels(page)).sum, sum, 'the picture moves');
    await page.keyboard.press(' ');
    await untilKind(page, 'live');
    await page.mouse.move(700, 450);
    await page.mouse.wheel(0, -600);
    await page.waitForSelector('.zoomed');
    await page.keyboard.press('0');
    await page.waitForSelector('.zoomed', { state: 'detached' });
    await page.keyboard.press('+');
    await page.click('#zoom-out');
    await page.waitForSelector('.zoomed', { state: 'detached' });
  });

  test('controls are made from what the camera offers; they show what it says, and why it refused', async (t) => {
    const capture = { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' } as const;
    const quality = { type: 'number', label: 'Quality', value: 90, default: 90, min: 1, max: 100, step: 1, unit: '%' } as const;
    const stub = await StubGateway.start(t, [{ id: 'front', settings: { capture, quality } }]);
    const page = await open(t, stub, { allow: REFUSED });
    await untilKind(page, 'live');
    await page.keyboard.press('c');
    await page.getByLabel('JPEG quality', { exact: true }).fill('50');
    await until('the wish', () => stub.wishes.join() === 'front/quality=50');
    await until('the true value', async () => (await page.textContent('[data-setting=quality] output')) === '90 %');
    stub.tell({ settings: { capture, quality: { ...quality, value: 50 } } });
    await until('the new value', async () => (await page.textContent('[data-setting=quality] output')) === '50 %');
    stub.settingFault = 'The camera is busy.';
    await page.getByRole('switch', { name: 'Camera on' }).click();
    await page.getByRole('alert').filter({ hasText: 'Not changed: The camera is busy.' }).waitFor();
    equal(await page.getByRole('switch', { name: 'Camera on' }).isChecked(), true, 'what is shown is what is');
  });

  test('on a phone what is on every page is behind one button, which axe-core likes; Escape closes it, and so does a choice', async (t) => {
    const page = await open(t, await StubGateway.start(t), { viewport: { width: 390, height: 844 } });
    await untilKind(page, 'live');
    const list = page.locator('#more-menu');
    equal(await list.isVisible(), false);
    await page.getByRole('button', { name: 'Menu' }).click();
    await list.waitFor();
    await inspect(page, 'html', 'menu');
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Menu' }).click();
    await list.getByRole('button', { name: 'Connect' }).click();
    await page.waitForSelector('#connect-dialog');
    equal(await list.isVisible(), false);
  });

  test('German, chosen once, stays; the addresses for other programs lie below the path', async (t) => {
    const stub = await StubGateway.start(t);
    const page = await open(t, stub);
    await untilKind(page, 'live');
    await page.getByRole('button', { name: 'Deutsch' }).click();
    equal(await page.getAttribute('html', 'lang'), 'de');
    await page.reload();
    await untilKind(page, 'live');
    await page.getByRole('button', { name: 'Verbinden' }).click();
    await page.waitForSelector('#connect-dialog');
    const lines = await page.locator('#connect-dialog code').allTextContents();
    ok(lines.includes(`${stub.url}cameras/front/stream`), lines.join());
    ok(lines.includes('homeguard/front/frame'), lines.join());
  });
});
