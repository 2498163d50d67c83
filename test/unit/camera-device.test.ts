import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeDevice, videoNodes } from '../../services/camera/device/device.ts';
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

test('nodes are listed by number, without metadata nodes', async (t) => {
  const roots = makeRoots(t, {
    video10: { index: 0 },
    video2: { index: 0, name: 'C922 Pro Stream Webcam' },
    video1: { index: 1 },
    video3: {},
  });
  const names = (await videoNodes(roots)).map((node) => basename(node));
  assert.deepEqual(names, ['video2', 'video3', 'video10']);
  assert.deepEqual(await videoNodes({ dev: '/nowhere', sys: '/nowhere' }), []);
});

test('without sysfs a node has no name, and what is no character device is none', async (t) => {
  const roots = makeRoots(t, { video4: {} });
  writeFileSync(join(roots.dev, 'video0'), 'a file');
  assert.equal(await describeDevice(join(roots.dev, 'video0'), roots), null);
  assert.equal(await describeDevice(join(roots.dev, 'video1'), roots), null);
  const node = await describeDevice(join(roots.dev, 'video4'), roots);
  assert.deepEqual([node?.name, node?.bus, node?.serial, node?.open], [null, null, null, true]);
});

test('a node that is made again is another one', async (t) => {
  const roots = makeRoots(t, { video0: {} });
  const node = join(roots.dev, 'video0');
  const before = await describeDevice(node, roots);
  assert.equal((await describeDevice(node, roots))?.stamp, before?.stamp);
  symlinkSync('/dev/null', `${node}.new`);
  renameSync(`${node}.new`, node);
  assert.notEqual((await describeDevice(node, roots))?.stamp, before?.stamp);
});

test('the place on the bus is written as V4L2 writes it', async (t) => {
  const place = 'platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0';
  const roots = makeRoots(t, { video0: { index: 0, name: 'C922', place } });
  assert.equal((await describeDevice(join(roots.dev, 'video0'), roots))?.bus, 'usb-0000:01:00.0-1.4');
});
