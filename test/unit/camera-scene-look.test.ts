import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findHolders, majorOf, minorOf } from '../../services/camera/trouble/holders.ts';
import { LOOK_ROOTS, lookAround } from '../../services/camera/trouble/look.ts';
import { NO_SCENE } from '../../services/camera/trouble/scene.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** A tree of files; what begins with `->` is a link. */
function makeTree(t: TestContext, files: Record<string, string>) {
  const root = makeWorkDir(t);
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith('->')) symlinkSync(text.slice(2), file);
    else writeFileSync(file, text);
  }
  return { root, dev: join(root, 'dev'), sys: join(root, 'sys'), proc: join(root, 'proc'), etc: join(root, 'etc') };
}

const status = 'Name:\tnode\nPPid:\t77\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nGroups:\t24 27 1000 \n';
const passwd = 'root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\nmotion:x:110:110::/:/bin/false\n';
const group = 'root:x:0:\nvideo:x:44:pi\npi:x:1000:\n';

test('users, groups, the device and the machine are told by name and number', async (t) => {
  const roots = makeTree(t, {
    'etc/passwd': passwd,
    'etc/group': group,
    'proc/self/status': status,
    'proc/self/cgroup': '0::/system.slice/homeguard.service\n',
    'proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    'dev/video0': '->/dev/null',
  });
  const { us, node, place, os, launcher, holders } = await lookAround(join(roots.dev, 'video0'), null, roots);
  assert.deepEqual(us, { uid: 1000, user: 'pi', gid: 1000, groups: [24, 27, 1000], memberOf: [1000, 44] });
  assert.deepEqual(node, { path: '/dev/null', uid: 0, owner: 'root', gid: 0, group: 'root', mode: 0o666, major: 1, minor: 3 });
  assert.deepEqual(place, { kind: 'systemd', unit: 'homeguard.service', manager: 'system' });
  assert.deepEqual([os, launcher, holders], ['raspberry-pi', null, []]);
});

test('numbers without names, and nodes that are none', async (t) => {
  const roots = makeTree(t, { 'proc/self/status': status, 'dev/video0': '->/dev/null', 'dev/video1': 'a file', 'dev/video2/x': '' });
  const { us, node } = await lookAround(join(roots.dev, 'video0'), null, roots);
  assert.deepEqual([us.user, us.memberOf, node?.owner, node?.group], [null, [], null, null]);
  for (const name of ['video1', 'video2', 'video3']) assert.equal((await lookAround(join(roots.dev, name), null, roots)).node, null);
});

test('where there is nothing to see nothing is told', async () => {
  const nowhere = { dev: '/nowhere', sys: '/nowhere', proc: '/nowhere', etc: '/nowhere', root: '/nowhere' };
  const { us, ...others } = await lookAround('/nowhere/video0', null, nowhere);
  const { us: _, ...nothing } = NO_SCENE;
  assert.deepEqual(others, nothing);
  assert.deepEqual([us.uid, us.gid, us.user], [process.geteuid?.(), process.getegid?.(), null]);
});

test('containers by their marks', async (t) => {
  const placeIn = async (files: Record<string, string>) => (await lookAround(null, null, makeTree(t, files))).place;
  assert.deepEqual(await placeIn({ '.dockerenv': '' }), { kind: 'container', engine: 'docker' });
  assert.deepEqual(await placeIn({ 'run/.containerenv': '' }), { kind: 'container', engine: 'podman' });
  assert.deepEqual(await placeIn({ 'run/systemd/container': 'lxc' }), { kind: 'container', engine: 'other' });
  // Long enough that /proc gives it in more than one piece.
  const mounts = `${'1 1 0:1 / / rw - x x rw\n'.repeat(5000)}9 8 254:1 /var/lib/kubelet/pods/6e3b/etc-hosts /etc/hosts rw - ext4 x rw\n`;
  assert.deepEqual(await placeIn({ 'proc/self/mountinfo': mounts }), { kind: 'container', engine: 'kubernetes' });
  const first = { pid: 'pid:[4026531836]', ipc: 'ipc:[4026531839]', uts: 'uts:[4026531838]' };
  const links = Object.fromEntries(Object.entries(first).map(([kind, name]) => [`proc/self/ns/${kind}`, `->${name}`]));
  assert.deepEqual(await placeIn({ '.dockerenv': '', ...links }), { kind: 'plain' });
});

