import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { type TestContext, test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { Channel } from '../../services/gateway/channel.ts';
import type { Picture } from '../../services/gateway/picture.ts';
import { Sighting } from '../../services/gateway/sighting.ts';
import { smallJpeg } from '../helpers/pictures.ts';

const picture = smallJpeg({ width: 640, height: 480 });

/** The channel of a camera of which nothing is known but its pictures, on a clock of the test's own. */
function setUp(t: TestContext) {
  let now = 1_000_000;
  t.mock.method(performance, 'now', () => now);
  const camera = new Camera('door');
  const sighting = new Sighting('homeguard/door/frame', now, () => now);
  camera.sighting = sighting;
  const channel = new Channel(camera, () => {});
  /** Lets `ms` pass as the hub sees it, with a picture every `interval` ms. */
  const pass = (ms: number, interval = Number.POSITIVE_INFINITY) => {
    let next = now + interval;
    for (const end = now + ms; now < end; ) {
      now += 10;
      if (now >= next) {
        next += interval;
        channel.receive(picture);
      }
      if (now % 250 === 0) {
        sighting.tick(now);
        channel.tick(now);
      }
    }
  };
  const watch = () => {
    const seen = { shown: [] as { picture: Picture; at: number }[], told: [] as string[] };
    const watching = channel.watch({
      show: (shown) => seen.shown.push({ picture: shown, at: now }),
      tell: () => seen.told.push(channel.view().condition),
      end: () => {},
    });
    return { ...seen, leave: () => watching[Symbol.dispose]() };
  };
  return { camera, channel, pass, watch, clock: () => now };
}

test('its viewers see within 2 s that it stopped, hear of it once, and of the next picture however late it comes', (t) => {
  const { channel, pass, watch, clock } = setUp(t);
  const viewer = watch();
  pass(3_000, 100);
  assert.deepEqual(viewer.told, []);
  const lost = clock();
  pass(2_000);
  const first = viewer.shown.find(({ picture }) => picture.isPlaceholder);
  assert.ok(first && first.at - lost <= 2_000);
  assert.deepEqual(viewer.told, ['no-frames']);
  pass(60_000);
  assert.deepEqual(viewer.told, ['no-frames']);
  assert.equal(channel.view().online, false);
  channel.receive(picture);
  assert.deepEqual(viewer.told, ['no-frames', 'live']);
  assert.equal(viewer.shown.at(-1)?.picture.jpeg, picture);
  assert.equal(channel.darkness(), null);
});

test('a slow one is not taken for a silent one, and who comes in between sees its newest picture, as old as it is', (t) => {
  const { channel, pass, watch } = setUp(t);
  pass(30_000, 10_000);
  assert.equal(channel.view().fps, 0.1);
  pass(4_000);
  const viewer = watch();
  assert.equal(viewer.shown.at(-1)?.picture.jpeg, picture);
  assert.equal(channel.recent(3_000), null);
  assert.ok(channel.recent(4_000));
  pass(20_000);
  assert.ok(viewer.shown.every(({ picture }) => !picture.isPlaceholder));
  pass(3_000);
  assert.ok(
    viewer.shown.some(({ picture }) => picture.isPlaceholder),
    'two and a half of its intervals',
  );
});

test('whoever comes after the look is over sees no picture of it', (t) => {
  const { channel, pass, watch } = setUp(t);
  pass(1_000, 100);
  channel.left();
  pass(1_000);
  const viewer = watch();
  assert.equal(viewer.shown.length, 0);
  assert.equal(channel.recent(60_000), null);
});

test('what the bus has kept, and what tells no size, is shown to nobody and counted', (t) => {
  const { channel, watch } = setUp(t);
  const viewer = watch();
  channel.receive(picture, true);
  channel.receive(Buffer.from('\xff\xd8 no size \xff\xd9', 'latin1'));
  assert.equal(viewer.shown.length, 0);
  assert.deepEqual(channel.traffic.dropped, { off: 0, 'no-jpeg': 1, retained: 1 });
});

test('of a status it takes whether it is there, of a state everything', (t) => {
  const { camera, channel, pass } = setUp(t);
  pass(3_000, 100);
  camera.setStatus('online');
  assert.equal(channel.view().condition, 'live');
  camera.setStatus('offline');
  assert.deepEqual([channel.view().condition, channel.view().online], ['offline', false]);
  camera.setStatus('online');
  camera.setState(JSON.stringify({ condition: 'off' }));
  assert.equal(camera.sighting, null);
  assert.equal(channel.view().condition, 'off');
  assert.ok(!camera.isUntold);
  camera.setStatus('');
  assert.ok(!camera.isUntold);
  assert.ok(camera.setState(''));
  assert.ok(camera.isUntold);
});
