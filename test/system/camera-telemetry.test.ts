import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Telemetry } from '../../services/shared/contract.ts';
import { lookAt, startCameraProgram } from '../helpers/camera-harness.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const small = { width: 320, height: 240, count: 10, bytes: 20_000 };

test('telemetry comes every 30 s', { timeout: 50_000 }, async (t) => {
  const bus = await startTestBroker(t);
  const webcam = await fakecamEnv(t, { dir: await jpegFrames(small), width: 320, height: 240, noise: 20 });
  const viewer = await lookAt(t, bus);
  startCameraProgram(t, bus, { ...webcam, CAMERA_SOURCE: webcam.FAKECAM_PATH ?? '' });
  await viewer.watch();
  const all = () => viewer.on('telemetry').map(({ payload }) => JSON.parse(payload.toString()) as Telemetry);
  const told = await until('telemetry', () => all().find(({ uptime_s }) => uptime_s >= 30), { ms: 40_000 });
  // One soon after the start, another one when a viewer came, and then every 30 s.
  const early = all().at(-2);
  assert.ok(early && early.uptime_s <= 5, JSON.stringify(early));
  assert.ok(told.frames > 400 && told.frames < 900 && Math.abs(told.fps - told.frames / 30) < 2, JSON.stringify(told));
  assert.ok(told.corrupt > 15 && told.corrupt < 60, JSON.stringify(told));
  const { 'bus-away': away = 0, 'bus-busy': busy = 0, ...corrupt } = told.drops ?? {};
  assert.deepEqual([away + busy, Object.values(corrupt).reduce((all, each) => all + each)], [told.dropped, told.corrupt]);
  assert.ok((told.memory ?? 0) > 20e6, JSON.stringify(told));
  assert.deepEqual([told.restarts, told.viewers], [0, 1]);
  assert.ok(told.uptime_s >= 30 && told.uptime_s <= 33, JSON.stringify(told)); // a busy machine is late
});
