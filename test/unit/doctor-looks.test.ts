import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LOOK_ROOTS, type LookRoots } from '../../services/camera/trouble/look.ts';
import type { Holder } from '../../services/camera/trouble/scene.ts';
import { lookAtDataFolder } from '../../services/doctor/data-folder.ts';
import { lookAtDevice, lookForOthers } from '../../services/doctor/devices.ts';
import { readKept } from '../../services/doctor/kept.ts';
import { lookAtMachine, placeInWords } from '../../services/doctor/machine.ts';
import { isPowerLow } from '../../services/doctor/power.ts';
import { readWhatCan } from '../../services/doctor/settings.ts';
import { countOpens, lookAtUsb } from '../../services/doctor/usb.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** A folder with these files; a text that begins with `->` makes a link to a place in it. */
function tree(t: TestContext, files: Record<string, string>): string {
  const root = makeWorkDir(t);
  for (const [file, text] of Object.entries(files)) {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith('->')) symlinkSync(join(root, text.slice(2)), path);
    else writeFileSync(path, text);
  }
  return root;
}
const rootsIn = (root: string): LookRoots => ({
  ...LOOK_ROOTS,
  dev: join(root, 'dev'),
  sys: join(root, 'sys'),
  proc: join(root, 'proc'),
  etc: join(root, 'etc'),
});
const usb = 'sys/devices/pci0000:00/0000:01:00.0/usb1/1-1/1-1.4';

test('where a camera is plugged in, as sysfs has it', (t) => {
  const root = tree(t, {
    [`${usb}/idVendor`]: '046d\n',
    [`${usb}/idProduct`]: '085c\n',
    [`${usb}/speed`]: '480\n',
    [`${usb}/power/control`]: 'auto\n',
    [`${usb}/1-1.4:1.0/bInterfaceNumber`]: '00\n',
    'sys/module/uvcvideo/refcnt': '2\n',
    [`${usb}/1-1.4:1.0/driver/module`]: '->sys/module/uvcvideo',
    'sys/class/video4linux/video0/device': `->${usb}/1-1.4:1.0`,
    'sys/class/video4linux/video1/name': 'no USB',
  });
  const sys = join(root, 'sys');
  assert.deepEqual(lookAtUsb('/dev/video0', sys), { id: '046d:085c', speed: 480, port: '1.4', autosuspend: true });
  assert.equal(countOpens('/dev/video0', sys), 2);
  assert.deepEqual([lookAtUsb('/dev/video1', sys), countOpens('/dev/video1', sys)], [null, null]);
});

test('a device with its links, and which of its holders HomeGuard has begun', async (t) => {
  const begun = (command: string) => command.split(' ').join('\0');
  const root = tree(t, {
    'dev/v4l/by-id/usb-C922-video-index0': '->dev/video0',
    'dev/v4l/by-id/usb-other': '->dev/video2',
    'proc/70/cmdline': begun('/usr/bin/node --max-semi-space-size=1 services/homeguard.ts'),
    'proc/71/cmdline': begun('node /app/services/camera/main.js'),
    'proc/72/cmdline': begun('vim services/camera/main.tsx'),
    'proc/80/status': 'Name:\tffmpeg\nPPid:\t70\n',
    'proc/81/status': 'Name:\tffmpeg\nPPid:\t71\n',
    'proc/82/status': 'Name:\tffmpeg\nPPid:\t72\n',
  });
  symlinkSync('/dev/null', join(root, 'dev/video0'));
  const found = { path: join(root, 'dev/video0'), name: 'C922' };
  const holder = (pid: number): Holder => ({ pid, command: 'ffmpeg', user: null, unit: null, isOurs: false });
  const facts = lookAtDevice(found, null, [80, 81, 82, 83].map(holder), rootsIn(root));
  assert.deepEqual(facts.links, ['usb-C922-video-index0']);
  assert.deepEqual([facts.refusal, facts.usb, facts.opens, facts.homeGuards], [null, null, null, [80, 81]]);
});

test('nodes that are no cameras, by number', (t) => {
  const root = tree(t, {
    'dev/video0': '',
    'dev/video1': '',
    'dev/video12': '',
    'dev/video3': '',
    'dev/vbi0': '',
    'sys/class/video4linux/video1/index': '1\n',
    'sys/class/video4linux/video12/name': 'bcm2835-codec-decode\n',
  });
  const others = lookForOthers(new Set([join(root, 'dev/video0')]), rootsIn(root));
  assert.deepEqual(others, [
    { path: join(root, 'dev/video1'), name: null, isFirst: false },
    { path: join(root, 'dev/video3'), name: null, isFirst: true },
    { path: join(root, 'dev/video12'), name: 'bcm2835-codec-decode', isFirst: true },
  ]);
});

