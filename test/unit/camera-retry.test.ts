import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Backoff } from '../../services/camera/backoff.ts';
import { Demand } from '../../services/camera/demand.ts';
import { FormatMeter } from '../../services/camera/format-meter.ts';
import { Report } from '../../services/camera/report.ts';
import { smallSize } from '../../services/camera/small/small-size.ts';
import { Tally } from '../../services/camera/tally.ts';
import type { CameraState } from '../../services/shared/contract.ts';

test('waits double from 1 s to 30 s, with jitter', () => {
  for (const random of [() => 0, () => 0.999, Math.random]) {
    const backoff = new Backoff(random);
    const waits = Array.from({ length: 8 }, () => backoff.next());
    for (const [i, wait] of waits.entries()) {
      assert.ok(wait >= 1000 && wait <= 30_000, `${wait}`);
      assert.ok(i === 0 || wait >= (waits[i - 1] ?? 0) * 0.7);
    }
    assert.ok((waits.at(-1) ?? 0) >= 24_000);
  }
  assert.notEqual(new Backoff(() => 0.1).next(), new Backoff(() => 0.9).next());
});

test('a source that ran well, or another one, begins with 1 s again; a bound holds', () => {
  const backoff = new Backoff(() => 0);
  for (let i = 0; i < 5; i++) backoff.next();
  assert.equal(backoff.next(3000), 3000);
  backoff.ran(9_000);
  assert.equal(backoff.next(), 24_000);
  backoff.ran(11_000);
  assert.equal(backoff.next(), 1000);
  backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 1000);
});

test('viewers are summed over counters; nonsense is ignored, empty takes a counter out', () => {
  const demand = new Demand();
  demand.count('gateway-1', '2');
  demand.count('broker', '1');
  assert.equal(demand.viewers, 3);
  for (const nonsense of ['-5', 'NaN', '1.5', '1e9', ' 4', 'Infinity', '0x10', '99999999999', 'null']) demand.count('gateway-1', nonsense);
  assert.equal(demand.viewers, 3);
  demand.count('gateway-1', '0');
  assert.equal(demand.viewers, 1);
  demand.count('broker', '');
  assert.equal(demand.viewers, 0);
});

test('wishes for small frames: summed, the highest rate counts, and those of a counter that has gone are nobody’s', () => {
  const demand = new Demand();
  demand.countSmall('hall', '2 5');
  assert.deepEqual(demand.small, { viewers: 0, fps: 0 });
  demand.count('hall', '0');
  demand.count('attic', '1');
  demand.countSmall('attic', '1 15');
  assert.deepEqual([demand.small, demand.viewers], [{ viewers: 3, fps: 15 }, 1]);
  for (const nonsense of ['1', '-1 5', '1 1000', '1 5 ', 'a b', '1,5']) demand.countSmall('hall', nonsense);
  assert.deepEqual(demand.small, { viewers: 3, fps: 15 });
  demand.countSmall('attic', '');
  assert.deepEqual(demand.small, { viewers: 2, fps: 5 });
  demand.count('hall', '');
  assert.deepEqual(demand.small, { viewers: 0, fps: 0 });
  for (let i = 0; i < 1000; i++) {
    demand.countSmall(`counter-${i}`, '1 1');
    demand.count(`counter-${i}`, '0');
  }
  assert.ok(demand.small.viewers <= 64);
  demand.doubtAll();
  demand.count('counter-0', '0');
  demand.count('counter-1', '0');
  demand.countSmall('counter-1', '2 3');
  demand.forgetDoubted();
  assert.deepEqual(demand.small, { viewers: 2, fps: 3 }, 'what did not come again is over');
});

test('small frames have even sides and the shape of the large ones; of those that are hardly larger there are none', () => {
  const sizes: [number, number, { width: number; height: number } | null][] = [
    [1280, 720, { width: 640, height: 360 }],
    [1920, 1080, { width: 640, height: 360 }],
    [1600, 1200, { width: 640, height: 480 }],
    [1000, 563, { width: 640, height: 360 }],
    [4000, 2, { width: 640, height: 2 }],
    [832, 624, null],
    [640, 480, null],
  ];
  for (const [width, height, small] of sizes) assert.deepEqual(smallSize({ width, height }), small, `${width}x${height}`);
});

