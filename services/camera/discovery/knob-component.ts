/** A knob <-> its component in Home Assistant. Pure. */
import * as v from 'valibot';
import { BUTTONS, isSettingName, type Knob } from '../../shared/knob.ts';
import { type Component, component, keyOf, type Platform } from './component.ts';
import type { Subject } from './standing.ts';

/** Home Assistant's longest state, in characters. */
const MAX_STATE = 255;
/** A reader of our messages takes no more than a device can say. */
const MAX_TEXT = 512;
const MAX_OPTIONS = 128;
/** These are no knobs of a device: every camera has them. */
const STANDING = new Set<string>(['capture', ...BUTTONS]);
/** Home Assistant takes the state `None` for unknown, and it is the text of many a menu: there it is `(None)`. */
const NONE = /^none$/i;
const HIDDEN_NONE = /^\(none\)$/i;
const NONE_TEMPLATES = {
  value_template: `{{ '(' ~ value ~ ')' if value | lower == 'none' else value }}`,
  command_template: `{{ value[1:-1] if value | lower == '(none)' else value }}`,
};

/** `controls/brightness` -> `control_brightness`. */
function nameOf(setting: string): string {
  return setting.replace(/^controls\//, 'control_');
}

/**
 * The knob's key and component; null for one that Home Assistant would refuse, since nothing can be chosen, and for those that every camera
 * has. What can only be read is a sensor.
 */
export function knobComponent(subject: Subject, setting: string, knob: Knob): [string, Component] | null {
  if (STANDING.has(setting) || !isSettingName(setting)) return null;
  const part = knob.readOnly ? readOnlyPart(knob) : partOf(knob);
  if (!part) return null;
  const { id, topics } = subject;
  const [platform, more] = part;
  const state = knob.type === 'button' ? {} : { state_topic: topics.setting(setting) };
  const command = knob.readOnly ? {} : { command_topic: topics.set(setting) };
  const category = { entity_category: knob.readOnly ? 'diagnostic' : 'config' };
  const name = nameOf(setting);
  return [keyOf(platform, name), component(id, platform, name, knob.label, { ...state, ...command, ...more, ...category })];
}

function readOnlyPart(knob: Knob): [Platform, object] | null {
  return knob.type === 'button' ? null : ['sensor', knob.type === 'number' ? unitOf(knob) : {}];
}

function partOf(knob: Knob): [Platform, object] | null {
  switch (knob.type) {
    case 'switch':
      return ['switch', {}];
    case 'number':
      return knob.min < knob.max ? ['number', { min: knob.min, max: knob.max, step: Math.max(1, knob.step), ...unitOf(knob) }] : null;
    case 'select':
      return knob.options.length > 0 ? ['select', selectOf(knob.options)] : null;
    case 'text':
      return knob.maxLength > 0 ? ['text', { max: Math.min(MAX_STATE, knob.maxLength) }] : null;
    case 'button':
      return ['button', {}];
  }
}

function unitOf({ unit }: Knob & { type: 'number' }): object {
  return unit ? { unit_of_measurement: unit } : {};
}

function selectOf(texts: string[]): object {
  if (!texts.some((text) => NONE.test(text))) return { options: texts };
  return { options: [...new Set(texts.map((text) => (NONE.test(text) ? `(${text})` : text)))], ...NONE_TEMPLATES };
}

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const number = v.pipe(v.number(), v.finite());
const unit_of_measurement = v.optional(text);
const shape = v.variant('platform', [
  v.object({ platform: v.literal('switch'), name: text }),
  v.object({ platform: v.literal('number'), name: text, min: number, max: number, step: number, unit_of_measurement }),
  v.object({
    platform: v.literal('select'),
    name: text,
    options: v.pipe(v.array(text), v.maxLength(MAX_OPTIONS)),
    value_template: v.optional(text),
  }),
  v.object({ platform: v.literal('text'), name: text, max: number }),
  v.object({ platform: v.literal('button'), name: text }),
  v.object({ platform: v.literal('sensor'), name: text, unit_of_measurement }),
]);

/** The setting and knob that a former message's component was made of, but for its value; null when it is none of a knob. */
export function readKnobComponent(key: string, given: unknown): [string, Knob] | null {
  const { success, output } = v.safeParse(shape, given);
  if (!success || !key.startsWith(keyOf(output.platform, ''))) return null;
  const setting = key.slice(keyOf(output.platform, '').length).replace(/^control_/, 'controls/');
  return STANDING.has(setting) || !isSettingName(setting) ? null : [setting, knobOf(output)];
}

function knobOf(given: v.InferOutput<typeof shape>): Knob {
  const label = given.name;
  switch (given.platform) {
    case 'switch':
      return { type: 'switch', label, value: 'OFF', default: 'OFF' };
    case 'number': {
      const { min, max, step, unit_of_measurement: unit } = given;
      return { type: 'number', label, value: min, default: min, min, max, step, ...(unit && { unit }) };
    }
    case 'select': {
      const shown = (option: string) => (given.value_template && HIDDEN_NONE.test(option) ? option.slice(1, -1) : option);
      const options = given.options.map(shown);
      return { type: 'select', label, value: '', default: '', options };
    }
    case 'text':
      return { type: 'text', label, value: '', default: '', maxLength: given.max };
    case 'button':
      return { type: 'button', label };
    case 'sensor': {
      const unit = given.unit_of_measurement;
      if (unit === undefined) return { type: 'text', label, value: '', default: '', maxLength: 0, readOnly: true };
      return { type: 'number', label, value: 0, default: 0, min: 0, max: 0, step: 1, unit, readOnly: true };
    }
  }
}
