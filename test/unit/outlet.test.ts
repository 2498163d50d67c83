import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Outlet } from '../../services/camera/outlet.ts';
import { readStamp } from '../../services/shared/contract.ts';
import { tinyJpeg } from '../helpers/pictures.ts';

const topics = { frame: 'f', preview: 'p' };

/** An outlet at `previewFps`, what went out of it, and the world around it. */
function setUp(t: TestContext, previewFps: number) {
  const world = { now: 0, connected: true, takes: true, watched: false, awaited: false };
  t.mock.method(performance, 'now', () => world.now);
  const sent: [topic: string, seq: number | undefined][] = [];
  const bus = {
    get connected() {
      return world.connected;
    },
    publishPicture: (topic: string, jpeg: Buffer) => {
      if (world.takes) sent.push([topic, readStamp(jpeg)?.seq]);
      return world.takes;
    },
  };
  const offered: number[] = [];
  const outlet = new Outlet({
    ...{ bus, topics, previewFps, isWatched: () => world.watched, isAwaited: () => world.awaited },
    offer: ({ stamp }) => offered.push(stamp.seq),
  });
  /** A frame comes, as the source hands it over. */
  const come = () => {
    const frame = { bytes: 100, stamped: tinyJpeg } as unknown as Parameters<Outlet['pass']>[0];
    if (outlet.isOpen) outlet.pass(frame);
    else outlet.skip(100);
  };
  const counts = () => outlet.tally.report({ viewers: 0, memory: 0 }, 1_000);
  return { world, sent, offered, come, counts };
}

test('nobody watches: a preview now and then, the others are only counted', (t) => {
  const { world, sent, come, counts } = setUp(t, 1);
  for (let i = 0; i < 300; i++) {
    world.now = (i * 1_000) / 30;
    come();
  }
  assert.ok(sent.every(([topic]) => topic === 'p'));
  // Ten seconds; one may come a quarter of an interval early.
  assert.ok(sent.length === 10 || sent.length === 11, `${sent.length}`);
  assert.deepEqual([counts().frames, counts().bytes, counts().dropped], [300, 30_000, 0]);
});

test('watched: each frame, numbered by its turn; a preview that the bus did not take is the next one', (t) => {
  const { world, sent, come, counts } = setUp(t, 1);
  world.watched = true;
  world.takes = false;
  come();
  world.takes = true;
  come();
  come();
  assert.deepEqual(sent, [
    ['f', 1],
    ['p', 1],
    ['f', 2],
  ]);
  assert.deepEqual(counts().drops?.['bus-busy'], 1);
});

test('without a bus nothing is open, and what somebody wanted is counted as dropped', (t) => {
  const { world, sent, offered, come, counts } = setUp(t, 1);
  Object.assign(world, { connected: false, watched: true, awaited: true });
  come();
  assert.deepEqual([sent, offered, counts().drops?.['bus-away']], [[], [], 1]);
});

test('who waits for a picture gets it, without previews and viewers, too', (t) => {
  const { world, sent, offered, come } = setUp(t, 0);
  come();
  world.awaited = true;
  come();
  assert.deepEqual([sent, offered], [[], [1]]);
});
