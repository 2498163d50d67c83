/** What the page makes of numbers: its clock, its waits, its times in words. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ServerClock } from '../../services/gateway/page/feed/server-clock.ts';
import { retryWait } from '../../services/gateway/page/feed/stream.ts';
import { ago, duration, moment, snapshotName } from '../../services/gateway/page/words/times.ts';

test('the server clock is the one of the quickest answer, until a clock is set', () => {
  const clock = new ServerClock();
  equal(clock.at(0), null);
  clock.roughly(5_000, 100);
  equal(clock.at(200), 5_100);
  clock.sample(1_000, 7_040, 1_100); // 50 ms each way, one of them 40 too long
  clock.sample(2_000, 8_005, 2_010);
  clock.sample(3_000, 9_200, 3_300);
  equal(clock.at(4_000), 10_000);
  clock.sample(5_000, 3_611_005, 5_010); // set forward by an hour
  equal(clock.at(6_000), 3_612_000);
});

test('waits grow to 5 s, with jitter', () => {
  deepEqual(
    [1, 2, 3, 4, 5, 50].map((failures) => retryWait(failures, 1)),
    [500, 1000, 2000, 4000, 5000, 5000],
  );
  equal(retryWait(2, 0), 600);
});

test('times are told in words', () => {
  deepEqual(
    [-5, 12.4, 999.4, 999.6, 3_400, 9_940, 42_700, 320_000, 7_500_000, 260_000_000].map((ms) => duration(ms)),
    [...['0 ms', '12 ms', '999 ms', '1.0 s', '3.4 s', '9.9 s', '42 s', '5 min 20 s', '2 h 5 min', '3 days']],
  );
  deepEqual(
    [-5, 4_000, 5_400, 42_700, 320_000, 7_500_000].map((ms) => ago(ms)),
    [...['just now', 'just now', '5 s ago', '42 s ago', '5 min ago', '2 h 5 min ago']],
  );
  const noon = new Date(2026, 10, 22, 12, 3, 4).getTime();
  equal(moment(noon, noon + 1000), '12:03:04');
  equal(moment(noon, noon + 86_400_000), '2026-11-22 12:03:04');
  equal(snapshotName('front', noon), 'front-2026-11-22_12-03-04.jpg');
});
