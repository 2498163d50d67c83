import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { defer } from '../helpers/cleanup.ts';
import { watchCamera } from './station.ts';

const HOUR_MS = 3_600_000;

test('the clock set forward and back by an hour: frames go on, and nothing is told', async (t) => {
  const { viewer } = await watchCamera(t);
  const [began, wall] = [performance.now(), Date.now()];
  const setClock = (byMs: number) => execFileSync('date', ['-s', `@${(wall + byMs + performance.now() - began) / 1000}`]);
  defer(t, () => void setClock(0));
  for (const byMs of [HOUR_MS, -HOUR_MS]) {
    setClock(byMs);
    await viewer.picturesAfter(performance.now(), 60, 10_000);
  }
  assert.ok(viewer.longestGap(began) < 2000, `${viewer.longestGap(began)} ms without frames`);
  assert.deepEqual(viewer.conditionsSince(began, 'live'), []);
});
