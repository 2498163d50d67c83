import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Control } from '../../services/camera/device/capabilities.ts';
import { parseCapabilities } from '../../services/camera/device/v4l2-text.ts';
import { controlKnob, controlValue } from '../../services/camera/knobs/control-knob.ts';
import { isSettingName, type Knob, readKnob } from '../../services/shared/knob.ts';

const brightness: Control = {
  name: 'brightness',
  type: 'int',
  min: 0,
  max: 255,
  step: 1,
  default: 128,
  value: 100,
  text: null,
  menu: [],
  readOnly: false,
  inactive: false,
};

function menuOf(...texts: string[]): Control {
  const menu = texts.map((text, index) => ({ index, text }));
  return { ...brightness, name: 'power_line_frequency', type: 'menu', max: texts.length - 1, default: 1, value: 1, menu };
}

/** What the control is set to when people write `text`. */
function set(control: Control, text: string): number | string {
  const read = readKnob(controlKnob(control), text);
  return 'text' in read ? controlValue(control, read.text) : assert.fail(read.refused);
}

test('a number, with the unit of those that have one', () => {
  assert.deepEqual(controlKnob(brightness), { label: 'Brightness', type: 'number', value: 100, default: 128, min: 0, max: 255, step: 1 });
  const unit = (name: string) => (controlKnob({ ...brightness, name }) as Knob & { unit?: string }).unit;
  assert.equal(unit('exposure_time_absolute'), '100 µs');
  assert.equal(unit('white_balance_temperature'), 'K');
  assert.equal(unit('pan_absolute'), '″');
  assert.deepEqual([unit('gain'), unit('constructor')], [undefined, undefined]);
  assert.equal(set(brightness, '7'), 7);
  assert.equal(set({ ...brightness, min: -64 }, '-64'), -64);
});

test('a switch', () => {
  const control: Control = { ...brightness, name: 'white_balance_automatic', type: 'bool', max: 1, default: 1, value: 0 };
  assert.deepEqual(controlKnob(control), { label: 'White balance automatic', type: 'switch', value: 'OFF', default: 'ON' });
  assert.deepEqual([set(control, 'true'), set(control, 'OFF'), set(control, 'default')], [1, 0, 1]);
});

test('a menu, by its texts', () => {
  const control = { ...menuOf('Disabled', '50 Hz', '60 Hz'), value: 2 };
  assert.deepEqual(controlKnob(control), {
    label: 'Power line frequency',
    type: 'select',
    value: '60 Hz',
    default: '50 Hz',
    options: ['Disabled', '50 Hz', '60 Hz'],
  });
  assert.deepEqual([set(control, '60 hz'), set(control, 'Disabled')], [2, 0]);
});

test('a menu of numbers is chosen from by number, not by index', () => {
  const control: Control = { ...menuOf('8', '5', '3'), type: 'intmenu' };
  assert.deepEqual([set(control, '8'), set(control, '3')], [0, 2]);
});

test('equal texts are told apart by their index, an empty one has nothing else, and the word default is taken', () => {
  const options = (control: Control) => (controlKnob(control) as Knob & { type: 'select' }).options;
  assert.deepEqual(options(menuOf('720p', '720p', '1080p')), ['720p (0)', '720p (1)', '1080p']);
  assert.deepEqual(options(menuOf('a', 'a', 'a (1)')), ['a (0) (0)', 'a (1) (1)', 'a (1) (2)']);
  assert.deepEqual(options(menuOf('', 'x')), ['(0)', 'x']);
  assert.deepEqual(options(menuOf('Default', 'sRGB')), ['Default (0)', 'sRGB']);
  assert.deepEqual(options(menuOf('sRGB', 'Default')), ['sRGB', 'Default']);
  assert.equal(set(menuOf('720p', '720p'), '720p (1)'), 1);
});

