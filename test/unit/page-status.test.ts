import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera } from '../../services/gateway/page/camera.ts';
import { type Sight, statusOf } from '../../services/gateway/page/status.ts';
import { tilePixels } from '../../services/gateway/page/view/grid.ts';
import { de } from '../../services/gateway/page/words/de.ts';

const camera = (fps: number | null): Camera => ({
  ...{ id: 'door', name: 'door', online: true, condition: 'live', cause: null, advice: null, since: null, device: null, default: true },
  format: fps === null ? null : { pixel: 'JPEG', width: 640, height: 480, fps, encoded: false },
  ...{ size: { width: 640, height: 480 }, fps, viewers: 1, topic: 'homeguard/door' },
});

function labelOf(fps: number | null, age: number | null, quiet: number): string {
  const sight: Sight = {
    ...{ camera: camera(fps), reachable: true, link: { state: 'open' }, fallback: false, fps, now: 0, retryIn: 0 },
    picture: { width: 640, height: 480, quiet, age },
  };
  return statusOf(sight).label;
}

test('pictures without a stamp are live as long as they come often; seldom ones may be old, and nobody knows', () => {
  assert.equal(labelOf(10, null, 100), 'Live');
  assert.equal(labelOf(null, null, 100), 'Live');
  assert.equal(labelOf(10, null, 2_000), 'Not live');
  assert.equal(labelOf(0.1, null, 100), 'Age unknown');
  assert.equal(labelOf(0.1, null, 20_000), 'Age unknown');
  assert.equal(labelOf(0.1, null, 26_000), 'Not live');
});

test('pictures with a stamp are as old as it says, however seldom they come', () => {
  assert.equal(labelOf(0.1, 100, 100), 'Live');
  assert.equal(labelOf(0.1, 3_000, 100), 'Delayed');
});

test('a tile asks for the pixels it has, in steps, on the finest screens for no more than can be seen', () => {
  assert.deepEqual(
    [tilePixels(640, 1), tilePixels(641, 1), tilePixels(400, 1.25), tilePixels(366, 3), tilePixels(1, 1)],
    [640, 704, 512, 576, 64],
  );
});

test('what the camera service advises is said in the language of the page first, then as it came', () => {
  const advice = 'Run `sudo usermod -aG video pi`.';
  const sight: Sight = {
    ...{ camera: { ...camera(30), condition: 'permission-denied', advice }, reachable: true, link: { state: 'open' }, fallback: false },
    ...{ picture: null, fps: null, now: 0, retryIn: 0 },
  };
  const { panel } = statusOf(sight);
  assert.deepEqual([panel?.advice, panel?.said], [advice, '']);
  const german = statusOf(sight, de).panel;
  assert.deepEqual([german?.advice, german?.said], [de.advice['permission-denied'], advice]);
  const unknown = statusOf({ ...sight, camera: { ...camera(30), condition: 'new-one', advice } }, de).panel;
  assert.deepEqual([unknown?.advice, unknown?.said], [advice, '']);
});