test('counters are bounded, whatever comes', () => {
  const demand = new Demand();
  for (let i = 0; i < 1000; i++) demand.count(`counter-${i}`, '1');
  assert.equal(demand.viewers, 64);
  demand.count('counter-0', '');
  demand.count('counter-999', '5');
  assert.equal(demand.viewers, 68);
});

test('the sum is never negative or no number', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.oneof(fc.string(), fc.integer().map(String)))), (news) => {
      const demand = new Demand();
      for (const [counter, text] of news) demand.count(counter, text);
      assert.ok(demand.viewers >= 0);
    }),
  );
});

test('on a new connection the old counts hold until those that came again are known', () => {
  const demand = new Demand();
  demand.count('gone', '2');
  demand.count('still', '3');
  demand.doubtAll();
  assert.equal(demand.viewers, 5);
  demand.count('still', '1');
  demand.forgetDoubted();
  assert.equal(demand.viewers, 1);
});

test('size and rate are told once, the rate again only when it is another than the one asked for', () => {
  const meter = new FormatMeter({ fps: 30, pixel: 'MJPG', encoded: false });
  assert.deepEqual(meter.measure(1280, 720), { pixel: 'MJPG', width: 1280, height: 720, fps: 30, encoded: false });
  const told = Array.from({ length: 600 }, (_, i) => [meter.measure(1280, 720), meter.count(i * 33.4)]).flat();
  assert.deepEqual(
    told.filter((each) => each !== null),
    [],
  );
});

test('a rate of its own is measured behind a burst', () => {
  const meter = new FormatMeter({ fps: 30, pixel: 'MJPG', encoded: false });
  meter.measure(640, 480);
  for (let i = 0; i < 15; i++) assert.equal(meter.count(i), null);
  const told = Array.from({ length: 100 }, (_, i) => meter.count(66.7 * i)).filter((each) => each !== null);
  assert.deepEqual(
    told.map((format) => format?.fps),
    [15],
  );
});

test('a rate that changes later, with the light, is told once it has held for two spans, and so is its return', () => {
  const meter = new FormatMeter({ fps: 30, pixel: 'MJPG', encoded: false });
  meter.measure(640, 480);
  const told: [number, number][] = [];
  const run = (from: number, to: number, every: number) => {
    for (let now = from; now < to; now += every) {
      const fps = meter.count(now)?.fps;
      if (fps !== undefined) told.push([Math.round(now / 1000), fps]);
    }
  };
  run(0, 10_000, 33.4);
  run(10_000, 40_000, 66.8);
  run(40_000, 60_000, 33.4);
  assert.deepEqual(
    told.map(([, fps]) => fps),
    [15, 30],
  );
  assert.ok(
    told.every(([second], i) => second <= ([10, 40][i] ?? 0) + 15),
    JSON.stringify(told),
  );
});

test('one slow span is no new rate', () => {
  const meter = new FormatMeter({ fps: 30, pixel: 'MJPG', encoded: false });
  meter.measure(640, 480);
  for (let now = 0; now < 40_000; now += now > 8_000 && now < 13_000 ? 80 : 33.4) assert.equal(meter.count(now), null);
});

test('one frame of another size is no new size, three are', () => {
  const meter = new FormatMeter({ fps: 30, pixel: 'MJPG', encoded: false });
  meter.measure(640, 480);
  const told = [1, 0, 1, 1, 0, 1, 1, 1, 1].map((other) => (other ? meter.measure(320, 240) : meter.measure(640, 480)));
  assert.deepEqual(
    told.map((format) => format?.width ?? null),
    [null, null, null, null, null, null, null, 320, null],
  );
});

