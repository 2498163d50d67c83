import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { Channel } from '../../services/gateway/channel.ts';
import { takeSnapshot } from '../../services/gateway/snapshot.ts';
import { tinyJpeg } from '../helpers/pictures.ts';

function setUp(t: TestContext, condition = 'live') {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: number[] = [];
  const camera = new Camera('front');
  camera.online = true;
  camera.setState(JSON.stringify({ condition, format: { width: 160, height: 120, fps: 30 } }));
  const channel = new Channel(camera, (viewers) => told.push(viewers));
  return { channel, told, timers: t.mock.timers };
}

const idleViewer = { show: () => {}, end: () => {} };

test('the next frame is taken, and watched for only until then', async (t) => {
  const { channel, told } = setUp(t);
  const taking = takeSnapshot(channel, 1000);
  channel.receive(tinyJpeg({ seq: 4 }));
  channel.receive(tinyJpeg({ seq: 5 }));
  assert.equal((await taking)?.stamp?.seq, 4);
  assert.deepEqual(told, [1, 0]);
});

test('a frame that just came will do, without watching', async (t) => {
  const { channel, told } = setUp(t);
  channel.watch(idleViewer);
  channel.receive(tinyJpeg({ seq: 4 }));
  assert.equal((await takeSnapshot(channel, 60_000))?.stamp?.seq, 4);
  assert.deepEqual(told, [1]);
});

test('one that is too old will not do', async (t) => {
  const { channel } = setUp(t);
  channel.watch(idleViewer);
  channel.receive(tinyJpeg({ seq: 4 }));
  await new Promise((resolve) => setImmediate(resolve));
  while (channel.recent(0)) await new Promise((resolve) => setImmediate(resolve)); // the clock has to move
  const taking = takeSnapshot(channel, 0);
  channel.receive(tinyJpeg({ seq: 5 }));
  assert.equal((await taking)?.stamp?.seq, 5);
});

test('none comes: null after three seconds, and no placeholder in its stead', async (t) => {
  const { channel, told, timers } = setUp(t, 'no-device');
  let settled = false;
  const taking = takeSnapshot(channel, 1000).finally(() => {
    settled = true;
  });
  timers.tick(2_999);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!settled);
  timers.tick(1);
  assert.equal(await taking, null);
  assert.deepEqual(told, [1, 0]);
});

test('a stop of the gateway ends the wait', async (t) => {
  const { channel, told } = setUp(t);
  const taking = takeSnapshot(channel, 1000);
  channel.end();
  assert.equal(await taking, null);
  assert.deepEqual(told, [1, 0]);
});

test('of a camera that is switched off there is none, at once', async (t) => {
  const { channel, told } = setUp(t, 'off');
  const taken: unknown[] = [];
  void takeSnapshot(channel, 60_000).then((picture) => taken.push(picture));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([taken, told], [[null], []]);
});
