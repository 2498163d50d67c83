import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measured } from './measured.ts';
import { askDoctor, endCamera, watchCamera } from './station.ts';
import { webcam } from './webcam.ts';

/** Another program that starts keeps the emulated processor busy for some tenths of a second; a device that is taken away is gone for longer. */
const ONE_BUSY_MOMENT_MS = 2000;

test('doctor: the picture comes, and goes on coming while it looks', async (t) => {
  const { viewer, path } = await watchCamera(t);
  const began = performance.now();
  const { code, said } = await askDoctor(t, 'viewer');
  t.diagnostic(said.summary);
  assert.equal(code, 0, JSON.stringify(said));
  assert.match(said.summary, /picture comes/);
  const device = said.findings.find(({ topic, ok }) => topic === 'device' && ok);
  assert.match(`${device?.subject} ${device?.text}`, new RegExp(`${path}\\b.*C922|C922.*${path}\\b`));
  const gap = viewer.longestGap(began);
  measured(t, 'without frames while the doctor looks', gap);
  assert.ok(gap < ONE_BUSY_MOMENT_MS, `${gap} ms without frames`);
  assert.deepEqual(viewer.conditionsSince(began, 'live'), []);
});

test('doctor: tells a user outside the group what keeps the picture away, and what mends it', async (t) => {
  await endCamera();
  await webcam.have();
  const { code, said } = await askDoctor(t, 'plain');
  t.diagnostic(said.summary);
  assert.equal(code, 1, JSON.stringify(said));
  const found = said.findings.find(({ topic, ok }) => topic === 'permission' && ok === false);
  assert.match(found?.remedy ?? '', /`sudo usermod -aG video plain`/);
});

test('doctor: tells that there is no camera', async (t) => {
  await endCamera();
  await webcam.unplug();
  const { code, said } = await askDoctor(t, 'viewer');
  t.diagnostic(said.summary);
  assert.equal(code, 1, JSON.stringify(said));
  assert.ok(said.findings.some(({ topic, ok, remedy }) => topic === 'camera' && ok === false && remedy));
});