function reporting() {
  let now = 0;
  const states: CameraState[] = [];
  const report = new Report(
    { name: 'front', settings: {}, off: false },
    () => new Date(++now * 1000),
    (state) => states.push(state),
  );
  return { report, states, conditions: () => states.map(({ condition }) => condition) };
}

const format = { pixel: 'MJPG', width: 1280, height: 720, fps: 30, encoded: false };
const trouble = { condition: 'device-busy' as const, cause: 'EBUSY', advice: 'Wait.' };

test('each change is told once, and `since` changes with the condition only', () => {
  const { report, states, conditions } = reporting();
  report.update({ watched: false });
  report.update({ format });
  report.update({ watched: true });
  report.update({ format: { ...format, fps: 15 } });
  report.update({ trouble, format: null });
  report.update({ trouble });
  report.update({ format });
  report.settle();
  report.settle();
  assert.deepEqual(conditions(), ['starting', 'idle', 'live', 'live', 'device-busy', 'device-busy', 'live']);
  const since = states.map((state) => state.since);
  assert.equal(since[2], since[3]);
  assert.equal(since[4], since[5]);
  assert.equal(new Set(since).size, 5);
  assert.deepEqual([states[4]?.cause, states[4]?.advice, states[6]?.cause], ['EBUSY', 'Wait.', null]);
});

test('a closed source is idle, whatever kept its picture away', () => {
  const { report, conditions } = reporting();
  report.update({ trouble });
  report.update({ open: false });
  assert.deepEqual(conditions(), ['starting', 'device-busy', 'idle']);
});

test('the stand-in says that it is one, and what to do', () => {
  const { report, states } = reporting();
  report.update({ standIn: true, format });
  const state = states.at(-1);
  assert.deepEqual([state?.condition, state?.test, state?.cause], ['idle', true, 'no camera was found']);
  assert.match(state?.advice ?? '', /Plug in/);
});

test('switched off is off, with nothing of before, until it is switched on', () => {
  const { report, states } = reporting();
  report.update({ trouble, format });
  report.update({ off: true, trouble: null });
  assert.deepEqual([states.at(-1)?.condition, states.at(-1)?.format], ['off', null]);
  assert.match(states.at(-1)?.advice ?? '', /capture to ON/);
  report.update({ trouble });
  assert.equal(states.at(-1)?.condition, 'off');
  report.update({ off: false, trouble: null });
  assert.deepEqual([states.at(-1)?.condition, states.at(-1)?.cause], ['idle', null]);
});

test('a hint stands beside a picture, and gives way to a trouble', () => {
  const { report, states } = reporting();
  const hint = { cause: 'slow', advice: 'Give it light.' };
  report.update({ format, watched: true, hint });
  assert.deepEqual([states.at(-1)?.condition, states.at(-1)?.cause, states.at(-1)?.advice], ['live', 'slow', 'Give it light.']);
  report.update({ trouble });
  assert.deepEqual([states.at(-1)?.condition, states.at(-1)?.cause], ['device-busy', 'EBUSY']);
});

test('telemetry counts from the start, and its rate is that since the last one', () => {
  const tally = new Tally(5_000);
  for (let i = 0; i < 900; i++) assert.equal(tally.frame(100), i);
  tally.dropped('bus-busy');
  tally.corrupt('cut off');
  tally.corrupt('no part head');
  tally.restart();
  const none = { 'bus-away': 0, empty: 0, 'too-large': 0, 'no-picture': 0 };
  const drops = { ...none, 'bus-busy': 1, 'cut-off': 1, 'no-part-head': 1 };
  const counts = { frames: 900, dropped: 1, corrupt: 2, bytes: 90_000, restarts: 1, drops, memory: 7 };
  assert.deepEqual(tally.report({ viewers: 3, memory: 7 }, 35_000), { fps: 30, ...counts, viewers: 3, uptime_s: 30 });
  for (let i = 0; i < 377; i++) tally.frame(0);
  assert.deepEqual(tally.report({ viewers: 0, memory: 7 }, 65_000), { fps: 12.6, ...counts, frames: 1277, viewers: 0, uptime_s: 60 });
});