test('a button, a text, a bitmask', () => {
  const button: Control = { ...brightness, name: 'focus_start', type: 'button', value: null };
  assert.deepEqual([controlKnob(button), set(button, 'PRESS')], [{ label: 'Focus start', type: 'button' }, 1]);
  const text: Control = { ...brightness, name: 'title', type: 'string', max: 8, value: null, text: 'yard' };
  assert.deepEqual(controlKnob(text), { label: 'Title', type: 'text', value: 'yard', default: '', maxLength: 8 });
  assert.equal(set(text, 'house'), 'house');
  const mask: Control = { ...brightness, name: '3a_lock', type: 'bitmask', max: 0xffffffff, value: 0x80000000, default: 0 };
  assert.deepEqual([controlKnob(mask).label, controlKnob(mask).type, set(mask, '4294967295')], ['3a lock', 'number', 0xffffffff]);
});

test('what only tells, and what another control rules', () => {
  const told = controlKnob({ ...brightness, readOnly: true, inactive: true });
  assert.deepEqual([told.readOnly, told.inactive], [true, true]);
  assert.equal('readOnly' in controlKnob(brightness), false);
});

test('cameras that contradict themselves', () => {
  const temperature: Control = {
    ...brightness,
    name: 'white_balance_temperature',
    min: 2800,
    max: 6500,
    step: 0,
    default: 57343,
    value: 57343,
  };
  assert.deepEqual(controlKnob(temperature), {
    label: 'White balance temperature',
    type: 'number',
    value: 6500,
    default: 6500,
    min: 2800,
    max: 6500,
    step: 1,
    unit: 'K',
  });
  assert.equal(set(temperature, 'default'), 6500);
  const lost = controlKnob({ ...menuOf('Auto', 'Manual'), default: 9, value: 4 }) as Knob & { type: 'select' };
  assert.deepEqual([lost.value, lost.default], ['4', 'Auto']);
  const noMenu = controlKnob({ ...menuOf(), max: 3, default: 1, value: 2 });
  assert.deepEqual([noMenu.type, set({ ...menuOf(), max: 3 }, '2')], ['number', 2]);
  const turned = controlKnob({ ...brightness, min: 10, max: -10, default: 0 }) as Knob & { type: 'number' };
  assert.deepEqual([turned.min, turned.max, turned.value], [-10, 10, 10]);
  assert.equal(controlValue(brightness, 'nonsense'), 128);
});

test('every control of vivid becomes a knob, and its value comes back from its text', () => {
  const text = readFileSync(join(import.meta.dirname, 'v4l2/vivid-1.22.txt'), 'utf8');
  for (const control of parseCapabilities(text).controls) {
    const knob = controlKnob(control);
    assert.ok(isSettingName(`controls/${control.name}`), control.name);
    if (knob.type === 'button' || knob.type === 'text') continue;
    assert.equal(controlValue(control, String(knob.value)), control.value, control.name);
    assert.equal(controlValue(control, String(knob.default)), control.default, control.name);
  }
});

test('whatever a camera says, what its knob lets through can be set', () => {
  const number = fc.integer({ min: -300, max: 300 });
  const control = fc.record<Control>({
    name: fc.constant('x'),
    type: fc.constantFrom('int', 'int64', 'bool', 'menu', 'intmenu', 'bitmask', 'button', 'string'),
    min: number,
    max: number,
    step: fc.integer({ min: -2, max: 9 }),
    default: number,
    value: fc.option(number),
    text: fc.constant(null),
    menu: fc.uniqueArray(fc.record({ index: fc.nat(9), text: fc.constantFrom('', 'a', 'A', 'a (1)', '1', 'default') }), {
      selector: ({ index }) => index,
    }),
    readOnly: fc.constant(false),
    inactive: fc.constant(false),
  });
  fc.assert(
    fc.property(control, (some) => {
      const knob = controlKnob(some);
      if (knob.type === 'number')
        assert.ok(knob.min <= knob.value && knob.value <= knob.max && knob.min <= knob.default && knob.default <= knob.max);
      if (knob.type !== 'select') return;
      assert.equal(new Set(knob.options).size, some.menu.length);
      assert.ok(knob.options.includes(knob.default));
      for (const [i, { index }] of some.menu.entries()) assert.equal(set(some, knob.options[i] ?? ''), index);
    }),
    { numRuns: 500 },
  );
});
