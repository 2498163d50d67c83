import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose, type Failure, noDevice, noFrames, noPictures } from '../../services/camera/diagnosis.ts';
import { CONDITIONS } from '../../services/shared/contract.ts';

const device: Failure = {
  kind: 'device',
  label: '/dev/video0',
  code: 1,
  lines: [],
  access: 'uid 1000, groups 1000; the device is root:44 0660',
};
const v4l2 = '[video4linux2,v4l2 @ 0x55d0c8a0f6c0] ';

/** What ffmpeg 7.1 and 5.1 said on real drivers (FINDINGS), and what it means. */
const devices: [string, number | null, string[], string][] = [
  [
    'unplugged, 7.1',
    0,
    [`${v4l2}ioctl(VIDIOC_DQBUF): No such device`, '[in#0/video4linux2,v4l2 @ 0x5] Error during demuxing: No such device'],
    'no-device',
  ],
  ['unplugged, 5.1', 0, ['/dev/video0: No such device'], 'no-device'],
  ['not there, 7.1', 254, [`${v4l2}Cannot open video device /dev/video0: No such file or directory`], 'no-device'],
  ['not there, 5.1', 1, [`${v4l2}Cannot open video device /dev/video0: No such file or directory`], 'no-device'],
  ['not there, by code', 254, [], 'no-device'],
  ['EACCES, 7.1', 243, [`${v4l2}Cannot open video device /dev/video0: Permission denied`], 'permission-denied'],
  ['EACCES, 5.1', 1, [`${v4l2}Cannot open video device /dev/video0: Permission denied`], 'permission-denied'],
  ['EBUSY, 7.1', 240, ['[in#0 @ 0x5] Error opening input: Device or resource busy'], 'device-busy'],
  ['EBUSY, 5.1', 1, ['/dev/video0: Device or resource busy'], 'device-busy'],
  ['no bandwidth, 7.1', 228, [`${v4l2}ioctl(VIDIOC_STREAMON): No space left on device`], 'no-usb-bandwidth'],
  [
    'no bandwidth, 5.1',
    1,
    [`${v4l2}ioctl(VIDIOC_STREAMON): No space left on device`, '/dev/video0: No space left on device'],
    'no-usb-bandwidth',
  ],
  ['metadata node', 231, [`${v4l2}ioctl(VIDIOC_G_INPUT): Inappropriate ioctl for device`], 'bad-format'],
  ['no MJPEG', 234, [`${v4l2}Cannot find a proper format for codec 'mjpeg' (id 7), pixel format 'none' (id -1)`], 'bad-format'],
  ['no ffmpeg any more', 127, ['setpriv: failed to execute ffmpeg: No such file or directory'], 'source-failed'],
  ['crashed', null, [], 'source-failed'],
  ['healthy end', 0, ['Some buffers are still owned by the caller on close.', 'ioctl(VIDIOC_QBUF): Bad file descriptor'], 'source-failed'],
];

test('each end of a device is named, with both versions of ffmpeg', () => {
  for (const [what, code, lines, condition] of devices) {
    const diagnosis = diagnose({ ...device, code, lines });
    assert.equal(diagnosis.condition, condition, what);
    assert.doesNotMatch(diagnosis.cause, /0x5|still owned|\[/, what);
  }
});

test('EACCES tells who we are and whose the device is', () => {
  const { cause } = diagnose({ ...device, code: 243 });
  assert.equal(cause, 'EACCES on /dev/video0: uid 1000, groups 1000; the device is root:44 0660');
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
  ];
  for (const [line, advice] of said) {
    const diagnosis = diagnose({ kind: 'url', label: 'http://10.0.0.2/', code: 1, lines: [line], access: null });
    assert.equal(diagnosis.condition, 'source-failed', line);
    assert.match(diagnosis.advice, advice, line);
  }
});

test('what has no video is a bad format, a file that cannot be read a failed source', () => {
  const file: Failure = { kind: 'file', label: '/srv/film', code: 1, lines: [], access: null };
  const conditionOf = (line: string) => diagnose({ ...file, lines: [line] }).condition;
  assert.equal(conditionOf('file:/srv/film: Invalid data found when processing input'), 'bad-format');
  assert.equal(conditionOf("Stream map '0:V:0' matches no streams."), 'bad-format');
  assert.equal(conditionOf('file:/srv/film: No such file or directory'), 'source-failed');
});

test('every diagnosis has a known condition, a cause, and advice that is one sentence', () => {
  const all = [
    ...devices.map(([, code, lines]) => diagnose({ ...device, code, lines })),
    ...(['device', 'file', 'url', 'test'] as const).map((kind) => diagnose({ ...device, kind, lines: ['something new'] })),
    noDevice('no camera was found'),
    noFrames('device', '/dev/video0', 5),
    noPictures('url', 'http://10.0.0.2/', 'cut off'),
  ];
  for (const { condition, cause, advice } of all) {
    assert.ok(CONDITIONS.includes(condition));
    assert.ok(cause.length > 10);
    assert.match(advice, /^[A-Z][^\n]*\.$/);
  }
});
