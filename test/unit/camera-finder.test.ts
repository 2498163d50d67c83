import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Capabilities } from '../../services/camera/device/capabilities.ts';
import { Finder } from '../../services/camera/device/finder.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** Character devices that every machine has; each stands for a camera of its own. */
const bodies = ['null', 'zero', 'full', 'random'] as const;
type Body = (typeof bodies)[number];

interface Camera {
  name: string;
  bus?: string;
  serial?: string;
  capture?: boolean;
  fourcc?: string;
}

/** A machine whose cameras can be plugged in and pulled; `asked` lists the nodes that were asked what they are. */
function machine(t: TestContext, cameras: Partial<Record<Body, Camera | 'refuses'>>) {
  const root = makeWorkDir(t);
  const roots = { dev: join(root, 'dev'), sys: join(root, 'sys') };
  mkdirSync(roots.dev);
  for (const [body, camera] of Object.entries(cameras)) {
    const entry = join(roots.sys, 'class/video4linux', body);
    mkdirSync(entry, { recursive: true });
    if (camera === 'refuses') continue;
    writeFileSync(join(entry, 'name'), `${camera.name}\n`);
    const usb = join(roots.sys, 'devices/0000:01:00.0/usb1/1-1', `1-${camera.bus ?? '9'}`);
    mkdirSync(join(usb, `1-${camera.bus}:1.0`), { recursive: true });
    if (camera.serial) writeFileSync(join(usb, 'serial'), `${camera.serial}\n`);
    if (camera.bus) symlinkSync(join(usb, `1-${camera.bus}:1.0`), join(entry, 'device'));
  }
  const at = new Map<string, Body>();
  const asked: string[] = [];
  const read = async (node: string) => {
    asked.push(basename(node));
    const camera = cameras[at.get(node) ?? 'null'];
    if (!camera || camera === 'refuses') return { failed: 'errno' as const, errno: 'EACCES', said: 'Permission denied' };
    return capabilities(camera);
  };
  const plug = (node: string, body: Body) => {
    symlinkSync(`/dev/${body}`, join(roots.dev, node));
    at.set(join(roots.dev, node), body);
  };
  const pull = (node: string) => rmSync(join(roots.dev, node));
  return { finder: new Finder(roots, read), roots, plug, pull, asked };
}

function capabilities({ name, capture = true, fourcc = 'MJPG' }: Camera): Capabilities {
  const formats = [{ fourcc, sizes: [{ width: 640, height: 480, rates: [30] }] }];
  return { driver: 'uvcvideo', card: name, bus: 'usb-x', capture, formats, controls: [] };
}

const first = { kind: 'first', orTest: false } as const;
const c922 = { name: 'C922 Pro Stream Webcam', bus: '1.2', serial: 'AAAA' };
const brio = { name: 'Logitech BRIO', bus: '1.3' };

test('the first one that gives pictures in a form that can be read is it', async (t) => {
  const { finder, plug } = machine(t, {
    null: { name: 'metadata', capture: false },
    zero: { name: 'unicam', fourcc: 'pBAA' },
    full: c922,
    random: { name: 'bcm2835-isp-capture0' },
  });
  plug('video0', 'null');
  plug('video2', 'zero');
  plug('video3', 'random');
  plug('video4', 'full');
  const found = await finder.find(first);
  assert.deepEqual([basename(found?.path ?? ''), found?.name, found?.serial], ['video4', c922.name, 'AAAA']);
  assert.equal(found?.bus, 'usb-0000:01:00.0-1.2');
});

test('one that refuses to be asked is taken only where there is no other, and its refusal is asked for again', async (t) => {
  const { finder, plug, pull, asked } = machine(t, { null: 'refuses', full: c922 });
  plug('video0', 'null');
  assert.deepEqual(await finder.find(first).then((found) => found?.capabilities), null);
  plug('video2', 'full');
  assert.equal((await finder.find(first))?.name, c922.name);
  pull('video2');
  assert.equal(basename((await finder.find(first))?.path ?? ''), 'video0');
  assert.deepEqual(asked, ['video0', 'video0', 'video2', 'video0']);
});

