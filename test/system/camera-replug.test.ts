import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lookAt, plugIn, startTestCamera, type Viewer } from '../helpers/camera-harness.ts';
import { type Fakecam, makeNode } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { processTree } from '../helpers/process-stats.ts';
import { startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const small = { width: 320, height: 240, count: 10, bytes: 20_000 };
const ROUNDS = 100;

interface Socket {
  dev: string;
  viewer: Viewer;
  /** Puts the camera in; resolves with its node when it shows a picture, and how long that took, in ms. */
  plug(name: string): Promise<number>;
  /** Pulls it; resolves when that is told. */
  pull(name: string): Promise<number>;
}

/** A folder of devices, a camera service that looks there, and a webcam to plug in. */
async function socket(t: TestContext, source: (dev: string) => string, more: Partial<Fakecam> = {}): Promise<Socket> {
  const bus = await startTestBroker(t);
  const viewer = await lookAt(t, bus);
  const dev = makeWorkDir(t);
  await plugIn(t, { dir: await jpegFrames(small), width: 320, height: 240, path: join(dev, 'video*'), state: makeWorkDir(t), ...more });
  await startTestCamera(t, bus, { CAMERA_SOURCE: source(dev), CAMERA_PREVIEW_FPS: '30' }, { dev, sys: '/nowhere' });
  await until('no-device', () => viewer.state?.condition === 'no-device');
  const timed = async (what: string, does: () => void, done: () => boolean, ms: number) => {
    const began = performance.now();
    does();
    await until(what, done, { ms });
    return performance.now() - began;
  };
  const plug = (name: string) => {
    const { length } = viewer.on('preview');
    const isBack = () =>
      viewer
        .on('preview')
        .slice(length)
        .some(({ payload }) => payload.length > 0) && viewer.state?.condition === 'idle';
    return timed(`a picture of ${name}`, () => makeNode(dev, { name }), isBack, 5000);
  };
  const pull = (name: string) => {
    return timed(
      `no-device after ${name}`,
      () => rmSync(join(dev, name)),
      () => viewer.state?.condition === 'no-device',
      3000,
    );
  };
  return { dev, viewer, plug, pull };
}

/** What is held after a collection of garbage: the heap, and the buffers outside of it. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What a round could leave behind. */
function left() {
  const count = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) count.set(kind, (count.get(kind) ?? 0) + 1);
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    processes: processTree(process.pid).length,
    timers: count.get('Timeout') ?? 0,
    handles: [...count.values()].reduce((sum, each) => sum + each, 0) - (count.get('Timeout') ?? 0),
  };
}

test('absent at the start, the picture comes when it is plugged in; unplugged it is told; replugged it is back, also under another number', async (t) => {
  for (const source of [() => 'device', () => 'usb:fake']) {
    const { plug, pull, viewer } = await socket(t, source);
    assert.ok((await plug('video0')) < 5000);
    assert.ok((await pull('video0')) < 3000);
    assert.match(viewer.state?.advice ?? '', /[Pp]lug/);
    assert.ok((await plug('video2')) < 10_000);
    assert.match(viewer.state?.device?.path ?? '', /video2$/);
    assert.ok((await pull('video2')) < 3000);
  }
});

test('a camera that was named by its path is found again under another number', async (t) => {
  const bus = await startTestBroker(t);
  const viewer = await lookAt(t, bus);
  const dev = makeWorkDir(t);
  makeNode(dev);
  await plugIn(t, { dir: await jpegFrames(small), width: 320, height: 240, path: join(dev, 'video*') });
  await startTestCamera(t, bus, { CAMERA_SOURCE: join(dev, 'video0') }, { dev, sys: '/nowhere' });
  const isAt = (name: string) => viewer.state?.condition === 'idle' && viewer.state.device?.path === join(dev, name);
  await until('a picture', () => isAt('video0'));
  rmSync(join(dev, 'video0'));
  await until('no-device', () => viewer.state?.condition === 'no-device', { ms: 3000 });
  makeNode(dev, { name: 'video2' });
  await until('a picture again', () => isAt('video2'), { ms: 10_000 });
});

test(`${ROUNDS} times unplugged and plugged in: no process, descriptor or timer is left, memory stays flat`, {
  timeout: 150_000,
}, async (t) => {
  const { plug, pull, viewer } = await socket(t, () => 'device');
  const slowest = { plug: 0, pull: 0 };
  const round = async (i: number) => {
    const name = `video${i % 4}`;
    slowest.plug = Math.max(slowest.plug, await plug(name));
    slowest.pull = Math.max(slowest.pull, await pull(name));
    viewer.received.splice(0, viewer.received.length - 1);
  };
  for (let i = 0; i < 10; i++) await round(i);
  const before = left();
  const memory = heldBytes();
  for (let i = 10; i < 10 + ROUNDS; i++) await round(i);
  const after = await until('nothing left behind', () => {
    const now = left();
    for (const kind of ['descriptors', 'processes', 'timers', 'handles'] as const)
      assert.ok(now[kind] <= before[kind], `${kind}: ${now[kind]} of ${before[kind]}`);
    return now;
  });
  const grown = (heldBytes() - memory) / (1 << 20);
  t.diagnostic(
    `slowest: ${Math.round(slowest.plug)} ms to a picture, ${Math.round(slowest.pull)} ms to no-device; memory ${grown.toFixed(1)} MB; ${JSON.stringify(after)}`,
  );
  assert.ok(grown < 5, `memory grew by ${grown} MB`);
});
