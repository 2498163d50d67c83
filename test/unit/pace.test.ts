import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../services/shared/pace.ts';

const seconds = 60;

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When the frames of a source come: even, each early or late by at most `jitter` ms. */
function arrivals(fps: number, jitter: number, seed = 1): number[] {
  const next = numbers(seed);
  return Array.from({ length: fps * seconds }, (_, i) => (i * 1000) / fps + (next() * 2 - 1) * jitter).sort((a, b) => a - b);
}

const rateOf = (pace: Pace, times: number[]) => times.filter((time) => pace.admit(time)).length / seconds;

for (const fps of [1, 5, 10, 15, 30]) {
  for (const jitter of [0, 3, 8]) {
    test(`30 a second, each off by up to ${jitter} ms, paced to ${fps}`, () => {
      const rate = rateOf(new Pace(fps), arrivals(30, jitter));
      assert.ok(Math.abs(rate - fps) <= 0.03 * fps, `${rate} a second`);
    });
  }
}

test('rates that do not divide the source come out right in the mean', () => {
  for (const fps of [4, 7, 12, 20, 25]) {
    const rate = rateOf(new Pace(fps), arrivals(30, 3));
    assert.ok(Math.abs(rate - fps) <= 0.03 * fps, `${rate} for ${fps}`);
  }
});

test('a slower source passes whole', () => {
  assert.equal(rateOf(new Pace(30), arrivals(10, 5)), 10);
  assert.equal(rateOf(new Pace(240), arrivals(30, 8)), 30);
});

test('Infinity lets all through, 0 none', () => {
  assert.equal(rateOf(new Pace(Number.POSITIVE_INFINITY), arrivals(30, 8)), 30);
  assert.equal(rateOf(new Pace(0), arrivals(30, 8)), 0);
});

test('the first picture goes out at once, and nothing is made up for a pause', () => {
  const pace = new Pace(5);
  assert.ok(pace.admit(1_000_000));
  const burst = Array.from({ length: 300 }, (_, i) => 1_060_000 + i * 10); // a minute later, 3 s of 100 a second
  const gone = burst.filter((time) => pace.admit(time)).length;
  assert.ok(gone >= 15 && gone <= 17, `${gone} in 3 s`);
});

test('a new rate holds from the next picture on', () => {
  const pace = new Pace(1);
  assert.ok(pace.admit(0));
  assert.ok(!pace.admit(100));
  pace.fps = 10;
  assert.ok(pace.admit(110));
  assert.ok(!pace.admit(120));
  const gone = Array.from({ length: 1000 }, (_, i) => 120 + i).filter((time) => pace.admit(time)).length;
  assert.ok(gone === 10 || gone === 11, `${gone} in a second`);
});
