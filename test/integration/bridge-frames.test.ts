import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStamp } from '../../services/shared/contract.ts';
import { defer } from '../helpers/cleanup.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { startBridged, startFullCamera, startHouse } from '../helpers/house.ts';
import { connectMqtt, receive } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const frame = 'homeguard/front/frame';
const STALL_MS = 2_000;
/** What may wait for the house: two frames, and what the reading of a frame costs; far from the 10 MB that come in this time. */
const MOST_GROWTH = 30 << 20;

test('a house that stops reading costs nobody at home a frame, and no memory; afterwards it gets new frames, not old ones', async (t) => {
  const house = await startHouse(t);
  // By its Unix socket, of which the kernel holds a frame or two: of TCP it may hold 10 MB, as much as comes in all this time.
  const bus = await startBridged(t, house.socketUrl, { BRIDGE_FRAMES: 'true' });
  const camera = await startFullCamera(bus, 'front', await readFrames({ count: 30, bytes: 160_000 }));
  defer(t, () => camera.stop());
  const viewer = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), frame, 0);
  await until('the bridge', () => house.on('homeguard/front/status').includes('online'));
  camera.play(30);
  const seqs = (list: { topic: string; payload: Buffer }[]) =>
    list.filter(({ topic }) => topic === frame).map(({ payload }) => readStamp(payload)?.seq ?? 0);
  await until('frames there', () => seqs(house.heard).length > 20);
  assert.ok(seqs(house.heard).length >= viewer.length - 5, 'every frame crosses');
  process.kill(house.pid(), 'SIGSTOP');
  defer(t, () => void process.kill(house.pid(), 'SIGCONT'));
  global.gc?.();
  const before = process.memoryUsage().rss;
  viewer.length = 0;
  house.heard.length = 0;
  const from = camera.sent.length;
  let most = 0;
  for (const end = performance.now() + STALL_MS; performance.now() < end; await sleep(50)) {
    most = Math.max(most, process.memoryUsage().rss - before - viewer.reduce((sum, { payload }) => sum + payload.length, 0));
  }
  const sent = camera.sent.length - from;
  t.diagnostic(`${viewer.length} of ${sent} frames at home; memory +${Math.round(most / (1 << 20))} MB`);
  assert.ok(sent > 50 && viewer.length >= sent - 3, `${viewer.length} of ${sent}`);
  assert.ok(most < MOST_GROWTH, `memory grew by ${most} bytes`);
  const again = camera.sent.length;
  process.kill(house.pid(), 'SIGCONT');
  await until('new frames there', () => seqs(house.heard).some((seq) => seq > again + 15));
  const old = seqs(house.heard).filter((seq) => seq > from + 5 && seq < again - 5);
  // What was on its way comes late; of the rest nothing.
  t.diagnostic(`${old.length} frames of the stall came late`);
  assert.ok(old.length < sent / 4, `${old.length} of ${sent}`);
  assert.deepEqual(
    seqs(house.heard),
    seqs(house.heard).toSorted((a, b) => a - b),
    'in order, none twice',
  );
  assert.equal(new Set(seqs(house.heard)).size, seqs(house.heard).length);
});
