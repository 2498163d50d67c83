import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../services/camera/device/capabilities.ts';
import { type Holder, NO_SCENE, type Scene } from '../../services/camera/trouble/scene.ts';
import { judgeCamera } from '../../services/doctor/camera-findings.ts';
import type { CameraFacts } from '../../services/doctor/cameras.ts';
import { judgeDevice, judgeOthers } from '../../services/doctor/device-findings.ts';
import type { DeviceFacts } from '../../services/doctor/devices.ts';
import type { Finding } from '../../services/doctor/finding.ts';

const webcam: Capabilities = {
  driver: 'uvcvideo',
  card: 'C922 Pro Stream Webcam',
  bus: 'usb-0000:01:00.0-1.4',
  capture: true,
  formats: [
    { fourcc: 'YUYV', sizes: [{ width: 640, height: 480, rates: [30, 15] }] },
    {
      fourcc: 'MJPG',
      sizes: [
        { width: 640, height: 480, rates: [60, 30] },
        { width: 1920, height: 1080, rates: [29.97, 15] },
        { width: 1280, height: 720, rates: [60, 30] },
      ],
    },
  ],
  controls: [],
};
const device: DeviceFacts = {
  path: '/dev/video0',
  place: '/dev/video0',
  name: 'C922 Pro Stream Webcam',
  links: ['usb-046d_C922-video-index0'],
  refusal: null,
  said: webcam,
  usb: { id: '046d:085c', speed: 480, port: '1.4', autosuspend: true },
  opens: 0,
  homeGuards: [],
};
const pi = { uid: 1000, user: 'pi', gid: 1000, groups: [44], memberOf: [1000, 44] };
const node = { path: '/dev/video0', uid: 0, owner: 'root', gid: 44, group: 'video', mode: 0o660, major: 81, minor: 0 };
const scene: Scene = { ...NO_SCENE, us: pi, node };
const motion: Holder = { pid: 812, command: 'motion', user: 'motion', unit: 'motion.service', isOurs: false };

const on = (findings: Finding[], topic: Finding['topic']) => findings.filter((each) => each.topic === topic);
const one = (findings: Finding[], topic: Finding['topic']) => {
  const found = on(findings, topic);
  assert.equal(found.length, 1, JSON.stringify(findings, null, 1));
  return found[0] as Finding;
};
const judged = (facts: Partial<DeviceFacts>, seen: Partial<Scene> = {}, isRead = false) =>
  judgeDevice({ ...device, ...facts }, { ...scene, ...seen }, isRead);

test('a webcam as it should be', () => {
  const told = judged({}).map(({ ok, topic, text }) => `${ok} ${topic}: ${text}`);
  assert.deepEqual(told, [
    'true device: C922 Pro Stream Webcam, /dev/v4l/by-id/usb-046d_C922-video-index0',
    'true formats: offers MJPG up to 1920x1080 at 30, YUYV up to 640x480 at 30',
    'true permission: may be opened: it belongs to root:video, mode 0660',
    'true holder: is free',
    'true usb: has USB 2 (480 Mb/s), port 1.4 behind hub 1, 046d:085c, may sleep while unused',
  ]);
});

test('formats: many, none, none that can be read, none asked', () => {
  const sized = (fourcc: string) => ({ fourcc, sizes: [{ width: 16, height: 16, rates: [] }] });
  const many = { ...webcam, formats: ['YUYV', 'UYVY', 'NV12', 'RGB3', 'BGR3', 'MJPG'].map(sized) };
  assert.equal(
    one(judged({ said: many }), 'formats').text,
    'offers MJPG up to 16x16, YUYV up to 16x16, UYVY up to 16x16, NV12 up to 16x16, 2 more',
  );
  assert.equal(one(judged({ said: { ...webcam, formats: [] } }), 'formats').ok, true);
  const bayer = one(judged({ said: { ...webcam, formats: [sized('pBAA')] } }), 'formats');
  assert.deepEqual([bayer.ok, bayer.text], [false, 'offers no format that can be read, only pBAA']);
  assert.deepEqual(on(judged({ said: { failed: 'missing', errno: null, said: '' } }), 'formats'), []);
});

