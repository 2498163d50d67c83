import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessAdvice, describeAccess, word } from '../../services/camera/trouble/access.ts';
import {
  absenceAdvice,
  bandwidthAdvice,
  busyAdvice,
  describeHolders,
  faultAdvice,
  ffmpegAdvice,
  formatAdvice,
  memoryAdvice,
  reasonOf,
} from '../../services/camera/trouble/advice.ts';
import type { Engine, Place } from '../../services/camera/trouble/place.ts';
import { type DeviceFile, type Holder, NO_SCENE, type Scene, type Us } from '../../services/camera/trouble/scene.ts';

const pi: Us = { uid: 1000, user: 'pi', gid: 1000, groups: [27], memberOf: [1000, 27] };
const member: Us = { ...pi, memberOf: [1000, 27, 44] };
const stranger: Us = { uid: 4711, user: null, gid: 4711, groups: [], memberOf: [] };
const root: Us = { uid: 0, user: 'root', gid: 0, groups: [], memberOf: [0] };
const node: DeviceFile = { path: '/dev/video0', uid: 0, owner: 'root', gid: 44, group: 'video', mode: 0o660, major: 81, minor: 0 };
const plain: Place = { kind: 'plain' };
const service: Place = { kind: 'systemd', unit: 'homeguard-camera.service', manager: 'system' };
const usersService: Place = { kind: 'systemd', unit: 'homeguard.service', manager: 'user' };
const inside = (engine: Engine): Place => ({ kind: 'container', engine });
const places = [plain, service, usersService, ...(['docker', 'podman', 'kubernetes', 'other'] as const).map(inside)];

const sceneOf = (more: Partial<Scene>): Scene => ({ ...NO_SCENE, us: pi, node, ...more });
const eacces = (more: Partial<Scene>) => accessAdvice(sceneOf(more), '/dev/video0', 'EACCES');
const eperm = (more: Partial<Scene>) => accessAdvice(sceneOf(more), '/dev/video0', 'EPERM');
/** What is to be typed or pasted. */
const typed = (advice: string) => [...advice.matchAll(/`([^`]+)`/g)].map(([, text]) => text);

test('who we are and whose the device is stands in one line', () => {
  assert.equal(describeAccess(sceneOf({})), 'uid 1000, groups 1000 27; the device is root:44 0660');
  const theirs = { ...node, uid: 5, mode: 0o4 };
  assert.equal(describeAccess({ us: { ...pi, groups: [1000] }, node: theirs }), 'uid 1000, groups 1000; the device is 5:44 0004');
  assert.equal(describeAccess({ us: pi, node: null }), 'uid 1000, groups 1000 27');
});

test('without a service the user joins the group of the device', () => {
  assert.equal(eacces({}), 'Run `sudo usermod -aG video pi`, and then log out, log in again and start HomeGuard again.');
  assert.deepEqual(typed(eacces({ node: { ...node, gid: 986, group: 'Camera people' } })), ["sudo usermod -aG 'Camera people' pi"]);
  const nameless = { ...node, gid: 986, group: null };
  assert.deepEqual(typed(eacces({ node: nameless })), ['sudo groupadd -g 986 homeguard-video && sudo usermod -aG homeguard-video pi']);
  assert.match(eacces({ us: stranger }), /as a user that has the group video: the number 4711 is nobody/);
  assert.match(eacces({ us: stranger, node: nameless }), /the group 986:/);
});

test('who joined the group after the program began, begins anew', () => {
  assert.match(eacces({ us: member }), /^The group video is yours by now.* log out, log in again and start HomeGuard again\.$/);
  assert.deepEqual(typed(eacces({ us: member, place: service })), ['sudo systemctl restart homeguard-camera.service']);
  assert.match(eacces({ us: member, place: usersService }), /^The group video is yours by now.* restart the machine\.$/);
});

test('a service of systemd is given the group, or its number where it has no name', () => {
  const edit = 'sudo systemctl edit homeguard-camera.service';
  const restart = 'sudo systemctl restart homeguard-camera.service';
  assert.deepEqual(typed(eacces({ place: service })), [edit, '[Service]', 'SupplementaryGroups=video', restart]);
  const nameless = { ...node, gid: 986, group: null };
  assert.equal(typed(eacces({ place: service, node: nameless }))[2], 'SupplementaryGroups=986');
  // systemd lets no user give himself a group.
  assert.equal(eacces({ place: usersService }), 'Run `sudo usermod -aG video pi`, and then restart the machine.');
});

test("a container is given the host's number, for names are looked up in the image", () => {
  const advice = (engine: Engine, launcher: Scene['launcher'] = null) => eacces({ place: inside(engine), us: member, launcher });
  assert.deepEqual(typed(advice('docker')), ['group_add: ["44"]', 'docker compose up -d']);
  // compose.yaml has such a line already, and YAML takes no second one.
  assert.match(advice('docker'), /in place of its group_add if it has one/);
  assert.match(advice('docker'), /the camera service in compose\.yaml/);
  assert.deepEqual(typed(advice('podman')), ['--group-add 44']);
  assert.deepEqual(typed(advice('kubernetes')), ['supplementalGroups: [44]']);
  // A system container has users and logins like a machine.
  assert.deepEqual(typed(eacces({ place: inside('other') })), ['sudo usermod -aG video pi']);
  assert.match(advice('docker', 'uwsgi'), /`group_add: \["44"\]`.*; where uWSGI changes its user.*`add-gid = 44`, too\.$/);
});

test('under uWSGI, which drops the groups of its user, its ini file names the group', () => {
  for (const us of [pi, member, stranger]) {
    assert.equal(typed(eacces({ us, launcher: 'uwsgi' }))[0], 'add-gid = video');
    assert.match(eacces({ us, launcher: 'uwsgi' }), /uWSGI.*a service of its own/);
  }
  const uwsgi: Place = { kind: 'systemd', unit: 'uwsgi.service', manager: 'system' };
  assert.deepEqual(typed(eacces({ place: uwsgi, launcher: 'uwsgi' })), ['add-gid = video', 'sudo systemctl restart uwsgi.service']);
  const theirs: Place = { ...uwsgi, manager: 'user' };
  assert.deepEqual(typed(eacces({ place: theirs, launcher: 'uwsgi' })), ['add-gid = video', 'systemctl --user restart uwsgi.service']);
});

test("a device that is root's alone, or shut to its group, gets a lasting rule", () => {
  const shut: DeviceFile[] = [
    { ...node, gid: 0, group: 'root', mode: 0o600 },
    { ...node, gid: 0, group: 'root', mode: 0o660 }, // nobody should join the group root
    { ...node, mode: 0o640 },
    { ...node, uid: 1000, mode: 0o060 }, // its owner's bits count for the owner, and no others
    { ...node, gid: 65534, group: 'nogroup' },
  ];
  for (const each of shut) {
    const [line = ''] = typed(eacces({ node: each }));
    assert.match(line, /^echo 'SUBSYSTEM=="video4linux", GROUP="video", MODE="0660"' \| sudo tee \/etc\/udev\/rules\.d\/\S+\.rules && /);
    assert.match(line, /udevadm control --reload && sudo udevadm trigger/);
  }
  assert.match(eacces({ node: shut[0], place: inside('docker') }), /^On the host, run `echo .* start the container again\.$/);
});

