import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMode } from '../../services/camera/device/mode.ts';
import { absence, knobsOf, type Subject } from '../../services/camera/knobs/knobs.ts';
import { readSnapshotCommand } from '../../services/camera/knobs/snapshot-command.ts';
import { slowness } from '../../services/camera/trouble/low-light.ts';

const wanted = { size: { width: 1280, height: 720 }, fps: 30, quality: 90 };
const formats = [
  {
    fourcc: 'MJPG',
    sizes: [
      { width: 640, height: 480, rates: [60, 30] },
      { width: 1280, height: 720, rates: [30, 15] },
    ],
  },
];
const none: Subject = {
  kind: 'device',
  capture: 'ON',
  mode: null,
  givenMode: null,
  wanted,
  given: wanted,
  formats: [],
  controls: [],
  format: null,
};
const format = { pixel: 'MJPG', width: 1280, height: 720, fps: 30, encoded: false };

test('a device that was asked offers its sizes and rates, with what is taken and what the environment would take', () => {
  const given = { ...wanted, size: { width: 600, height: 500 }, fps: 50 };
  const subject = { ...none, formats, mode: chooseMode(formats, wanted), given, givenMode: chooseMode(formats, given) };
  const { fps, resolution, quality, capture } = knobsOf(subject);
  assert.deepEqual(resolution, {
    type: 'select',
    label: 'Resolution',
    value: '1280x720',
    default: '640x480',
    options: ['640x480', '1280x720'],
  });
  assert.deepEqual(fps, { type: 'number', label: 'Frame rate', unit: 'fps', step: 1, value: 30, default: 60, min: 1, max: 30 });
  assert.equal(quality, undefined);
  assert.deepEqual(capture, { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' });
});

test('a source with a size and rate of its own only tells them; what is encoded has a quality', () => {
  const file = knobsOf({ ...none, kind: 'file', format: { ...format, width: 640, height: 480, fps: 24.6, encoded: true } });
  assert.deepEqual([file.resolution?.type === 'select' && file.resolution.value, file.resolution?.readOnly], ['640x480', true]);
  assert.deepEqual([file.fps?.type === 'number' && file.fps.value, file.fps?.readOnly], [25, true]);
  assert.equal(file.quality?.type, 'number');
  const test = knobsOf({ ...none, kind: 'test', wanted: { ...wanted, size: { width: 800, height: 600 } } });
  assert.equal(test.quality?.type, 'number');
  assert.equal(test.resolution?.type === 'select' && test.resolution.options.includes('1280x720'), true);
});

test('what is not there says why', () => {
  assert.match(absence('quality'), /makes its JPEG pictures itself/);
  assert.match(absence('controls/gain'), /no control "gain"/);
  assert.match(absence('colour'), /no setting "colour"/);
});

test('fewer frames than promised are told, with the control that causes it where there is one', () => {
  const mode = chooseMode(formats, wanted);
  const slow = { ...format, fps: 15 };
  const isOn = (name: string) => ({ [name]: { type: 'switch', label: '', value: 'ON', default: 'ON' } as const });
  assert.equal(slowness(format, mode, {}), null);
  assert.equal(slowness({ ...format, fps: 25 }, mode, {}), null);
  assert.equal(slowness(slow, null, {}), null);
  assert.match(slowness(slow, mode, {})?.advice ?? '', /another USB port/);
  for (const name of ['controls/exposure_dynamic_framerate', 'controls/exposure_auto_priority']) {
    assert.match(slowness(slow, mode, isOn(name))?.advice ?? '', new RegExp(`set ${name} to OFF`));
  }
  assert.match(slowness(slow, mode, isOn('controls/other'))?.advice ?? '', /another USB port/);
});

test('a snapshot is wished for with or without a size, as text or JSON, with or without an id', () => {
  for (const text of ['', 'PRESS', '{}', '{"size":null,"id":null}']) assert.deepEqual(readSnapshotCommand(text), { size: null }, text);
  const size = { width: 1920, height: 1080 };
  for (const text of ['1920x1080', ' 1920 x 1080 ', '1920X1080', '1920×1080', '{"size":"1920x1080"}']) {
    assert.deepEqual(readSnapshotCommand(text), { size }, text);
  }
  assert.deepEqual(readSnapshotCommand('{"size":"1920x1080","id":"abc"}'), { size, id: 'abc' });
  assert.deepEqual(readSnapshotCommand('{"id":"Haustür 7"}'), { size: null, id: 'Haustür 7' });
  for (const id of ['', 'x'.repeat(65), 'a\nb', 'a\u0000b', '\ud800', 7, {}, ['a'], true]) {
    const { refused, id: told } = readSnapshotCommand(JSON.stringify({ id })) as { refused: string; id?: string };
    assert.match(refused, /id of a snapshot is a text of 1 to 64 characters/, JSON.stringify(id));
    assert.equal(told, undefined);
  }
  assert.equal(readSnapshotCommand('{"size":"big","id":"abc"}').id, 'abc', 'a refusal has its id, too');
  for (const text of ['0x0', '99999x1', '{"size":"big"}', '{"size":5}', '{"size":{"toString":null}}', '{"size":', '1x1']) {
    assert.match((readSnapshotCommand(text) as { refused: string }).refused, /such as 1920x1080/, text);
  }
});
