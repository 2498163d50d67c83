import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose, type Failure, noDevice, noFrames, noPictures } from '../../services/camera/trouble/diagnosis.ts';
import { NO_SCENE, type Scene } from '../../services/camera/trouble/scene.ts';
import { CONDITIONS } from '../../services/shared/contract.ts';

const scene: Scene = {
  ...NO_SCENE,
  us: { uid: 1000, user: 'pi', gid: 1000, groups: [27], memberOf: [1000, 27] },
  node: { path: '/dev/video0', uid: 0, owner: 'root', gid: 44, group: 'video', mode: 0o660, major: 81, minor: 0 },
};
const device: Failure = { kind: 'device', label: '/dev/video0', code: 1, lines: [], scene };
const v4l2 = '[video4linux2,v4l2 @ 0x55d0c8a0f6c0] ';
const openError = '[in#0 @ 0x5] Error opening input: ';

/** What ffmpeg 7.1 and 5.1 said on real drivers (FINDINGS), and what it means. */
const devices: [string, number | null, string[], string, RegExp][] = [
  [
    'unplugged, 7.1',
    0,
    [`${v4l2}ioctl(VIDIOC_DQBUF): No such device`, '[in#0/video4linux2,v4l2 @ 0x5] Error during demuxing: No such device'],
    'no-device',
    /is not there any more/,
  ],
  ['unplugged, 5.1', 0, ['/dev/video0: No such device'], 'no-device', /is not there any more/],
  ['not there, 7.1', 254, [`${v4l2}Cannot open video device /dev/video0: No such file or directory`], 'no-device', /not there/],
  ['not there, 5.1', 1, [`${v4l2}Cannot open video device /dev/video0: No such file or directory`], 'no-device', /not there/],
  ['not there, by code', 254, [], 'no-device', /not there/],
  ['no device behind the node', 1, ['/dev/video0: No such device or address'], 'no-device', /not there/],
  ['EACCES, 7.1', 243, [`${v4l2}Cannot open video device /dev/video0: Permission denied`], 'permission-denied', /^EACCES on/],
  ['EACCES, 5.1', 1, [`${v4l2}Cannot open video device /dev/video0: Permission denied`], 'permission-denied', /^EACCES on/],
  ['EACCES, by code', 243, [], 'permission-denied', /^EACCES on/],
  ['EPERM, 7.1', 255, [`${v4l2}Cannot open video device /dev/video0: Operation not permitted`], 'permission-denied', /^EPERM on/],
  ['EPERM, 5.1', 1, [`${v4l2}Cannot open video device /dev/video0: Operation not permitted`], 'permission-denied', /^EPERM on/],
  ['told to end, 7.1', 255, ['Exiting normally, received signal 15.'], 'source-failed', /received signal/],
  ['EBUSY, 7.1', 240, [`${openError}Device or resource busy`], 'device-busy', /^EBUSY on .*in use by another program$/],
  ['EBUSY, 5.1', 1, ['/dev/video0: Device or resource busy'], 'device-busy', /^EBUSY on/],
  ['no bandwidth, 7.1', 228, [`${v4l2}ioctl(VIDIOC_STREAMON): No space left on device`], 'no-usb-bandwidth', /^ENOSPC on .*no room/],
  [
    'no bandwidth, 5.1',
    1,
    [`${v4l2}ioctl(VIDIOC_STREAMON): No space left on device`, '/dev/video0: No space left on device'],
    'no-usb-bandwidth',
    /^ENOSPC on/,
  ],
  ['no bandwidth, by code', 228, [], 'no-usb-bandwidth', /^ENOSPC on/],
  ['metadata node, by code', 231, [], 'bad-format', /metadata/],
  ['metadata node, 7.1', 231, [`${v4l2}ioctl(VIDIOC_G_INPUT): Inappropriate ioctl for device`], 'bad-format', /metadata/],
  ['metadata node, 5.1', 1, ['/dev/video1: Inappropriate ioctl for device'], 'bad-format', /metadata/],
  ['a decoder, 7.1', 237, [`${v4l2}Not a video capture device.`, `${openError}No such device`], 'bad-format', /gives no pictures/],
  ['a decoder, 5.1', 1, [`${v4l2}Not a video capture device.`, '/dev/video10: No such device'], 'bad-format', /gives no pictures/],
  [
    'no MJPEG, 7.1',
    234,
    [`${v4l2}Cannot find a proper format for codec 'mjpeg' (id 7), pixel format 'none' (id -1)`, `${openError}Invalid argument`],
    'bad-format',
    /offers no format.*codec 'mjpeg'/,
  ],
  [
    'no MJPEG, 5.1',
    1,
    [`${v4l2}Cannot find a proper format for codec 'mjpeg' (id 7), pixel format 'none' (id -1)`, '/dev/video0: Invalid argument'],
    'bad-format',
    /offers no format/,
  ],
  ['USB trouble, 7.1', 251, [`${v4l2}ioctl(VIDIOC_STREAMON): Input/output error`], 'source-failed', /Input\/output error$/],
  ['no ffmpeg any more', 127, ['setpriv: failed to execute ffmpeg: No such file or directory'], 'source-failed', /cannot be started/],
  ['no ffmpeg at all', null, ['spawn ffmpeg ENOENT'], 'source-failed', /cannot be started/],
  [
    'half an ffmpeg',
    127,
    ['ffmpeg: error while loading shared libraries: libavdevice.so.59: cannot open shared object file: No such file or directory'],
    'source-failed',
    /cannot be started/,
  ],
  ['no room for it', null, ['spawn setpriv EAGAIN'], 'source-failed', /cannot be started/],
  ['too old', 1, ["Unrecognized option 'fps_mode'.", 'Error splitting the argument list: Option not found'], 'source-failed', /'fps_mode'/],
  ['built without v4l2', 1, ["Unknown input format: 'v4l2'"], 'source-failed', /too old or lacks a part/],
  ['built without mpjpeg, 7.1', 234, ["[AVFormatContext @ 0x5] Requested output format 'mpjpeg' is not known."], 'source-failed', /lacks/],
  ['crashed', null, [], 'source-failed', /: ffmpeg was killed$/],
  ['crashed with a word', null, ['[mjpeg @ 0x5] Assertion failed'], 'source-failed', /: Assertion failed$/],
  ['dies at once', 7, [], 'source-failed', /: ffmpeg ended with code 7$/],
  [
    'healthy end',
    0,
    ['Some buffers are still owned by the caller on close.', 'ioctl(VIDIOC_QBUF): Bad file descriptor'],
    'source-failed',
    /: ffmpeg ended with code 0$/,
  ],
];

