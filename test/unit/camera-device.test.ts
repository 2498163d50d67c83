import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeAccess, describeDevice, findByPart, findFirst } from '../../services/camera/device.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

interface Node {
  name?: string;
  index?: number;
  /** Below /sys/devices. */
  place?: string;
}

/** Folders that look like /dev and /sys; the nodes are links to a character device that every machine has. */
function makeRoots(t: TestContext, nodes: Record<string, Node>) {
  const root = makeWorkDir(t);
  const roots = { dev: join(root, 'dev'), sys: join(root, 'sys') };
  mkdirSync(roots.dev);
  for (const [node, { name, index, place = 'none' }] of Object.entries(nodes)) {
    symlinkSync('/dev/null', join(roots.dev, node));
    const entry = join(roots.sys, 'class/video4linux', 'null');
    mkdirSync(join(roots.sys, 'class/video4linux', node), { recursive: true });
    mkdirSync(join(roots.sys, 'devices', place), { recursive: true });
    if (index !== undefined) writeFileSync(join(roots.sys, 'class/video4linux', node, 'index'), `${index}\n`);
    mkdirSync(entry, { recursive: true });
    if (name) writeFileSync(join(entry, 'name'), `${name}\n`);
    if (place !== 'none') symlinkSync(join(roots.sys, 'devices', place), join(entry, 'device'));
  }
  return roots;
}

test('the first capture device is the lowest number, without metadata nodes', async (t) => {
  const roots = makeRoots(t, { video10: { index: 0 }, video2: { index: 0, name: 'C922 Pro Stream Webcam' }, video1: { index: 1 } });
  const device = await findFirst(roots);
  assert.equal(device?.path, join(roots.dev, 'video2'));
  assert.equal(device?.name, 'C922 Pro Stream Webcam');
});

test('without sysfs every node counts, and only nodes', async (t) => {
  const roots = makeRoots(t, {});
  assert.equal(await findFirst(roots), null);
  writeFileSync(join(roots.dev, 'video0'), 'a file');
  writeFileSync(join(roots.dev, 'video'), '');
  assert.equal(await findFirst(roots), null);
  symlinkSync('/dev/null', join(roots.dev, 'video4'));
  assert.deepEqual(await findFirst(roots), { path: join(roots.dev, 'video4'), name: null, bus: null });
  assert.equal(await findFirst({ dev: '/nowhere', sys: '/nowhere' }), null);
});

test("a Raspberry Pi's decoder is no camera", async (t) => {
  assert.equal(await findFirst(makeRoots(t, { video10: { index: 0, name: 'bcm2835-codec-decode' } })), null);
});

test('a part of the name finds it in any case, and so does a part of its by-id link', async (t) => {
  const roots = makeRoots(t, { video0: { index: 0, name: 'C922 Pro Stream Webcam' } });
  assert.equal((await findByPart('c922 pro', roots))?.path, join(roots.dev, 'video0'));
  assert.equal(await findByPart('BRIO', roots), null);
  mkdirSync(join(roots.dev, 'v4l/by-id'), { recursive: true });
  symlinkSync('../../video0', join(roots.dev, 'v4l/by-id/usb-046d_SERIAL-video-index0'));
  // The test's node is itself a link, so the link is followed to its end by hand.
  symlinkSync('/dev/null', join(roots.dev, 'v4l/by-id/usb-046d_OTHER-video-index0'));
  assert.equal(await findByPart('other', { ...roots, dev: join(roots.dev, 'v4l') }), null);
});

test('the place on the bus is written as V4L2 writes it', async (t) => {
  const place = 'platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0';
  const roots = makeRoots(t, { video0: { index: 0, name: 'C922', place } });
  assert.equal((await describeDevice(join(roots.dev, 'video0'), roots))?.bus, 'usb-0000:01:00.0-1.4');
});

test('who we are and whose the device is stands in one line', () => {
  assert.match(describeAccess('/dev/null'), /^uid \d+, groups [\d ]+; the device is root:0 0666$/);
  assert.match(describeAccess('/dev/nowhere'), /^uid \d+, groups [\d ]+$/);
});
