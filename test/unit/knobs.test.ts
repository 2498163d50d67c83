import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Camera } from '../../services/gateway/camera.ts';
import { checkKnobs, namesOf } from '../../services/gateway/knobs.ts';
import type { Knobs } from '../../services/shared/knob.ts';

const knobs: Knobs = {
  capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' },
  fps: { type: 'number', label: 'Frames a second', value: 15, default: 30, min: 1, max: 30, step: 1, unit: 'fps' },
  resolution: { type: 'select', label: 'Size', value: '640x480', default: '1280x720', options: ['640x480', '1280x720'] },
  'controls/name': { type: 'text', label: 'Name', value: 'a', default: '', maxLength: 8 },
  'controls/exposure_time': { type: 'number', label: 'Exposure', value: 5, default: 5, min: -5, max: 10, step: 5, inactive: true },
  restart: { type: 'button', label: 'Restart' },
  'controls/firmware': { type: 'text', label: 'Firmware', value: '7', default: '7', maxLength: 8, readOnly: true },
};

test('knobs of every kind come through as they are', () => {
  assert.deepEqual(checkKnobs(JSON.parse(JSON.stringify(knobs))), knobs);
});

test('what is no knob is dropped, and the others stay', () => {
  const { fps } = knobs;
  const bad = {
    capture: { type: 'switch', label: 'Capture', value: 'MAYBE', default: 'ON' },
    resolution: { type: 'select', label: 'Size', value: '1x1', default: '1x1', options: '1x1' },
    quality: { ...fps, min: 'low' },
    'controls/endless': { ...fps, max: Number.POSITIVE_INFINITY },
    snapshot: null,
    restart: [],
    reset: { type: 'lever', label: 'Reset' },
    'controls/long': { type: 'button', label: 'x'.repeat(10_000) },
    'controls/many': { type: 'select', label: 'Many', value: 'a', default: 'a', options: Array(1_000).fill('a') },
    'controls/UPPER': fps,
    'controls/a/b': fps,
    frame: fps,
    '#': fps,
    __proto__x: fps,
  };
  assert.deepEqual(checkKnobs({ ...bad, fps }), { fps });
});

test('what was added to a knob is left away', () => {
  assert.deepEqual(checkKnobs({ fps: { ...knobs.fps, script: '<b>' } }), { fps: knobs.fps });
});

test('no more than 256 of them', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`controls/c${i}`, { type: 'button', label: 'B' }]));
  assert.equal(Object.keys(checkKnobs(many) ?? {}).length, 256);
});

test('anything at all in the place of settings does no harm', () => {
  for (const value of [undefined, null, 5, 'fps', [], [knobs.fps]]) assert.equal(checkKnobs(value), undefined);
  const anything = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('fps', 'capture', 'controls/x', '__proto__'), fc.jsonValue()));
  fc.assert(
    fc.property(anything, (settings) => {
      const camera = new Camera('front');
      assert.ok(camera.setState(JSON.stringify({ condition: 'live', settings })));
      for (const knob of Object.values(camera.view(null).settings)) assert.equal(typeof knob.label, 'string');
    }),
  );
});

test('the names of what a camera takes: its knobs, and the buttons each has', () => {
  assert.deepEqual(namesOf({ fps: { type: 'button', label: '' }, restart: { type: 'button', label: '' } }), [
    'fps',
    'restart',
    'snapshot',
    'reset',
  ]);
});