test('a device is asked once, and once more when it was plugged in again', async (t) => {
  const { finder, plug, pull, asked } = machine(t, { full: c922 });
  plug('video0', 'full');
  for (let i = 0; i < 3; i++) await finder.find(first);
  assert.equal(asked.length, 1);
  pull('video0');
  assert.equal(await finder.find(first), null);
  plug('video0', 'full');
  await finder.find(first);
  assert.equal(asked.length, 2);
});

test('a part of the name finds it in any case, and so does a part of its by-id or by-path link', async (t) => {
  const { finder, plug, roots } = machine(t, { null: brio, full: c922 });
  plug('video0', 'null');
  plug('video2', 'full');
  const named = async (part: string) => basename((await finder.find({ kind: 'usb', part }))?.path ?? '');
  assert.equal(await named('c922 pro'), 'video2');
  assert.equal(await named('nothing of the kind'), '');
  for (const folder of ['by-id', 'by-path']) {
    mkdirSync(join(roots.dev, 'v4l', folder), { recursive: true });
    symlinkSync('../../video2', join(roots.dev, 'v4l', folder, `${folder}-Link-video-index0`));
    assert.equal(await named(`${folder}-link`), 'video2');
  }
});

test('the camera that gave pictures is found again under another number, also by a path', async (t) => {
  for (const source of [first, { kind: 'usb', part: 'c922' } as const, 'path' as const]) {
    const { finder, plug, pull, roots } = machine(t, { null: brio, full: c922 });
    const wanted = source === 'path' ? ({ kind: 'device', path: join(roots.dev, 'video0') } as const) : source;
    plug('video0', 'full');
    finder.settle((await finder.find(wanted)) ?? assert.fail());
    pull('video0');
    assert.equal(await finder.find(wanted), null);
    plug('video3', 'full');
    assert.equal(basename((await finder.find(wanted))?.path ?? ''), 'video3');
    plug('video0', 'null');
    assert.equal(basename((await finder.find(wanted))?.path ?? ''), 'video3', 'not the one that took its number');
  }
});

test('no camera that was there beside ours takes its place, a new one does', async (t) => {
  const { finder, plug, pull } = machine(t, { null: brio, full: c922, zero: { name: 'New' } });
  plug('video0', 'full');
  plug('video2', 'null');
  finder.settle((await finder.find(first)) ?? assert.fail());
  pull('video0');
  assert.equal(await finder.find(first), null);
  plug('video4', 'zero');
  assert.equal((await finder.find(first))?.name, 'New');
});

test('a path is not led to an equal camera that was there beside ours', async (t) => {
  const { finder, plug, pull, roots } = machine(t, { null: { ...c922, bus: '1.4' }, full: c922 });
  const wanted = { kind: 'device', path: join(roots.dev, 'video0') } as const;
  plug('video0', 'full');
  plug('video1', 'null');
  finder.settle((await finder.find(wanted)) ?? assert.fail());
  pull('video0');
  assert.equal(await finder.find(wanted), null);
});

test('of two alike it is the one at its port, else the one with its serial number', async (t) => {
  const { finder, plug, pull } = machine(t, { null: { ...c922, bus: '1.4', serial: 'BBBB' }, full: c922, zero: { ...c922, bus: '1.1' } });
  plug('video0', 'full');
  finder.settle((await finder.find(first)) ?? assert.fail());
  pull('video0');
  plug('video1', 'null');
  plug('video2', 'full');
  assert.equal(basename((await finder.find(first))?.path ?? ''), 'video2');
  pull('video2');
  plug('video5', 'zero');
  assert.equal(basename((await finder.find(first))?.path ?? ''), 'video5');
});
