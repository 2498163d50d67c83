/** The page without a picture: it says why in words. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { text, untilKind } from '../helpers/open-page.ts';
import { until } from '../helpers/until.ts';
import { StubGateway } from './stub-gateway.ts';
import { atOnce, DARK, kind, open, pixels } from './stub-page.ts';

describe('without a picture', atOnce, () => {
  test('condition, cause, advice and since are told in words, and nothing of the last picture is left', async (t) => {
    const stub = await StubGateway.start(t);
    const page = await open(t, stub);
    await untilKind(page, 'live');
    stub.camera().playing = 'placeholder';
    stub.tell({ ...DARK, since: new Date(stub.now - 125_000).toISOString() });
    await untilKind(page, 'dark', 2000);
    equal(await text(page, 'label'), 'Permission denied');
    equal(await text(page, 'panel-title'), 'Permission denied');
    equal(await text(page, 'cause'), DARK.cause);
    equal(await text(page, 'advice'), DARK.advice);
    match(await text(page, 'since'), /^Since (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d, 2 min ago$/);
    equal(await page.isVisible('#panel'), true);
    equal(await page.isHidden('#picture'), true);
    await until('an empty canvas', async () => (await pixels(page)).variance < 1);
    stub.camera().playing = 'frames';
    stub.tell({ condition: 'live', cause: null, advice: null });
    await untilKind(page, 'live', 2000);
    equal(await page.isHidden('#panel'), true);
  });

  test('a picture that was taken before does not hide why there is none, a fresh one does', async (t) => {
    const stub = await StubGateway.start(t);
    stub.tell(DARK);
    stub.camera().lag = 60_000;
    const page = await open(t, stub);
    await untilKind(page, 'dark');
    await page.waitForTimeout(500);
    equal(await kind(page), 'dark');
    stub.camera().lag = 0;
    await untilKind(page, 'live');
  });

  test('it waits calmly for a camera that starts, and never takes a placeholder for a picture', async (t) => {
    const stub = await StubGateway.start(t);
    stub.camera().playing = 'placeholder';
    stub.tell({ condition: 'idle' });
    const page = await open(t, stub);
    await untilKind(page, 'waiting');
    await page.waitForTimeout(600);
    equal(await kind(page), 'waiting');
    equal(await text(page, 'panel-title'), 'Waiting for the first picture');
    equal(await page.locator('.sign').count(), 0);
    stub.camera().playing = 'frames';
    await untilKind(page, 'live');
  });

  test('what the advice says to type stands by itself, without its backticks', async (t) => {
    const advice = 'Run `sudo usermod -aG video pi`, and then log in again.';
    const stub = await StubGateway.start(t, [{ condition: 'permission-denied', cause: 'EACCES', advice }]);
    stub.camera().playing = 'nothing';
    const page = await open(t, stub);
    await untilKind(page, 'dark');
    equal(await page.textContent('#advice code'), 'sudo usermod -aG video pi');
    deepEqual((await page.locator('#advice').innerText()).split(/\n+/), ['Run', 'sudo usermod -aG video pi', 'and then log in again.']);
  });

  test('a test picture says that it is one', async (t) => {
    const stub = await StubGateway.start(t, [{ test: true, cause: 'no camera was found', advice: 'Plug one in.' }]);
    const page = await open(t, stub);
    await untilKind(page, 'live');
    equal(await page.isVisible('#test'), true);
    equal(await text(page, 'test-text'), 'No camera was found. Plug one in.');
    stub.tell({ test: false });
    await page.waitForSelector('#test', { state: 'hidden' });
  });

  test('a live camera that gives fewer pictures than it should says why', async (t) => {
    const stub = await StubGateway.start(t, [{ cause: 'only 15 of 30 pictures a second come', advice: 'Give it more light.' }]);
    const page = await open(t, stub);
    await untilKind(page, 'live');
    equal(await page.isVisible('#hint'), true);
    equal(await text(page, 'hint-text'), 'Only 15 of 30 pictures a second come. Give it more light.');
    stub.tell({ cause: null, advice: null });
    await page.waitForSelector('#hint', { state: 'hidden' });
  });
});
