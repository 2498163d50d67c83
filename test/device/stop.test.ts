import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../helpers/until.ts';
import { measured } from './measured.ts';
import { type Camera, ffmpegs, watchCamera } from './station.ts';
import { webcam } from './webcam.ts';

/** For ffmpeg to take what was under way, and to wait for the next frame. */
const UNDER_WAY_MS = 300;

test('SIGTERM while frames come: offline, exit 0 within 5 s, and no ffmpeg left', async (t) => {
  measured(t, 'SIGTERM while frames come to exit', await stop(await watchCamera(t)), 5000);
});

test('SIGTERM while the device is silent: offline, exit 0 within 5 s, and no ffmpeg left', async (t) => {
  const camera = await watchCamera(t);
  await webcam.hang(t);
  await sleep(UNDER_WAY_MS);
  measured(t, 'SIGTERM while silent to exit', await stop(camera), 5000);
});

test('SIGKILL while frames come leaves no ffmpeg', async (t) => {
  measured(t, 'SIGKILL while frames come to no ffmpeg', await kill(await watchCamera(t)), 1000);
});

test('SIGKILL while the device is silent leaves no ffmpeg', async (t) => {
  const camera = await watchCamera(t);
  await webcam.hang(t);
  await sleep(UNDER_WAY_MS);
  measured(t, 'SIGKILL while silent to no ffmpeg', await kill(camera), 1000);
});

async function stop({ program, viewer }: Camera): Promise<number> {
  const began = performance.now();
  await program.stop({ ms: 10_000 });
  const took = performance.now() - began;
  await until('offline', () => viewer.value('status') === 'offline');
  return took;
}

async function kill({ program, viewer }: Camera): Promise<number> {
  assert.equal(ffmpegs(program).length, 1);
  const began = performance.now();
  program.signal('SIGKILL');
  await until('end of all its helpers', () => program.helpers().length === 0, { ms: 10_000 });
  const took = performance.now() - began;
  await program.exited;
  await until('offline, its will', () => viewer.value('status') === 'offline');
  return took;
}
