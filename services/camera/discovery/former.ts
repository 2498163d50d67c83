/** What a former run of the service has announced, read from what is retained. Anybody may have published it. Pure. */
import * as v from 'valibot';
import type { Knob } from '../../shared/knob.ts';
import { keyOf, PLATFORMS } from './component.ts';
import { readKnobComponent } from './knob-component.ts';
import { type Announced, NOTHING } from './message.ts';
import { readPage } from './page.ts';

/** Of a device's name. */
const MAX_NAME = 256;
/** More than we ever send; what goes beyond was not ours. */
const MAX_COMPONENTS = 320;
const KEY = /^[a-z0-9_]{1,100}$/;

const text = v.optional(v.nullable(v.pipe(v.string(), v.maxLength(MAX_NAME))), null);
const message = v.object({
  device: v.object({ name: text, model: text, configuration_url: v.optional(v.unknown()) }),
  components: v.record(v.string(), v.looseObject({ platform: v.picklist(PLATFORMS) })),
});

/** Null when it is no message of ours. */
export function readFormer(payload: string): Announced | null {
  const { success, output } = v.safeParse(message, parse(payload));
  if (!success) return null;
  const entries = Object.entries(output.components)
    .filter(([key, { platform }]) => KEY.test(key) && key.startsWith(keyOf(platform, '')))
    .slice(0, MAX_COMPONENTS);
  const knobs = entries
    .map(([key, component]) => readKnobComponent(key, component))
    .filter((each): each is [string, Knob] => each !== null);
  const { name, model, configuration_url: url } = output.device;
  return {
    ...NOTHING,
    name,
    model,
    page: typeof url === 'string' ? readPage(url.replace(/#.*$/, '')) : null,
    knobs: Object.fromEntries(knobs),
    parts: new Map(entries.map(([key, { platform }]) => [key, platform])),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null; // Somebody else's payload.
  }
}