test('an owner that the container does not know comes from its user namespace', () => {
  for (const us of [pi, root]) {
    const advice = (engine: Engine) =>
      typed(eacces({ us, place: inside(engine), node: { ...node, uid: 65534, gid: 65534, group: 'nogroup' } }));
    assert.deepEqual(advice('docker'), ['userns_mode: "host"', 'docker compose up -d']);
    assert.deepEqual(advice('podman'), ['--group-add keep-groups']);
    assert.deepEqual(advice('kubernetes'), ['hostUsers: true']);
    assert.deepEqual(advice('other'), []);
  }
  assert.deepEqual(typed(eacces({ place: inside('podman'), node: { ...node, gid: 65534 } })), ['--group-add keep-groups']);
});

test('EPERM comes from the list of devices that a container or service may use', () => {
  const advice = (engine: Engine) => typed(eperm({ place: inside(engine) }));
  assert.deepEqual(advice('docker'), ['device_cgroup_rules: ["c 81:* rw"]', 'docker compose up -d']);
  assert.deepEqual(advice('podman'), ['--device /dev/video0']);
  assert.deepEqual(advice('kubernetes'), ['privileged: true']);
  assert.deepEqual(advice('other'), ['lxc.cgroup2.devices.allow = c 81:* rw']);
  assert.equal(typed(eperm({ place: service }))[2], 'DeviceAllow=char-81 rw');
  assert.deepEqual(typed(eperm({})), ['sudo dmesg']);
  assert.deepEqual(typed(eperm({ place: usersService })), ['sudo dmesg']);
});

test('where owner and mode would let us in, something else is looked for', () => {
  const open: Partial<Scene>[] = [
    { us: { ...pi, groups: [44] } },
    { us: { ...pi, gid: 44 } },
    { us: root },
    { node: { ...node, mode: 0o666 } },
    { node: { ...node, uid: 1000, mode: 0o600 } },
  ];
  for (const each of open) assert.match(eacces(each), /`sudo dmesg` prints: owner and mode/);
  assert.match(eacces({ us: root, place: inside('docker') }), /`sudo dmesg` prints on the host:/);
  assert.deepEqual(typed(accessAdvice(sceneOf({ node: null }), '/dev/my cam', 'EACCES')), ["ls -l '/dev/my cam'"]);
});

