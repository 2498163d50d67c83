/** The knobs in a camera's `state`. Anyone may publish one, so each knob is looked at, and what is none is dropped. Pure. */
import * as v from 'valibot';
import { BUTTONS, isSettingName, type Knob, type Knobs } from '../shared/knob.ts';

/** Of more knobs than this, and of a menu with more entries, nothing further is believed; texts are no longer than this. */
const MAX_KNOBS = 256;
const MAX_OPTIONS = 256;
const MAX_TEXT = 256;

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const number = v.pipe(v.number(), v.finite());
const onOff = v.picklist(['ON', 'OFF']);
const common = { label: text, readOnly: v.optional(v.literal(true)), inactive: v.optional(v.literal(true)) };
const KNOB: v.GenericSchema<unknown, Knob> = v.variant('type', [
  v.object({ type: v.literal('switch'), ...common, value: onOff, default: onOff }),
  v.object({
    ...{ type: v.literal('number'), ...common, value: number, default: number },
    ...{ min: number, max: number, step: number, unit: v.optional(text) },
  }),
  v.object({ type: v.literal('select'), ...common, value: text, default: text, options: v.pipe(v.array(text), v.maxLength(MAX_OPTIONS)) }),
  v.object({ type: v.literal('text'), ...common, value: text, default: text, maxLength: v.pipe(number, v.minValue(0)) }),
  v.object({ type: v.literal('button'), ...common }),
]);

/** The knobs among `settings`, whatever that is; undefined when it does not even look like knobs: such a camera takes no commands. */
export function checkKnobs(settings: unknown): Knobs | undefined {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return undefined;
  const named = Object.entries(settings).filter(([name]) => isSettingName(name));
  return Object.fromEntries(
    named.slice(0, MAX_KNOBS).flatMap(([name, value]) => {
      const { success, output } = v.safeParse(KNOB, value);
      return success ? [[name, output]] : [];
    }),
  );
}

/** The names of all that such a camera takes, its buttons included. */
export function namesOf(knobs: Knobs): string[] {
  return [...new Set([...Object.keys(knobs), ...BUTTONS])];
}
