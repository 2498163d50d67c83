import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Examination } from '../../services/doctor/examine.ts';
import { type Finding, fault, hint, well } from '../../services/doctor/finding.ts';
import type { Machine } from '../../services/doctor/machine.ts';
import { judgePower } from '../../services/doctor/power-findings.ts';
import { printed } from '../../services/doctor/print.ts';
import { judgeSettings } from '../../services/doctor/settings-findings.ts';
import { verdict } from '../../services/doctor/verdict.ts';

const machine: Machine = {
  model: 'Raspberry Pi 4 Model B Rev 1.4',
  system: 'Debian GNU/Linux 12 (bookworm), Linux 6.6.31',
  user: 'pi',
  uid: 1000,
  groups: ['pi', 'video'],
  place: { kind: 'plain' },
};
const findings: Finding[] = [
  well('program', 'ffmpeg', '5.1.9'),
  hint('program', 'v4l2-ctl', 'is missing', 'Install it: `sudo apt-get install v4l-utils`.'),
  fault('camera', 'front', 'has no device', 'Plug in the camera.'),
];
const examination: Examination = { ok: false, summary: 'No picture can come.', machine, findings };
const plain = { colours: false, plain: false };

test('one line a finding, aligned, the remedy below', () => {
  assert.equal(
    printed(examination, plain),
    `HomeGuard's doctor on Raspberry Pi 4 Model B Rev 1.4: Debian GNU/Linux 12 (bookworm), Linux 6.6.31
User pi (1000), groups pi video, in no container

✔ program  ffmpeg    5.1.9
!          v4l2-ctl  is missing
           → Install it: \`sudo apt-get install v4l-utils\`.
✘ camera   front     has no device
           → Plug in the camera.

✘ No picture can come.
`,
  );
});

test('the text console has no ticks', () => {
  const lines = printed(examination, { colours: false, plain: true });
  assert.match(lines, /^\+ program/m);
  assert.match(lines, /^x camera/m);
  assert.match(lines, /-> Plug in/);
});

test('colours stand for backticks, too', () => {
  const lines = printed(examination, { colours: true, plain: false });
  assert.ok(lines.includes('\u001b[32m✔\u001b[0m program'));
  assert.ok(lines.includes('\u001b[1msudo apt-get install v4l-utils\u001b[0m.'));
  assert.ok(!lines.includes('`'));
});

test('no name and no remedy of somebody else steers the terminal', () => {
  const evil = fault('device', '/dev/video0', 'a\u001b[2Jb\nc', 'Run `x\u001b]0;y\u0007`.');
  for (const colours of [true, false]) {
    const clean = { ...examination, summary: 'So\u001b[2J.', machine: { ...machine, model: 'A\u001bB' }, findings: [evil] };
    const ours = [0, 1, 31, 32, 33].map((code) => `\u001b[${code}m`);
    const lines = ours.reduce((text, each) => text.replaceAll(each, ''), printed(clean, { colours, plain: false }));
    assert.doesNotMatch(lines.replaceAll('\n', ''), /\p{Cc}/u);
    assert.equal(lines.split('\n').length, 8);
  }
});

test('a long path pushes its own line only', () => {
  const long = well('device', `/tmp/${'x'.repeat(40)}`, 'here');
  const lines = printed({ ...examination, findings: [long, well('device', 'b', 'there')] }, plain).split('\n');
  assert.equal(lines[4], `✔         b${' '.repeat(23)}  there`);
});

test('the verdict: hints keep nothing away; the first fault is told with its remedy', () => {
  const hints = findings.slice(0, 2);
  assert.deepEqual(verdict(hints, 1, 'unknown'), { ok: true, summary: 'A picture can come.' });
  assert.deepEqual(verdict(hints, 2, 'running'), { ok: true, summary: 'Pictures can come.' });
  assert.deepEqual(verdict(hints, 1, 'stopped'), { ok: true, summary: 'A picture can come. HomeGuard does not run now.' });
  assert.deepEqual(verdict(hints, 1, 'showing'), { ok: true, summary: 'The picture comes.' });
  assert.deepEqual(verdict(hints, 2, 'showing'), { ok: true, summary: 'All pictures come.' });
  const guess = [...hints, hint('holder', '/dev/video0', 'may be open', 'Look.')];
  assert.equal(verdict(guess, 1, 'unknown').summary, 'A picture can come, unless a program that we do not see has the camera.');
  assert.equal(verdict(guess, 1, 'showing').summary, 'The picture comes.');
  const faults = [...findings, fault('data', './data', 'is no folder', 'Move it.')];
  assert.deepEqual(verdict(faults, 1, 'unknown'), {
    ok: false,
    summary: 'No picture can come: front has no device. Plug in the camera.',
  });
  assert.match(verdict(faults, 2, 'unknown').summary, /^Not every picture can come: front/);
});

test('faults of the settings are told each by its name, without keys', () => {
  const [fps, url, pair] = judgeSettings([
    'CAMERA_FPS is "0" and has to be a whole number from 1 to 240',
    'CAMERA_SOURCE is "rtps://hub/1?key=geheim" and has to be device',
    'CAMERAS and CAMERA_ID are both set: set one of them',
  ]);
  assert.deepEqual([fps?.ok, fps?.subject, fps?.text], [false, 'CAMERA_FPS', 'is "0" and has to be a whole number from 1 to 240']);
  assert.equal(url?.text, 'is "rtps://hub/1?…" and has to be device');
  assert.deepEqual([pair?.subject, pair?.text], ['CAMERAS', 'and CAMERA_ID are both set: set one of them']);
  assert.deepEqual(
    judgeSettings([]).map(({ ok }) => ok),
    [true],
  );
});

test('too little power is worth knowing', () => {
  assert.deepEqual(judgePower(null, machine), []);
  assert.equal(judgePower(false, machine)[0]?.ok, true);
  const [low] = judgePower(true, machine);
  assert.deepEqual([low?.ok, low?.text], [null, 'gives the Raspberry Pi 4 Model B Rev 1.4 too little (under-voltage)']);
});
