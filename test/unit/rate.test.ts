import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rate } from '../../services/gateway/rate.ts';

function feed(rate: Rate, from: number, to: number, fps: number): void {
  for (let now = from; now < to; now += 1000 / fps) rate.count(now);
}

test('frames a second over the last full window', () => {
  const rate = new Rate();
  feed(rate, 50_000, 60_000, 30);
  assert.ok(Math.abs(rate.perSecond(60_000) - 30) < 0.6, `${rate.perSecond(60_000)}`);
});

test('a rate that changes shows within two windows', () => {
  const rate = new Rate();
  feed(rate, 50_000, 60_000, 30);
  feed(rate, 60_000, 64_100, 5);
  assert.ok(Math.abs(rate.perSecond(64_100) - 5) < 0.6, `${rate.perSecond(64_100)}`);
});

test('0 before the first frame and after the last', () => {
  const rate = new Rate();
  assert.equal(rate.perSecond(1_000_000), 0);
  feed(rate, 1_000_000, 1_010_000, 30);
  assert.ok(rate.perSecond(1_010_000) > 0);
  rate.perSecond(1_012_100);
  assert.equal(rate.perSecond(1_015_000), 0);
});

test('after a pause it tells nothing of before', () => {
  const rate = new Rate();
  feed(rate, 10_000, 20_000, 30);
  rate.count(80_000);
  assert.equal(rate.perSecond(80_001), 0);
  feed(rate, 80_033, 84_500, 30);
  assert.ok(Math.abs(rate.perSecond(84_500) - 30) < 0.6);
});