test('uWSGI is found among the programs that began us', async (t) => {
  const launcherIn = async (files: Record<string, string>) => (await lookAround(null, null, makeTree(t, files))).launcher;
  const node = { 'proc/self/stat': '90 (MainThread) S 80 1 1 0', 'proc/80/stat': '80 (sh) S 70 1 1 0' };
  assert.equal(await launcherIn({ ...node, 'proc/70/stat': '70 (uwsgi) S 1 1 1 0', 'proc/1/stat': '1 (systemd) S 0 1' }), 'uwsgi');
  assert.equal(await launcherIn({ ...node, 'proc/70/stat': '70 (uwsgi-core) S 1 1 1 0' }), 'uwsgi');
  assert.equal(await launcherIn({ ...node, 'proc/70/stat': '70 (my ) uwsgi) S 1) S 1 1 1 0', 'proc/1/stat': '1 (systemd) S 0 1' }), null);
  assert.equal(await launcherIn({ ...node, 'proc/70/stat': '70 (loop) S 70 1 1 0' }), null);
});

/** A camera at a USB port, as sysfs has it. */
function usbCamera(name: string, port: string, { index = '0', bus = 'usb1', number = '81:9', card = `${name}'s card` } = {}) {
  const place = `sys/devices/pci0000:00/0000:01:00.0/${bus}/1-1/${port}/${port}:1.0`;
  const entry = `sys/class/video4linux/${name}`;
  return {
    [`${place}/uevent`]: '',
    [`${entry}/device`]: `->../../../../${place}`,
    [`${entry}/name`]: `${card}\n`,
    [`${entry}/index`]: `${index}\n`,
    [`${entry}/dev`]: `${number}\n`,
  };
}

test('cameras on the same bus share it, and those without a node are hidden', async (t) => {
  const roots = makeTree(t, {
    ...usbCamera('video0', '1-1.4', { number: '1:3' }),
    ...usbCamera('video1', '1-1.4', { index: '1' }), // its metadata
    ...usbCamera('video2', '1-1.3', { card: 'BRIO' }),
    ...usbCamera('video3', '1-1.2', { card: 'BRIO' }),
    ...usbCamera('video4', '2-1', { bus: 'usb2' }),
    'sys/class/video4linux/video10/name': 'bcm2835-codec-decode\n',
    'sys/class/video4linux/v4l-subdev0/name': 'unicam',
    'dev/video0': '->/dev/null',
    'dev/video2': '',
  });
  const { hidden, sharers } = await lookAround(join(roots.dev, 'video0'), null, roots);
  assert.deepEqual(hidden.sort(), ['video3', 'video4']);
  assert.deepEqual(sharers, ['BRIO']);
  assert.deepEqual((await lookAround(null, null, roots)).sharers, []);
});

test('the kernel is heard, of late only, and of our port only', async (t) => {
  const now = Number(process.hrtime.bigint() / 1000n);
  const said = (at: number, port: string) => `3,1,${Math.max(0, at)},-;usb ${port}: device descriptor read/64, error -71\n SUBSYSTEM=usb\n`;
  const old = now - 16 * 60 * 1_000_000;
  const kmsg = `${said(now, '1-1.4')}${said(now, '1-2')}${old > 0 ? said(old, '1-1') : ''}`;
  const roots = makeTree(t, { 'dev/kmsg': kmsg });
  assert.deepEqual((await lookAround(null, null, roots)).kernel.length, 2);
  const { kernel } = await lookAround(null, 'usb-0000:01:00.0-1.4', roots);
  assert.deepEqual(kernel, ['usb 1-1.4: device descriptor read/64, error -71']);
});

