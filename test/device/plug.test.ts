import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defer } from '../helpers/cleanup.ts';
import { measured } from './measured.ts';
import { endCamera, START_MS, startCamera, useCamera, watchCamera } from './station.ts';
import { hold, otherWebcam, webcam } from './webcam.ts';

test('no device at start: no-device, and the picture comes within 5 s of plugging in', async (t) => {
  await endCamera();
  await webcam.unplug();
  const { viewer } = await useCamera(t);
  await viewer.watch();
  const { state } = await viewer.condition('no-device', 0, 10_000);
  assert.ok(state.cause && state.advice, JSON.stringify(state));
  const { path, began, node } = await webcam.plugIn();
  const { at } = await viewer.picture(began, 20_000);
  // A frame may overtake the state, which the broker keeps before it passes it on.
  const { state: live } = await viewer.condition('live', began, 2000);
  assert.deepEqual([live.device?.path, live.cause], [path, null]);
  measured(t, 'plug to node (the kernel)', node - began);
  measured(t, 'plug to picture', at - began);
  measured(t, 'node to picture', at - node, 5000);
});

test('unplugged: no-device within 3 s; plugged in again, the picture is back within 10 s', async (t) => {
  const { viewer } = await watchCamera(t);
  const pulled = await webcam.unplug();
  const gone = await viewer.condition('no-device', pulled, 10_000);
  measured(t, 'unplug to no-device', gone.at - pulled, 3000);
  assert.equal(gone.state.format, null);
  assert.deepEqual(viewer.conditionsSince(pulled), ['no-device'], 'nothing else was told');
  const { began, node } = await webcam.plugIn();
  const { at } = await viewer.picture(began, 20_000);
  measured(t, 'replug to picture', at - began, 10_000);
  measured(t, 'replug, node to picture', at - node);
});

test('unplugged while silent: no-device within 3 s; plugged in again, the picture is back within 10 s', async (t) => {
  const { viewer } = await watchCamera(t);
  await webcam.hang(t);
  await sleep(500); // for ffmpeg to wait for the next frame
  const pulled = await webcam.unplug();
  const { at } = await viewer.condition('no-device', pulled, 10_000);
  measured(t, 'unplug while silent to no-device', at - pulled, 3000);
  assert.deepEqual(viewer.conditionsSince(pulled), ['no-device'], 'nothing else was told');
  const { began } = await webcam.plugIn();
  const picture = await viewer.picture(began, 20_000);
  measured(t, 'replug after silence to picture', picture.at - began, 10_000);
});

test('plugged in and pulled out at once, again and again: no-device all the while, and the picture comes in the end', async (t) => {
  const { viewer } = await watchCamera(t);
  const pulled = await webcam.unplug();
  for (let i = 0; i < 3; i++) {
    await webcam.plugIn();
    await webcam.unplug();
  }
  const { began } = await webcam.plugIn();
  const { at } = await viewer.picture(began, 20_000);
  measured(t, 'last of several replugs to picture', at - began, 10_000);
  assert.deepEqual(viewer.conditionsSince(pulled, 'no-device', 'starting', 'live'), []);
});

test('plugged in again under another number: the picture is back within 10 s', async (t) => {
  const { viewer, path: before } = await watchCamera(t);
  hold(t, before);
  const pulled = await webcam.unplug();
  await viewer.condition('no-device', pulled, 10_000);
  const { path, began } = await webcam.plugIn();
  assert.notEqual(path, before);
  const { at } = await viewer.picture(began, 20_000);
  assert.equal(viewer.state?.device?.path, path);
  measured(t, 'replug under another number to picture', at - began, 10_000);
});

test('a camera named by its path is found again under another number, beside another of the same kind', async (t) => {
  const beside = await watchCamera(t);
  const path = await otherWebcam.have();
  defer(t, () => otherWebcam.unplug().then(() => {}));
  const { viewer } = await startCamera(t, 'path', { CAMERA_SOURCE: path });
  await viewer.watch();
  await viewer.picture(0, START_MS);
  const bus = viewer.state?.device?.bus;
  hold(t, path);
  const pulled = await otherWebcam.unplug();
  await viewer.condition('no-device', pulled, 10_000);
  const { path: next, began } = await otherWebcam.plugIn();
  assert.notEqual(next, path);
  const { at } = await viewer.picture(began, 20_000);
  assert.deepEqual([viewer.state?.device?.path, viewer.state?.device?.bus], [next, bus]);
  measured(t, 'replug of a path under another number to picture', at - began, 10_000);
  const gap = beside.viewer.longestGap(pulled);
  measured(t, 'without frames from the camera beside it', gap);
  assert.ok(gap < 2000, `${gap} ms without frames`);
  assert.deepEqual(beside.viewer.conditionsSince(pulled, 'live'), []);
});