test('each end of a device is named, with both versions of ffmpeg', () => {
  for (const [what, code, lines, condition, cause] of devices) {
    const diagnosis = diagnose({ ...device, code, lines });
    assert.equal(diagnosis.condition, condition, what);
    assert.match(diagnosis.cause, cause, what);
    assert.doesNotMatch(diagnosis.cause, /0x5|still owned|\[/, what);
  }
});

test('EACCES and EPERM tell who we are and whose the device is', () => {
  const who = 'on /dev/video0: uid 1000, groups 1000 27; the device is root:44 0660';
  assert.equal(diagnose({ ...device, code: 243 }).cause, `EACCES ${who}`);
  assert.equal(diagnose({ ...device, lines: ['Operation not permitted'] }).cause, `EPERM ${who}`);
  assert.match(diagnose({ ...device, code: 243 }).advice, /`sudo usermod -aG video pi`/);
  assert.match(diagnose({ ...device, lines: ['Operation not permitted'] }).advice, /dmesg/);
});

test('EBUSY names who has the device', () => {
  const ffmpeg = { pid: 812, command: 'ffmpeg', user: 'pi', unit: null, isOurs: false };
  const busy = (holders: Scene['holders']) => diagnose({ ...device, code: 240, scene: { ...scene, holders } });
  assert.equal(busy([ffmpeg]).cause, 'EBUSY on /dev/video0: in use by ffmpeg (pid 812, user pi)');
  assert.match(busy([ffmpeg]).advice, /`kill 812`/);
  const vlc = { ...ffmpeg, pid: 9, command: 'vlc', user: null };
  assert.equal(busy([ffmpeg, vlc]).cause, 'EBUSY on /dev/video0: in use by ffmpeg (pid 812, user pi) and vlc (pid 9)');
});

test('the kernel has its say where the device fails, falls silent or is gone, and not where all is clear without it', () => {
  const line = 'usb 1-1.4: device descriptor read/64, error -71';
  const heard = { ...scene, kernel: [line] };
  const told = [
    diagnose({ ...device, scene: heard, lines: ['Input/output error'] }),
    diagnose({ ...device, scene: heard, code: 254 }),
    diagnose({ ...device, scene: heard, code: null }),
    noDevice('no camera was found', heard),
    noFrames('device', '/dev/video0', 5, heard),
    noPictures('device', '/dev/video0', 'cut off', heard),
  ];
  for (const { cause, advice } of told) {
    assert.ok(cause.endsWith(`; the kernel says: ${line}`), cause);
    assert.match(advice, /another cable/);
  }
  assert.doesNotMatch(diagnose({ ...device, scene: heard, code: 240 }).cause, /kernel/);
});

test('a device that the kernel has and we have not is to be handed in', () => {
  const { condition, cause, advice } = noDevice('no camera was found', {
    ...scene,
    place: { kind: 'container', engine: 'docker' },
    hidden: ['video0'],
  });
  assert.deepEqual([condition, cause], ['no-device', 'no camera was found, though the kernel has video0']);
  assert.match(advice, /`"\/dev:\/dev:ro"`/);
});

test('ffmpeg that the kernel killed for its memory says so; another program that it killed does not count', () => {
  const killed = (line: string) => diagnose({ ...device, code: null, scene: { ...scene, kernel: [line] } });
  const ours = killed('Out of memory: Killed process 812 (ffmpeg) total-vm:90000kB');
  assert.match(ours.cause, /^\/dev\/video0: ffmpeg was killed; the kernel says: Out of memory/);
  assert.match(ours.advice, /memory/);
  assert.equal(killed('Out of memory: Killed process 813 (chromium)').cause, '/dev/video0: ffmpeg was killed');
});

test('network sources tell what is wrong with the address', () => {
  const said: [string, RegExp][] = [
    ['[tcp @ 0x1] Connection to tcp://10.0.0.2:554?timeout=5000000 failed: Connection refused', /switched on/],
    ['http://10.0.0.2/: Connection timed out', /switched on/],
    ['[tcp @ 0x56404040134010] Connection refused', /switched on/],
    ['[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized', /user and password/],
    ['http://10.0.0.2/: Server returned 403 Forbidden (access denied)', /user and password/],
    ['[http @ 0x1] HTTP error 404 Not Found', /path/],
    ['[tcp @ 0x1] Failed to resolve hostname nobody.invalid: Name or service not known', /name/],
    ['Operation not permitted', /VLC/],
  ];
  for (const [line, advice] of said) {
    const diagnosis = diagnose({ kind: 'url', label: 'http://10.0.0.2/', code: 1, lines: [line], scene: NO_SCENE });
    assert.equal(diagnosis.condition, 'source-failed', line);
    assert.match(diagnosis.advice, advice, line);
  }
});

test('what has no video is a bad format, a file that cannot be read a failed source', () => {
  const file: Failure = { kind: 'file', label: '/srv/film', code: 1, lines: [], scene: NO_SCENE };
  const conditionOf = (line: string) => diagnose({ ...file, lines: [line] }).condition;
  assert.equal(conditionOf('file:/srv/film: Invalid data found when processing input'), 'bad-format');
  assert.equal(conditionOf("Stream map '0:V:0' matches no streams."), 'bad-format');
  assert.equal(conditionOf('file:/srv/film: No such file or directory'), 'source-failed');
  // What a network source would mean by it.
  assert.equal(diagnose({ ...file, lines: ['Connection refused'] }).cause, '/srv/film: Connection refused');
});

test('every diagnosis has a known condition, a cause, and advice that is one sentence', () => {
  const kinds = ['device', 'file', 'url', 'test'] as const;
  const all = [
    ...devices.map(([, code, lines]) => diagnose({ ...device, code, lines })),
    ...kinds.map((kind) => diagnose({ ...device, kind, lines: ['something new'] })),
    noDevice('no camera was found', NO_SCENE),
    ...kinds.map((kind) => noFrames(kind, '/dev/video0', 5, NO_SCENE)),
    ...kinds.map((kind) => noPictures(kind, 'http://10.0.0.2/', 'cut off', NO_SCENE)),
  ];
  for (const { condition, cause, advice } of all) {
    assert.ok(CONDITIONS.includes(condition));
    assert.ok(cause.length > 10);
    assert.match(advice, /^[A-Z][^\n]*\.$/);
  }
});