test('what is no camera is told as such, and nothing else of it', () => {
  for (const said of [{ ...webcam, capture: false }, { failed: 'unreadable', errno: null, said: 'not a v4l2 node' } as const]) {
    const findings = judged({ said }, { holders: [motion] });
    assert.deepEqual(
      findings.map(({ topic, ok }) => [topic, ok]),
      [
        ['device', true],
        ['formats', false],
      ],
    );
  }
});

test('a device that does not answer keeps the picture away, unless the service reads it', () => {
  const said = { failed: 'silent', errno: null, said: '/dev/video0 did not answer v4l2-ctl for 5 s' } as const;
  assert.equal(one(judged({ said }), 'formats').ok, false);
  assert.equal(one(judged({ said }, {}, true), 'formats').ok, null);
});

test('a device that went away while it was asked', () => {
  const said = { failed: 'errno', errno: 'ENODEV', said: 'VIDIOC_QUERYCAP: failed: No such device' } as const;
  const { ok, text } = one(judged({ said }), 'formats');
  assert.deepEqual([ok, text], [false, 'cannot be asked: /dev/video0 is not there any more']);
});

test('permission: refused by group, by a mandatory control, by a control group; the words are those of the service', () => {
  const stranger = { us: { ...pi, groups: [], memberOf: [1000] } };
  const group = one(judged({ refusal: 'EACCES', said: null }, stranger), 'permission');
  assert.equal(group.ok, false);
  assert.equal(group.text, 'may not be opened: EACCES on /dev/video0: uid 1000, groups 1000; the device is root:44 0660');
  assert.match(group.remedy ?? '', /`sudo usermod -aG video pi`/);
  const unasked = one(judged({ refusal: 'EPERM', said: null }, { place: { kind: 'container', engine: 'docker' } }), 'permission');
  assert.match(unasked.remedy ?? '', /device_cgroup_rules/);
  const denied = one(judged({ said: { failed: 'errno', errno: 'EACCES', said: 'Permission denied' } }), 'permission');
  assert.match(denied.remedy ?? '', /dmesg/);
  const eperm = { said: { failed: 'errno', errno: 'EPERM', said: 'Operation not permitted' } } as const;
  const boxed = one(judged(eperm, { place: { kind: 'container', engine: 'docker' } }), 'permission');
  assert.match(boxed.text, /EPERM on/);
  assert.match(boxed.remedy ?? '', /device_cgroup_rules/);
});

test('who may not open it hears of a holder that is seen, and no guess', () => {
  const unseen = { refusal: 'EACCES', said: null, opens: null };
  assert.deepEqual(on(judged(unseen, { someUnseen: true }), 'holder'), []);
  assert.equal(one(judged(unseen, { someUnseen: true, holders: [motion] }), 'holder').ok, false);
});

