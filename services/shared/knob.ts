/** What can be set on a camera while it runs: each knob's kind, range and value, and which texts are right for it. Pure. */

interface Common {
  /** For people: `Power line frequency`. */
  label: string;
  /** It only tells. */
  readOnly?: true;
  /** Without effect now, since another one rules it: exposure time while the exposure is automatic. */
  inactive?: true;
}

/** A knob as it stands in the camera's `state`, under its setting's name. Texts are what `…/set` takes and the setting's topic gives. */
export type Knob =
  | (Common & { type: 'switch'; value: OnOff; default: OnOff })
  | (Common & { type: 'number'; value: number; default: number; min: number; max: number; step: number; unit?: string })
  | (Common & { type: 'select'; value: string; default: string; options: string[] })
  | (Common & { type: 'text'; value: string; default: string; maxLength: number })
  | (Common & { type: 'button' });

export type OnOff = 'ON' | 'OFF';
/** Setting's name (`fps`, `controls/brightness`) -> knob. */
export type Knobs = Record<string, Knob>;

/** Commands that are no value but a deed. */
export const BUTTONS = ['snapshot', 'restart', 'reset'] as const;
export type ButtonName = (typeof BUTTONS)[number];
/** Commands that change nothing; what they bring comes on the topic of their name. */
export const QUESTIONS = ['doctor'] as const;

/** No command is longer, in bytes. */
export const MAX_COMMAND_BYTES = 1_024;

/** Settings that every camera may have, beside the device's own `controls/{name}`. */
export const SETTINGS = ['capture', 'fps', 'resolution', 'quality'] as const;

const CONTROL = /^controls\/[a-z0-9][a-z0-9_]{0,62}$/;
const ON = /^(on|true|1)$/i;
const OFF = /^(off|false|0)$/i;
const NUMBER = /^(-?\d{1,15})(?:\.0{1,6})?$/;

/** May this be the name of a setting or button? So it can stand in a topic. */
export function isSettingName(name: string): boolean {
  return [...SETTINGS, ...BUTTONS, ...QUESTIONS].some((known) => known === name) || CONTROL.test(name);
}

/** Does a setting of this name have a value, as buttons and questions do not? */
export function hasValue(name: string): boolean {
  return isSettingName(name) && ![...BUTTONS, ...QUESTIONS].some((each) => each === name);
}

/** A size as settings write it: `1280x720`; null when it is none. */
export function parseSize(text: string): { width: number; height: number } | null {
  const found = /^([1-9]\d{1,3})x([1-9]\d{1,3})$/.exec(text);
  return found ? { width: Number(found[1]), height: Number(found[2]) } : null;
}

/** The knob's value as its topic gives it; null for a button. */
export function textOf(knob: Knob): string | null {
  return knob.type === 'button' ? null : String(knob.value);
}

/**
 * Looks whether `text` is right for the knob; `default` always is where there is one.
 * @returns the value as the setting's topic gives it, or why it is refused, as the end of a sentence about the setting
 */
export function readKnob(knob: Knob, text: string): { text: string } | { refused: string } {
  const wanted = text.trim();
  if (knob.readOnly) return { refused: 'can only be read' };
  if (knob.inactive) return { refused: 'has no effect now: first switch off the automatic that rules it' };
  if (knob.type === 'button') return { text: wanted };
  if (wanted.toLowerCase() === 'default') return { text: String(knob.default) };
  switch (knob.type) {
    case 'switch':
      if (ON.test(wanted)) return { text: 'ON' };
      return OFF.test(wanted) ? { text: 'OFF' } : { refused: 'has to be ON or OFF' };
    case 'number':
      return readNumber(knob, wanted);
    case 'select': {
      const option =
        knob.options.find((each) => each === wanted) ?? knob.options.find((each) => each.toLowerCase() === wanted.toLowerCase());
      return option === undefined ? { refused: `has to be one of: ${knob.options.join(', ')}` } : { text: option };
    }
    case 'text':
      return wanted.length <= knob.maxLength ? { text: wanted } : { refused: `has to be at most ${knob.maxLength} characters long` };
  }
}

function readNumber({ min, max, step }: Knob & { type: 'number' }, text: string): { text: string } | { refused: string } {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) return { refused: `has to be a whole number from ${min} to ${max}` };
  const over = (value - min) % Math.max(1, step);
  if (over === 0) return { text: String(value) };
  const below = value - over;
  return { refused: `goes in steps of ${step}: ${below}${below + step <= max ? ` or ${below + step}` : ''}` };
}
