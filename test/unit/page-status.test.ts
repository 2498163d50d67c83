import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera } from '../../services/gateway/page/camera.ts';
import { type Flow, Thrift } from '../../services/gateway/page/feed/thrift.ts';
import { type Sight, statusOf } from '../../services/gateway/page/status.ts';
import { tilePixels } from '../../services/gateway/page/view/grid.ts';
import { de } from '../../services/gateway/page/words/de.ts';

const camera = (fps: number | null): Camera => ({
  ...{ id: 'door', name: 'door', online: true, condition: 'live', cause: null, advice: null, since: null, device: null, default: true },
  format: fps === null ? null : { pixel: 'JPEG', width: 640, height: 480, fps, encoded: false },
  ...{ size: { width: 640, height: 480 }, fps, viewers: 1, control: true, topic: 'homeguard/door' },
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

test('a tile asks for the pixels it has, in steps, on the finest screens for no more than can be seen', () => {
  assert.deepEqual(
    [tilePixels(640, 1), tilePixels(641, 1), tilePixels(400, 1.25), tilePixels(366, 3), tilePixels(1, 1)],
    [640, 704, 512, 576, 64],
  );
});

/** Looks five times a second for so long. */
function lookFor(thrift: Thrift, ms: number, from: number, flow: Flow): number {
  for (let at = from; at < from + ms; at += 200) thrift.look(at, flow);
  return from + ms;
}

test('whole pictures that come late and seldom give way to small ones; one alone of both is no reason', () => {
  const thrift = new Thrift();
  let now = lookFor(thrift, 20_000, 0, { delay: 1_500, fps: 30, most: 30 });
  assert.equal(thrift.saves, false, 'a clock that is wrong');
  now = lookFor(thrift, 20_000, now, { delay: 100, fps: 2, most: 30 });
  assert.equal(thrift.saves, false, 'a camera that gives few');
  now = lookFor(thrift, 20_000, now, { delay: 900, fps: 2, most: 2 });
  assert.equal(thrift.saves, false, 'a camera that has no more');
  now = lookFor(thrift, 1_000, now, { delay: 900, fps: 2, most: 30 });
  now = lookFor(thrift, 1_000, now, { delay: 100, fps: 30, most: 30 });
  assert.equal(thrift.saves, false, 'a moment');
  lookFor(thrift, 2_000, now, { delay: 900, fps: 2, most: 30 });
  assert.equal(thrift.saves, true);
});

test('whole ones are tried again where nearly all small ones come, each time after twice as long, at most five minutes', () => {
  const thrift = new Thrift();
  const slow = { delay: 900, fps: 1, most: 30 };
  const easy = { delay: 60, fps: 14, most: 30 };
  let now = lookFor(thrift, 2_000, 0, slow);
  now = lookFor(thrift, 60_000, now, { delay: 200, fps: 6, most: 30 });
  assert.equal(thrift.saves, true, 'the line is full of small ones');
  for (const wait of [10, 20, 40, 80, 160, 300, 300]) {
    now = lookFor(thrift, wait * 1000 - 400, now, easy);
    assert.equal(thrift.saves, true, `before ${wait} s`);
    now = lookFor(thrift, 800, now, easy);
    assert.equal(thrift.saves, false, `after ${wait} s`);
    now = lookFor(thrift, 2_000, now, slow);
    assert.equal(thrift.saves, true, 'and it was too much');
  }
});
