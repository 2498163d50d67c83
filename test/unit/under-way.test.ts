import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { UnderWay } from '../../services/gateway/under-way.ts';

interface Line {
  /** What a picture takes by itself on the narrowest part of the line, and then to get there and be acknowledged, in ms. */
  picture: number;
  away: number;
}

interface Told {
  fps: number;
  /** Of the pictures at their arrival, the oldest, in ms. */
  oldest: number;
}

/** 30 pictures a second for a client at the end of a line, for so many seconds; of the last half it is told how it went. */
function play(underWay: UnderWay, line: Line, from: number, seconds: number): Told {
  const end = from + seconds * 1000;
  const half = (from + end) / 2;
  const arrivals: number[] = [];
  let freeAt = from;
  let [count, oldest] = [0, 0];
  for (let now = from; now < end; now += 1000 / 30) {
    for (let due = arrivals[0]; due !== undefined && due <= now; due = arrivals[0]) {
      arrivals.shift();
      ok(underWay.arrived('front', due));
    }
    if (!underWay.admits('front', 1)) continue;
    underWay.sent('front', now);
    freeAt = Math.max(freeAt, now) + line.picture;
    arrivals.push(freeAt + line.away);
    if (now < half) continue;
    count++;
    oldest = Math.max(oldest, freeAt + line.away / 2 - now);
  }
  for (const due of arrivals) underWay.arrived('front', due);
  return { fps: (2 * count) / seconds, oldest: Math.round(oldest) };
}

test('on a narrow line a picture waits for no other; what that costs is the time that an acknowledgement takes', () => {
  const { fps, oldest } = play(new UnderWay(), { picture: 350, away: 40 }, 0, 60);
  ok(oldest <= 375, `${oldest} ms`);
  ok(fps > 2.3, `${fps} fps`);
});

test('a long line is filled by two', () => {
  const { fps, oldest } = play(new UnderWay(), { picture: 10, away: 300 }, 0, 60);
  ok(fps > 5.9, `${fps} fps`);
  ok(oldest < 175, `${oldest} ms`);
});

test('a fast line has every picture', () => {
  const { fps, oldest } = play(new UnderWay(), { picture: 5, away: 20 }, 0, 60);
  ok(fps > 29.9, `${fps} fps`);
  equal(oldest, 15);
});

test('it finds out when the line becomes another', () => {
  const underWay = new UnderWay();
  const rates = [
    { picture: 5, away: 20 },
    { picture: 5, away: 300 },
    { picture: 350, away: 40 },
    { picture: 5, away: 40 },
    { picture: 350, away: 40 },
  ].map((line, i) => Math.round(2 * play(underWay, line, i * 60_000, 60).fps) / 2);
  deepEqual(rates, [30, 6, 2.5, 30, 2.5]);
});

test('what was not sent does not arrive, and of a camera that is not watched any more nothing is left', () => {
  const underWay = new UnderWay();
  equal(underWay.arrived('front', 0), false);
  underWay.sent('front', 0);
  underWay.sent('front', 0);
  equal(underWay.admits('front', 1), false);
  underWay.forget('front');
  equal(underWay.arrived('front', 1), false);
  equal(underWay.admits('front', 1), true);
});
