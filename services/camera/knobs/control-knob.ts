/** A control of the device <-> a knob for people. Pure. */
import type { Knob } from '../../shared/knob.ts';
import type { Control } from '../device/capabilities.ts';

/** By V4L2's documentation of these controls; older kernels have other names for some. */
const UNITS = new Map([
  ['exposure_time_absolute', '100 µs'],
  ['exposure_absolute', '100 µs'],
  ['white_balance_temperature', 'K'],
  ['pan_absolute', '″'],
  ['tilt_absolute', '″'],
  ['pan_relative', '″'],
  ['tilt_relative', '″'],
  ['rotate', '°'],
]);

/** The control as a knob. Cameras that contradict themselves (a default out of range, a value not in the menu) are put right where needed. */
export function controlKnob(control: Control): Knob {
  const { name, type, min, max, step } = control;
  const common = {
    label: labelOf(name),
    ...(control.readOnly && { readOnly: true as const }),
    ...(control.inactive && { inactive: true as const }),
  };
  if (type === 'button') return { ...common, type };
  if (type === 'string') return { ...common, type: 'text', value: control.text ?? '', default: '', maxLength: Math.max(0, max) };
  const value = control.value ?? control.default;
  if (type === 'bool') return { ...common, type: 'switch', value: onOff(value), default: onOff(control.default) };
  const options = optionsOf(control);
  const [first] = options.values();
  if (first !== undefined) {
    const usual = options.get(control.default) ?? first;
    // A value that is in no menu is shown as its number.
    return { ...common, type: 'select', value: options.get(value) ?? String(value), default: usual, options: [...options.values()] };
  }
  const range = { min: Math.min(min, max), max: Math.max(min, max), step: Math.max(1, step) };
  const unit = UNITS.get(name);
  return { ...common, type: 'number', value: clamp(value, range), default: clamp(control.default, range), ...range, ...(unit && { unit }) };
}

/**
 * The value that the control takes for a text that `readKnob` has found right for its knob, as a menu's text or a number; nonsense gives
 * its default.
 */
export function controlValue(control: Control, text: string): number | string {
  switch (control.type) {
    case 'button':
      return 1;
    case 'string':
      return text;
    case 'bool':
      return text === 'ON' ? 1 : 0;
    default: {
      const [index] = [...optionsOf(control)].find(([, option]) => option === text) ?? [Number(text)];
      return Number.isInteger(index) ? index : control.default;
    }
  }
}

/** Of a menu: index -> text. Of texts that are told apart by nothing else the index tells. */
function optionsOf({ menu, default: usual }: Control): Map<number, string> {
  // The text `default` is the word for the default, whatever a menu means by it.
  const taken = (text: string, index: number) => text === '' || (/^default$/i.test(text) && index !== usual);
  const once = withIndex(menu, (text, index, texts) => taken(text, index) || texts.filter((each) => each === text).length > 1);
  const isTwice = new Set(once.map(({ text }) => text)).size < once.length;
  return new Map(withIndex(once, () => isTwice).map(({ index, text }) => [index, text]));
}

function withIndex(menu: Control['menu'], needed: (text: string, index: number, texts: string[]) => boolean): Control['menu'] {
  const texts = menu.map(({ text }) => text);
  return menu.map(({ index, text }) => ({ index, text: needed(text, index, texts) ? `${text} (${index})`.trim() : text }));
}

function labelOf(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
}

function onOff(value: number): 'ON' | 'OFF' {
  return value === 0 ? 'OFF' : 'ON';
}

function clamp(value: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, value));
}