test('in every place, for every user and every device, advice is one true sentence', () => {
  const users = [pi, member, stranger, root, { ...pi, groups: [44] }];
  const owners = [44, 0, 65534, 986].flatMap((gid) => [0, 1000, 65534].map((uid) => ({ ...node, uid, gid })));
  const nodes = owners.flatMap((each) => [0o660, 0o600, 0o666, 0o640].map((mode) => ({ ...each, mode })));
  const nameOf: Record<number, string> = { 0: 'root', 44: 'video', 65534: 'nogroup' };
  let count = 0;
  for (const place of places) {
    for (const us of users) {
      for (const each of nodes) {
        for (const launcher of [null, 'uwsgi'] as const) {
          for (const error of ['EACCES', 'EPERM'] as const) {
            const at = { ...each, group: nameOf[each.gid] ?? null };
            const advice = accessAdvice(sceneOf({ us, node: at, place, launcher }), '/dev/video0', error);
            checkSentence(advice);
            checkNames(advice, us, at, place);
            count++;
          }
        }
      }
    }
  }
  assert.equal(count, 7 * 5 * 48 * 2 * 2);
});

function checkSentence(advice: string): void {
  assert.match(advice, /^[A-Z][^\n]*[^.]\.$/);
  assert.equal(advice.match(/`/g)?.length ?? 0, 2 * typed(advice).length, advice);
  assert.doesNotMatch(advice.replaceAll(/`[^`]+`/g, ''), /[.!?] [A-Z]|null|undefined|NaN|\{|\[object/, advice);
  assert.ok(advice.length < 320, advice);
}

/** Users, groups, units and files that are there, and no others. */
function checkNames(advice: string, { user }: Us, { gid, group }: DeviceFile, place: Place): void {
  const said = typed(advice).join('\n');
  const named = [...said.matchAll(/usermod -aG (\S+) (\S+)/g)];
  for (const [, name, whom] of named) assert.deepEqual([name, whom], [group ?? 'homeguard-video', user], advice);
  for (const [, number] of said.matchAll(/(?:group_add: \["|group-add |supplementalGroups: \[|groupadd -g )(\d+)/g)) {
    assert.equal(number, String(gid), advice);
  }
  for (const [, name] of said.matchAll(/(?:SupplementaryGroups=|add-gid = )(\S+)/g))
    assert.ok([group, String(gid)].includes(name ?? ''), advice);
  for (const [name] of said.matchAll(/\S+\.service/g)) assert.equal(name, place.kind === 'systemd' ? place.unit : '', advice);
  assert.equal(/compose/.test(advice), place.kind === 'container' && place.engine === 'docker' && !/dmesg|udev/.test(advice), advice);
  for (const [name] of said.matchAll(/\/dev\/\S+/g)) assert.equal(name, '/dev/video0', advice);
}

const ffmpeg: Holder = { pid: 812, command: 'ffmpeg', user: 'pi', unit: null, isOurs: false };

test('who has the device is to be ended, or to be found', () => {
  const busy = (more: Partial<Scene>) => busyAdvice(sceneOf(more), '/dev/video0');
  assert.equal(busy({ holders: [ffmpeg] }), 'Close ffmpeg, or run `kill 812`; the picture then comes by itself.');
  assert.deepEqual(typed(busy({ holders: [{ ...ffmpeg, user: 'root' }] })), ['sudo kill 812']);
  assert.deepEqual(typed(busy({ holders: [{ ...ffmpeg, unit: 'motion.service' }] })), ['sudo systemctl stop motion.service']);
  assert.match(busy({ holders: [{ ...ffmpeg, isOurs: true, unit: 'homeguard.service' }] }), /a device of its own/);
  assert.match(busy({ someUnseen: true }), /^Run `sudo fuser -v \/dev\/video0` to see/);
  assert.match(busy({ place: inside('docker') }), /^On the host, run `sudo fuser -v \/dev\/video0` to see/);
  assert.match(busy({}), /^Close the other program that shows the camera/);
});

test('at most three holders are told', () => {
  const holders = [1, 2, 3, 4].map((pid) => ({ ...ffmpeg, pid, user: null }));
  assert.equal(describeHolders(sceneOf({ holders })), 'ffmpeg (pid 1) and ffmpeg (pid 2) and ffmpeg (pid 3)');
  assert.equal(describeHolders(sceneOf({})), 'another program');
});

test('where USB has no room, what would fit is told, and who shares the bus', () => {
  const fits = { width: 640, height: 480, fps: 15 };
  assert.equal(
    bandwidthAdvice(sceneOf({ fits, sharers: ['BRIO', 'C920'] })),
    'Plug the camera into another USB port, away from BRIO and C920, or let it send less: `CAMERA_SIZE=640x480 CAMERA_FPS=15`.',
  );
  assert.match(bandwidthAdvice(sceneOf({})), /not a hub, or let it send less: lower CAMERA_SIZE or CAMERA_FPS\.$/);
  assert.match(formatAdvice(sceneOf({ fits: { ...fits, width: 800, height: 600 } })), /`CAMERA_SIZE=800x600`/);
  assert.match(formatAdvice(sceneOf({})), /`CAMERA_SIZE=640x480`/);
});

const pulled = 'usb 1-1.4: USB disconnect, device number 5';
const weak = 'hwmon hwmon1: Undervoltage detected!';
const broken = 'usb 1-1.4: device descriptor read/64, error -71';

test('what the kernel says leads to power, hub, cable or port', () => {
  const said: [string, RegExp][] = [
    [weak, /stronger power supply/],
    ['usb usb1-port2: over-current condition', /hub that has its own power supply/],
    ['xhci_hcd 0000:01:00.0: HC died; cleaning up', /Restart the machine/],
    ['usb 1-1.4: Not enough bandwidth for new device state.', /let it send less/],
    [broken, /^Try another cable and another USB port\.$/],
    ['something else', /^Unplug the camera and plug it in again/],
  ];
  for (const [line, advice] of said) assert.match(faultAdvice(sceneOf({ kernel: [line] })), advice, line);
  const onPi = (line: string) => faultAdvice(sceneOf({ kernel: [line], os: 'raspberry-pi' }));
  assert.match(onPi(weak), /official power supply of the Raspberry Pi/);
  assert.match(onPi(broken), /or a hub with its own power supply\.$/);
});

test('of several reasons the weightiest counts, and its last line', () => {
  const kernel = [pulled, weak, broken, 'usb 1-1.4: device descriptor read/64, error -110'];
  assert.deepEqual(reasonOf(sceneOf({ kernel })), { sign: 'power', line: weak });
  assert.deepEqual(reasonOf(sceneOf({ kernel: kernel.toSpliced(1, 1) }))?.line, kernel[3]);
  assert.equal(reasonOf(sceneOf({})), null);
});

test('an absent camera is to be plugged in, unless the kernel saw it and could not speak with it', () => {
  const absent = (kernel: string[]) => absenceAdvice(sceneOf({ node: null, kernel }));
  const plugIn = 'Plug in the camera; the picture then comes by itself.';
  assert.equal(absent([]), plugIn);
  assert.equal(absent([pulled]), plugIn);
  // What was cut off by pulling it is no bad cable; what comes after is.
  assert.equal(absent(['uvcvideo: Non-zero status (-71) in video completion handler.', pulled]), plugIn);
  assert.match(absent([pulled, broken]), /cable/);
  // A weak supply takes cameras away, but without one it is beside the point.
  assert.equal(absent([weak]), plugIn);
  assert.match(absent([weak, pulled]), /power supply/);
  assert.match(absent([weak, broken]), /power supply/);
});

test('a camera that the kernel has, and our /dev has not, is handed in as the place calls for', () => {
  const hidden = (place: Place) => absenceAdvice(sceneOf({ node: null, place, hidden: ['video2'] }));
  assert.deepEqual(typed(hidden(inside('docker'))), ['"/dev:/dev:ro"', '"c 81:* rw"', 'docker compose up -d']);
  assert.deepEqual(typed(hidden(inside('podman'))), ['--device /dev/video2']);
  assert.match(hidden(inside('kubernetes')), /hostPath/);
  assert.match(hidden(inside('other')), /Let the host hand \/dev\/video2/);
  assert.equal(typed(hidden(service))[2], 'PrivateDevices=no');
  assert.match(hidden(plain), /udevadm trigger/);
  assert.match(hidden(usersService), /udevadm trigger/);
  for (const place of places) checkSentence(hidden(place));
});

test('memory and ffmpeg: other words in a container', () => {
  for (const [advice, within, without] of [
    [memoryAdvice, /mem_limit/, /Close other programs/],
    [ffmpegAdvice, /Build the image again/, /`sudo apt-get install ffmpeg`/],
  ] as const) {
    assert.match(advice(sceneOf({ place: inside('podman') })), within);
    assert.match(advice(sceneOf({})), without);
  }
});

test('what a shell would take apart is quoted', () => {
  assert.equal(word('/dev/video0'), '/dev/video0');
  assert.equal(word('getty@tty1.service'), 'getty@tty1.service');
  assert.equal(word('my\\x2dcam.service'), "'my\\x2dcam.service'");
  assert.equal(word("it's; rm"), "'it'\\''s; rm'");
});