test('the power of a Raspberry Pi', (t) => {
  const root = tree(t, {
    'low/class/hwmon/hwmon0/name': 'cpu_thermal\n',
    'low/class/hwmon/hwmon1/name': 'rpi_volt\n',
    'low/class/hwmon/hwmon1/in0_lcrit_alarm': '1\n',
    'well/class/hwmon/hwmon0/name': 'rpi_volt\n',
    'well/class/hwmon/hwmon0/in0_lcrit_alarm': '0\n',
  });
  assert.deepEqual([isPowerLow(join(root, 'low')), isPowerLow(join(root, 'well')), isPowerLow('/nowhere')], [true, false, null]);
});

test('the machine, the user and the place', (t) => {
  const root = tree(t, {
    'proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    'etc/os-release': 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    'etc/group': 'pi:x:1000:\nvideo:x:44:pi\n',
  });
  const us = { uid: 1000, user: 'pi', gid: 1000, groups: [44, 1000, 993], memberOf: [] };
  const machine = lookAtMachine({ us, place: { kind: 'plain' } }, rootsIn(root));
  assert.equal(machine.model, 'Raspberry Pi 4 Model B Rev 1.4');
  assert.match(machine.system, /^Debian GNU\/Linux 12 \(bookworm\), Linux \S+$/);
  assert.deepEqual([machine.user, machine.uid, machine.groups], ['pi', 1000, ['pi', 'video', '993']]);
  const stranger = lookAtMachine({ us: { ...us, user: null }, place: { kind: 'plain' } }, rootsIn('/nowhere'));
  assert.deepEqual([stranger.user, stranger.groups.length], ['1000', 3]);
  assert.match(stranger.model, /^\S+$/);
  assert.equal(placeInWords({ kind: 'container', engine: 'docker' }), 'in a container of Docker');
  assert.equal(placeInWords({ kind: 'container', engine: 'other' }), 'in a container');
  assert.equal(placeInWords({ kind: 'systemd', unit: 'hg.service', manager: 'system' }), "in the system's service hg.service");
  assert.equal(placeInWords({ kind: 'plain' }), 'in no container');
});

test('what people have set on a camera counts until the environment changes; a broken file counts for nothing', (t) => {
  const values = { fps: { value: '15', over: '30' }, resolution: { value: 7, over: '1280x720' } };
  const root = tree(t, {
    'cameras/front.json': JSON.stringify({ capture: 'OFF', values, controls: {} }),
    'cameras/broken.json': '{"capture":',
    'cameras/null.json': 'null',
    'cameras/strange.json': '{"capture":1,"values":null}',
  });
  const front = readKept(root, 'front');
  assert.deepEqual(
    [front.isOff, front.value('fps', '30'), front.value('fps', '25'), front.value('resolution', '1280x720')],
    [true, '15', null, null],
  );
  for (const id of ['broken', 'null', 'strange', 'none']) {
    const kept = readKept(root, id);
    assert.deepEqual([id, kept.isOff, kept.value('fps', '30')], [id, false, null]);
  }
});

test('the data folder is looked at, and neither made nor changed', (t) => {
  const root = tree(t, { 'data/secrets/mqtt-camera': 'geheim\n', file: '' });
  const there = lookAtDataFolder(join(root, 'data'));
  assert.deepEqual([there.kind, there.writable, there.secret], ['folder', true, { kind: 'there', password: 'geheim' }]);
  chmodSync(join(root, 'data/secrets'), 0o755);
  chmodSync(join(root, 'data/secrets/mqtt-camera'), 0o644);
  for (const [mode, exposed] of [
    [0o755, true],
    [0o700, false],
  ] as const) {
    chmodSync(join(root, 'data'), mode);
    assert.equal(lookAtDataFolder(join(root, 'data')).exposed, exposed);
  }
  const none = lookAtDataFolder(join(root, 'a/b/data'));
  assert.deepEqual([none.kind, none.writable, none.secret, none.uid], ['none', true, { kind: 'none' }, process.getuid?.()]);
  assert.equal(lookAtDataFolder(join(root, 'a')).kind, 'none');
  assert.equal(lookAtDataFolder(join(root, 'file')).kind, 'file');
});

test('what is wrong with the settings is told, and the rest is read', () => {
  const env = {
    CAMERA_FPS: '0',
    CAMERA_SIZE: '640x480',
    CAMERAS: 'a=/dev/video0',
    CAMERA_ID: 'b',
    MQTT_USER: 'x',
    MQTT_PASSWORD_FILE: '/gone',
    PATH: '/bin',
  };
  const read = (): string => {
    throw Object.assign(new Error('gone'), { code: 'ENOENT' });
  };
  const { settings, faults } = readWhatCan(env, read);
  assert.equal(faults.length, 4, faults.join('\n'));
  assert.deepEqual([settings.camera.fps, settings.camera.size.width, settings.cameras], [30, 640, [{ id: 'camera', source: null }]]);
  assert.deepEqual(readWhatCan({ CAMERA_FPS: '5' }, read).faults, []);
  const tls = readWhatCan({ BROKER_TLS_CERT: '/cert' }, read);
  assert.deepEqual([tls.faults.length, tls.settings.broker.tlsCert], [1, undefined]);
});
