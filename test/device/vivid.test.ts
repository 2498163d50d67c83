/** The kernel's test driver: a camera without MJPEG, and with controls of every type. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { Answer } from '../../services/shared/contract.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { until } from '../helpers/until.ts';
import { START_MS, startCamera } from './station.ts';
import type { Viewer } from './viewer.ts';
import { v4l2 } from './webcam.ts';

const NODE = '/dev/video20';
const FRAMES = 20;

test('a device without MJPEG is encoded', async (t) => {
  const viewer = await watchVivid(t);
  const pictures = await viewer.picturesAfter(0, FRAMES + 1, START_MS);
  const { encoded, width, height } = viewer.state?.format ?? {};
  assert.deepEqual([encoded, width, height], [true, 640, 360]);
  for (const { jpeg } of pictures) assert.deepEqual(jpegSize(jpeg), { width: 640, height: 360 });
  const [from = 0, to = 0] = [pictures.at(-1 - FRAMES)?.at, pictures.at(-1)?.at];
  const rate = (FRAMES * 1000) / (to - from);
  t.diagnostic(`${rate.toFixed(1)} frames a second of 10`);
  assert.ok(rate > 7, `${rate.toFixed(1)} frames a second`);
});

test('controls of every type are set', async (t) => {
  const viewer = await watchVivid(t);
  await viewer.picture(0, START_MS);
  const cases = [
    ['boolean', 'OFF', 'boolean: 0'],
    ['integer_32_bits', '-2147483648', 'integer_32_bits: -2147483648'],
    ['integer_64_bits', '12345678901', 'integer_64_bits: 12345678901'],
    ['menu', 'Menu Item 4', 'menu: 4 (Menu Item 4)'],
    ['integer_menu', '21', 'integer_menu: 7 (21 0x15)'],
    ['string', 'abc', "string: 'abc'"],
    ['bitmask', '8192', 'bitmask: 8192'],
    ['gain_automatic', 'OFF', 'gain_automatic: 0'],
    ['gain', '200', 'gain: 200'],
  ] as const;
  for (const [name, text, said] of cases) {
    await viewer.turn(`controls/${name}`, text);
    assert.equal(await v4l2(NODE, '-C', name), said);
  }
  assert.equal((await answer(viewer, 'controls/button', '')).refused, null);
  for (const name of ['read_only_integer_32_bits', 'u16_8x16_matrix', 'no_such_control']) {
    assert.ok((await answer(viewer, `controls/${name}`, '20')).refused, name);
  }
});

async function watchVivid(t: Scope): Promise<Viewer> {
  execFileSync('modprobe', ['vivid', 'n_devs=1', 'node_types=0x1', 'vid_cap_nr=20']);
  defer(t, async () => {
    await until('vivid unloaded', () => execFileSync('modprobe', ['-r', 'vivid'], { stdio: 'pipe' }).length === 0, { ms: 10_000 });
  });
  await until('its node', () => existsSync(NODE), { ms: 10_000 });
  const { viewer } = await startCamera(t, 'vivid', { CAMERA_SOURCE: NODE, CAMERA_SIZE: '640x360', CAMERA_FPS: '10' });
  await viewer.watch();
  return viewer;
}

async function answer(viewer: Viewer, setting: string, value: string): Promise<Answer> {
  const since = await viewer.set(setting, value);
  const found = await until(`answer to ${setting}`, () => viewer.on('answer').find(({ at }) => at >= since), { ms: 10_000 });
  return JSON.parse(found.payload.toString()) as Answer;
}
