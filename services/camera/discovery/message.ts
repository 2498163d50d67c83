/** The discovery message of a camera: what it says now, and what it has to keep of those before. Pure. */
import type { CameraState } from '../../shared/contract.ts';
import type { Knobs } from '../../shared/knob.ts';
import type { Insight } from '../knobs/panel.ts';
import { type Components, type Platform, withOwnEntityIds } from './component.ts';
import { knobComponent } from './knob-component.ts';
import { type Subject, standingComponents } from './standing.ts';

/** So many components that are gone are still named as such; of more the first are forgotten. */
export const MAX_GONE = 64;
/** More knobs than that are not shown; a device of which we read has at most 128 controls. */
const MAX_KNOBS = 192;

/** What the messages so far have said. */
export interface Announced {
  name: string | null;
  model: string | null;
  /** The gateway's page. */
  page: string | null;
  knobs: Knobs;
  /** Key -> platform of each component, those that are gone included. */
  parts: Map<string, Platform>;
}

export interface Sight {
  state: CameraState;
  insight: Insight;
  /** Null while no gateway has told it. */
  page: string | null;
}

export const NOTHING: Announced = { name: null, model: null, page: null, knobs: {}, parts: new Map() };

/** The next message after `before`, and what is to be kept of it for the one after. */
export function discoveryMessage(subject: Subject, before: Announced, sight: Sight): { payload: string; announced: Announced } {
  const { id, topics, version } = subject;
  const device = deviceOf(subject, before, sight);
  const knobs = knobsOf(before, sight);
  const there = withOwnEntityIds({ ...standingComponents(subject), ...knobComponents(subject, knobs) });
  const gone = [...before.parts].filter(([key]) => !(key in there)).slice(-MAX_GONE);
  // Those that went first stand first.
  const components: Components = { ...Object.fromEntries(gone.map(([key, platform]) => [key, { platform }])), ...there };
  const page = sight.page ?? before.page;
  const message = {
    device: {
      identifiers: [`homeguard_${id}`],
      name: device.name,
      manufacturer: 'HomeGuard',
      ...(device.model && { model: device.model }),
      sw_version: version,
      // The page shows the camera whose id stands behind the #.
      ...(page && { configuration_url: `${page}#${id}` }),
    },
    origin: { name: 'HomeGuard', sw_version: version },
    availability: [{ topic: topics.status }],
    qos: 1,
    components,
  };
  const parts = new Map(Object.entries(components).map(([key, { platform }]) => [key, platform]));
  return { payload: JSON.stringify(message), announced: { ...device, page, knobs, parts } };
}

/** The device's own name while it is there; a test picture that stands in for it does not give it another. */
function deviceOf({ id, name }: Subject, before: Announced, { state, insight }: Sight): { name: string; model: string | null } {
  const isThere = insight !== 'none' && state.device !== null;
  const known = isThere ? null : before.name;
  return {
    name: name ?? known ?? (state.test ? null : state.name) ?? id,
    model: isThere ? (state.device?.name ?? null) : before.model,
  };
}

/**
 * The knobs of a device that is not there stay as they were, or Home Assistant would forget what people have made of them. Only once
 * pictures have come from it is it known that what it does not offer is gone.
 */
function knobsOf(before: Announced, { state: { settings = {} }, insight }: Sight): Knobs {
  const merged = insight === 'all' ? settings : insight === 'some' ? { ...before.knobs, ...settings } : before.knobs;
  const entries = Object.entries(merged).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.slice(0, MAX_KNOBS));
}

function knobComponents(subject: Subject, knobs: Knobs): Components {
  const made = Object.entries(knobs).map(([setting, knob]) => knobComponent(subject, setting, knob));
  return Object.fromEntries(made.filter((each) => each !== null));
}