const device = { path: '/dev/null', uid: 0, owner: 'root', gid: 0, group: 'root', mode: 0o666, major: 1, minor: 3 };
const processOf = (pid: number, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`proc/${pid}/${name}`, text]));
const userOf = (uid: number) => (uid === 110 ? 'motion' : null);

test('who has the device open is told by pid, command, user and service, and nothing of its arguments', async (t) => {
  const { proc } = makeTree(t, {
    ...processOf(812, {
      'fd/0': '->/dev/zero',
      'fd/3': '->/dev/null',
      comm: 'motion\n',
      cmdline: '/usr/bin/motion\0-p\0secret\0',
      status: 'PPid:\t1\nUid:\t110\t110\t110\t110\n',
      cgroup: '0::/system.slice/motion.service\n',
    }),
    ...processOf(900, {
      'fd/3': '->/dev/../dev/null',
      comm: 'MainThread\n',
      cmdline: 'node\0camera.ts\0',
      status: `PPid:\t${process.pid}\n`,
    }),
    ...processOf(901, { 'fd/3': '->/dev/null', comm: 'postgres\n', cmdline: 'postgres: user secret 10.0.0.1\0' }),
    ...processOf(902, { 'fd/3': '->/dev/null', comm: 'kworker/0:1\n', cmdline: '' }),
    ...processOf(903, { 'fd/3': '->/dev/null', cgroup: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/cam.service\n' }),
    ...processOf(904, { 'fd/3': '->socket:[123]', 'fd/4': '->/dev/zero', 'fd/5': '->/nowhere/null', 'fd/6': '->/dev/nowhere' }),
    ...processOf(905, { comm: 'zombie' }),
    ...processOf(process.pid, { 'fd/3': '->/dev/null' }),
    'proc/meminfo': '',
  });
  const { holders, someUnseen } = await findHolders(device, proc, userOf);
  assert.deepEqual(holders, [
    { pid: 812, command: 'motion', user: 'motion', unit: 'motion.service', isOurs: false },
    { pid: 900, command: 'node', user: null, unit: null, isOurs: true },
    { pid: 901, command: 'postgres', user: null, unit: null, isOurs: false },
    { pid: 902, command: 'kworker/0:1', user: null, unit: null, isOurs: false },
    { pid: 903, command: 'a program', user: null, unit: null, isOurs: false },
  ]);
  assert.equal(someUnseen, false);
});

test('who opens every device only to know it is told when it can be nobody else; at most eight are told', async (t) => {
  const holding = (pid: number, comm: string) => processOf(pid, { 'fd/3': '->/dev/null', comm });
  const onlooker = holding(5, 'wireplumber');
  const alone = await findHolders(device, makeTree(t, onlooker).proc, userOf);
  assert.deepEqual(
    alone.holders.map(({ command }) => command),
    ['wireplumber'],
  );
  const beside = await findHolders(device, makeTree(t, { ...onlooker, ...holding(6, 'vlc') }).proc, userOf);
  assert.deepEqual(
    beside.holders.map(({ command }) => command),
    ['vlc'],
  );
  const many = Object.assign({}, ...Array.from({ length: 60 }, (_, i) => holding(100 + i, 'vlc')));
  assert.equal((await findHolders(device, makeTree(t, many).proc, userOf)).holders.length, 8);
});

test('device numbers are taken apart as makedev(3) puts them together', () => {
  assert.deepEqual([majorOf(0x5103), minorOf(0x5103)], [81, 3]);
  assert.deepEqual([majorOf(0x12305103), minorOf(0x12305103)], [81, 0x12303]);
});

test('on this machine it takes no longer than 50 ms', async () => {
  await lookAround('/dev/null', null, LOOK_ROOTS);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const { node } = await lookAround('/dev/null', null, LOOK_ROOTS);
    times.push(performance.now() - start);
    assert.equal(node?.path, '/dev/null');
  }
  // The fastest, for others use the machine, too.
  assert.ok(Math.min(...times) < 50, times.join());
});
