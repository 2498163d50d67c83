import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_SCENE, type Scene } from '../../services/camera/trouble/scene.ts';
import { judgePrograms, type Needs } from '../../services/doctor/program-findings.ts';
import type { Program, Programs } from '../../services/doctor/programs.ts';

const here = (version: string): Program => ({ version });
const missing: Program = { failed: 'missing', said: '' };
const all: Programs = { ffmpeg: here('5.1.9-0+deb12u1'), v4l2ctl: here('1.22.1'), setpriv: here('util-linux 2.38.1'), node: 'v24.21.0' };
const none: Needs = { encoding: false, rtsp: false };
const inDocker: Scene = { ...NO_SCENE, place: { kind: 'container', engine: 'docker' } };

test('what is there is told with its version, setpriv only when it is missing', () => {
  const told = judgePrograms(all, none, NO_SCENE).map(({ ok, subject, text }) => `${ok} ${subject} ${text}`);
  assert.deepEqual(told, ['true ffmpeg 5.1.9-0+deb12u1', 'true v4l2-ctl 1.22.1', 'true node v24.21.0']);
});

for (const [version, needs, ok] of [
  ['5.1.9-0+deb12u1', { encoding: true, rtsp: true }, true],
  ['7.1.1-1+b1', { encoding: true, rtsp: true }, true],
  ['n6.0', { encoding: true, rtsp: true }, true],
  ['N-109542-g5d9bb2d0b2', { encoding: true, rtsp: true }, true],
  ['5.0.1', none, null],
  ['5.0.1', { encoding: false, rtsp: true }, null],
  ['5.0.1', { encoding: true, rtsp: false }, false],
  ['4.3.8-0+deb11u3', none, null],
  ['4.3.8-0+deb11u3', { encoding: false, rtsp: true }, false],
  ['4.4.2-0ubuntu0.22.04.1', { encoding: true, rtsp: false }, false],
] as const) {
  test(`ffmpeg ${version}, ${needs.encoding ? 'encoding' : 'copying'}${needs.rtsp ? ', rtsp' : ''}: ${ok}`, () => {
    const [ffmpeg] = judgePrograms({ ...all, ffmpeg: here(version) }, needs, NO_SCENE);
    assert.equal(ffmpeg?.ok, ok);
    assert.equal(ffmpeg?.remedy === null, ok === true);
  });
}

test('without ffmpeg no picture comes; without the others it does', () => {
  const findings = judgePrograms({ ...all, ffmpeg: missing, v4l2ctl: missing, setpriv: missing }, none, NO_SCENE);
  assert.deepEqual(
    findings.map(({ ok, subject }) => [subject, ok]),
    [
      ['ffmpeg', false],
      ['v4l2-ctl', null],
      ['setpriv', null],
      ['node', true],
    ],
  );
  assert.match(findings[0]?.remedy ?? '', /`sudo apt-get install ffmpeg`/);
  assert.equal(findings[1]?.remedy, 'Install it: `sudo apt-get install v4l-utils`.');
});

test('one that does not run says its own words', () => {
  const said = 'error while loading shared libraries: libavdevice.so.59';
  const [ffmpeg] = judgePrograms({ ...all, ffmpeg: { failed: 'broken', said } }, none, NO_SCENE);
  assert.deepEqual([ffmpeg?.ok, ffmpeg?.text], [false, `does not run: ${said}`]);
});

test('nobody is sent to apt-get in a container', () => {
  for (const { remedy } of judgePrograms({ ...all, ffmpeg: missing, v4l2ctl: missing, setpriv: missing }, none, inDocker)) {
    assert.doesNotMatch(remedy ?? '', /apt-get|sudo/);
  }
});