const docker = { place: { kind: 'container', engine: 'docker' } } as const;
for (const [what, facts, seen, isRead, ok, text, remedy] of [
  ['free, for all is seen', { opens: null }, {}, false, true, /^is free$/, /^$/],
  ['free, for its driver is not in use', {}, { someUnseen: true }, false, true, /^is free$/, /^$/],
  ['free in a container, for its driver is not in use', {}, docker, false, true, /^is free$/, /^$/],
  ['not known', { opens: null }, { someUnseen: true }, false, null, /as far as we see/, /sudo -E npm run doctor/],
  ['not known in a container', { opens: null }, docker, false, null, /as far as we see/, /On the host, run `sudo fuser -v \/dev\/video0`/],
  ['in use, but by whom', { opens: 1 }, { someUnseen: true }, false, null, /may be open/, /sudo -E npm run doctor/],
  ['in use by a service', {}, { holders: [motion] }, false, false, /motion \(pid 812, user motion\)/, /systemctl stop motion.service/],
  ['in use by a program', {}, { holders: [{ ...motion, unit: null }] }, false, false, /pid 812/, /`sudo kill 812`/],
  ['refused as busy', { said: { failed: 'errno', errno: 'EBUSY', said: 'busy' } }, {}, false, false, /another program/, /Close the other/],
  ['an onlooker', {}, { holders: [{ ...motion, command: 'pipewire', unit: null }] }, false, null, /seldom keeps/, /kill 812/],
  ['ours, says the bus', {}, { holders: [motion] }, true, true, /HomeGuard's camera service$/, /^$/],
  ['ours, says its parent', { homeGuards: [812] }, { holders: [motion] }, false, true, /HomeGuard.*\(ffmpeg, pid 812\)/, /^$/],
] as const) {
  test(`holder: ${what}`, () => {
    const found = one(judged(facts as Partial<DeviceFacts>, seen as Partial<Scene>, isRead), 'holder');
    assert.equal(found.ok, ok);
    assert.match(found.text, text);
    assert.match(found.remedy ?? '', remedy);
  });
}

for (const [speed, port, text, ok] of [
  [1.5, '2', /^has USB 1 \(1.5 Mb\/s\), port 2, .*too slow/, null],
  [12, '2', /^has USB 1 \(12 Mb\/s\), port 2, .*too slow/, null],
  [480, '2', /^has USB 2 \(480 Mb\/s\), port 2, 046d:085c$/, true],
  [480, '1.4.2', /port 1.4.2 behind hubs 1 and 1.4,/, true],
  [5000, '2', /^has USB 3 \(5 Gb\/s\)/, true],
  [null, '2', /^has USB, port 2,/, true],
] as const) {
  test(`USB at ${speed} Mb/s, port ${port}`, () => {
    const found = one(judged({ usb: { id: '046d:085c', speed, port, autosuspend: false } }), 'usb');
    assert.match(found.text, text);
    assert.equal(found.ok, ok);
  });
}

test('two cameras on one USB 2 bus are worth knowing, with what would fit', () => {
  const shared = on(judged({}, { sharers: ['HD Webcam'], fits: { width: 640, height: 480, fps: 30 } }), 'usb')[1];
  assert.deepEqual([shared?.ok, shared?.text], [null, 'shares its bus with HD Webcam']);
  assert.match(shared?.remedy ?? '', /CAMERA_SIZE=640x480/);
  const usb = { id: '046d:085c', speed: 5000, port: '2', autosuspend: false };
  assert.equal(on(judged({ usb }, { sharers: ['HD Webcam'] }), 'usb').length, 1);
});

test('what the kernel says of the camera; that it was unplugged before is no fault of now', () => {
  const kernel = ['usb 1-1.4: reset high-speed USB device number 5 using xhci_hcd', 'hwmon hwmon1: Undervoltage detected!'];
  const found = one(judged({}, { kernel, os: 'raspberry-pi' }), 'kernel');
  assert.deepEqual([found.ok, found.text], [null, 'has the kernel say: hwmon hwmon1: Undervoltage detected!']);
  assert.match(found.remedy ?? '', /power supply/);
  assert.deepEqual(on(judged({}, { kernel: ['usb 1-1.4: USB disconnect, device number 5'] }), 'kernel'), []);
});

test('cameras without a use, nodes that are none, and a camera on the ribbon cable', () => {
  const spare = [{ path: '/dev/video2', name: 'HD Webcam' }];
  const codec = (n: number) => ({ path: `/dev/video${n}`, name: `bcm2835-codec-decode${n}`, isFirst: true });
  const second = { path: '/dev/video1', name: 'C922', isFirst: false };
  const unicam = { path: '/dev/video4', name: 'unicam-image', isFirst: true };
  assert.deepEqual(judgeOthers([], []), []);
  const findings = judgeOthers(spare, [second, codec(10), codec(11), unicam]);
  assert.deepEqual(
    findings.map(({ ok, subject, text }) => [ok, subject, text]),
    [
      [true, '/dev/video2', 'HD Webcam, which no camera of the settings uses'],
      [true, 'others', 'are no cameras: 1 second node of a camera, 2 bcm2835-codec, 1 unicam-image'],
      [null, '/dev/video4', 'is a camera on the ribbon cable, which HomeGuard cannot read itself: it reads USB cameras'],
    ],
  );
});

const camera: CameraFacts = {
  id: 'front',
  source: { kind: 'first', orTest: false },
  label: 'device',
  isOff: false,
  wanted: { size: { width: 1280, height: 720 }, fps: 30 },
  device,
  absent: null,
  scene,
};
const meant = (facts: Partial<CameraFacts>, before: CameraFacts[] = []) => judgeCamera({ ...camera, ...facts }, before);

test('what a camera of the settings means', () => {
  const raw = { ...webcam, formats: webcam.formats.slice(0, 1) };
  const cases: [Partial<CameraFacts>, string][] = [
    [{}, 'is /dev/video0, taken in 1280x720 at 30, copied'],
    [
      { wanted: { size: { width: 1600, height: 900 }, fps: 10 } },
      'is /dev/video0, taken in 1920x1080 at 15 (the nearest to 1600x900 at 10), copied',
    ],
    [{ device: { ...device, said: raw } }, 'is /dev/video0, taken in 640x480 at 30 (the nearest to 1280x720 at 30), encoded from YUYV'],
    [{ device: { ...device, said: null } }, 'is /dev/video0'],
    [{ source: { kind: 'test' }, device: null }, "is ffmpeg's test picture"],
    [{ source: { kind: 'file', path: 'a.mp4' }, label: 'a.mp4', device: null }, 'is the video file a.mp4'],
    [
      { source: { kind: 'url', url: 'rtsp://u:geheim@hub/1' }, label: 'rtsp://hub/1', device: null },
      'is the network camera rtsp://hub/1, which is not asked here',
    ],
  ];
  for (const [facts, text] of cases) {
    const [found, ...more] = meant(facts);
    assert.deepEqual([found?.ok, found?.subject, found?.text, more.length], [true, 'front', text, 0]);
  }
});

test('a camera that means nothing says so in the words of the service', () => {
  const [found] = meant({ device: null, absent: '/dev/video7 is not there', scene: NO_SCENE });
  assert.deepEqual([found?.ok, found?.text], [false, 'has no device: /dev/video7 is not there']);
  assert.match(found?.remedy ?? '', /Plug in the camera/);
  const boxed = { place: { kind: 'container', engine: 'docker' } } as const;
  const [hidden] = meant({ device: null, absent: 'no camera was found', scene: { ...NO_SCENE, ...boxed, hidden: ['video0'] } });
  assert.match(hidden?.text ?? '', /though the kernel has video0/);
  assert.match(hidden?.remedy ?? '', /compose.yaml/);
});

test('a file that cannot be read, two cameras on one device, one that is switched off', () => {
  const absent = 'CAMERA_SOURCE names /f, which cannot be read (ENOENT): name a video file, a device or an address';
  const [file] = meant({ source: { kind: 'file', path: '/f' }, device: null, absent });
  assert.deepEqual(
    [file?.ok, file?.text, file?.remedy],
    [false, 'has no picture: CAMERA_SOURCE names /f, which cannot be read (ENOENT)', 'Name a video file, a device or an address.'],
  );
  const [second] = meant({ id: 'door' }, [camera]);
  assert.deepEqual([second?.ok, second?.text], [false, 'means the same device as front: /dev/video0']);
  const off = meant({ isOff: true });
  assert.deepEqual(
    off.map(({ ok, text }) => [ok, text]),
    [
      [false, 'is switched off'],
      [true, 'is /dev/video0, taken in 1280x720 at 30, copied'],
    ],
  );
});
