/** The knobs in a camera's `state`. Anyone may publish one, so each knob is looked at, and what is none is dropped. Pure. */
import { z } from 'zod';
import { BUTTONS, isSettingName, type Knob, type Knobs } from '../shared/knob.ts';

/** Of more knobs than this, and of a menu with more entries, nothing further is believed; texts are no longer than this. */
const MAX_KNOBS = 256;
const MAX_OPTIONS = 256;
const MAX_TEXT = 256;

const text = z.string().max(MAX_TEXT);
const onOff = z.enum(['ON', 'OFF']);
const common = { label: text, readOnly: z.literal(true).optional(), inactive: z.literal(true).optional() };
const KNOB: z.ZodType<Knob> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('switch'), ...common, value: onOff, default: onOff }),
  z.object({
    ...{ type: z.literal('number'), ...common, value: z.number(), default: z.number() },
    ...{ min: z.number(), max: z.number(), step: z.number(), unit: text.optional() },
  }),
  z.object({ type: z.literal('select'), ...common, value: text, default: text, options: z.array(text).max(MAX_OPTIONS) }),
  z.object({ type: z.literal('text'), ...common, value: text, default: text, maxLength: z.number().min(0) }),
  z.object({ type: z.literal('button'), ...common }),
]);

/** The knobs among `settings`, whatever that is; undefined when it does not even look like knobs: such a camera takes no commands. */
export function checkKnobs(settings: unknown): Knobs | undefined {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return undefined;
  const named = Object.entries(settings).filter(([name]) => isSettingName(name));
  return Object.fromEntries(
    named.slice(0, MAX_KNOBS).flatMap(([name, value]) => {
      const { data } = KNOB.safeParse(value);
      return data ? [[name, data]] : [];
    }),
  );
}

/** The names of all that such a camera takes, its buttons included. */
export function namesOf(knobs: Knobs): string[] {
  return [...new Set([...Object.keys(knobs), ...BUTTONS])];
}
