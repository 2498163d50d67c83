/**
 * Which way a topic crosses the bridge between our broker and the house's. Names stay the same on both sides, so a message would run in
 * circles if its topic could cross both ways. It cannot: each topic has one lane or none, and whoever hears a message asks for its lane
 * before it is passed on. What was brought to one side is never taken back from there. Pure.
 */
import { birthTopic, cameraTopics, discoveryTopic, parseTopic } from '../../shared/contract.ts';
import { hasValue, isSettingName, SETTINGS } from '../../shared/knob.ts';

export interface Names {
  /** `MQTT_PREFIX` and `DISCOVERY_PREFIX`. */
  prefix: string;
  discoveryPrefix: string;
  /** Every frame crosses, too. */
  frames: boolean;
}

/** `out`: from our broker to the house's, of one camera; `in`: from the house's to ours. */
export type Lane =
  | { way: 'out'; camera: string; as: Outgoing }
  | { way: 'in'; camera: string; as: 'command' }
  | { way: 'in'; camera: null; as: 'birth' };

/** `value`: retained text of which the newest counts; `event`: what is not kept for anybody. */
export type Outgoing = 'frame' | 'preview' | 'snapshot' | 'value' | 'telemetry' | 'event';

const OUT: Record<string, Outgoing> = {
  preview: 'preview',
  snapshot: 'snapshot',
  status: 'value',
  state: 'value',
  telemetry: 'telemetry',
  answer: 'event',
  doctor: 'event',
};

/** The one lane of a topic; null when it crosses neither way. Where settings make two topics one, birth goes before all others. */
export function laneOf(names: Names, topic: string): Lane | null {
  if (topic === birthTopic(names.discoveryPrefix)) return { way: 'in', camera: null, as: 'birth' };
  const discovered = discoveredCamera(names, topic);
  if (discovered) return { way: 'out', camera: discovered, as: 'value' };
  const { id: camera, rest } = parseTopic(names.prefix, topic) ?? {};
  if (camera === undefined || rest === undefined) return null;
  if (rest.endsWith('/set')) return isSettingName(rest.slice(0, -'/set'.length)) ? { way: 'in', camera, as: 'command' } : null;
  if (rest === 'frame') return names.frames ? { way: 'out', camera, as: 'frame' } : null;
  const as = Object.hasOwn(OUT, rest) ? OUT[rest] : hasValue(rest) && 'value';
  return as ? { way: 'out', camera, as } : null;
}

/** What has to be subscribed to on our broker for a camera; no topic is matched by two of them. */
export function outFilters(names: Names, id: string): string[] {
  const { frame, setting } = cameraTopics(names.prefix, id);
  const topics = [...Object.keys(OUT), ...SETTINGS, 'controls/+'].map(setting);
  return [...topics, discoveryTopic(names.discoveryPrefix, id), ...(names.frames ? [frame] : [])];
}

/** What has to be subscribed to on the house's broker for a camera; no topic is matched by two of them. */
export function inFilters(names: Names, id: string): string[] {
  const { set } = cameraTopics(names.prefix, id);
  return [set('+'), set('controls/+')];
}

function discoveredCamera({ discoveryPrefix }: Names, topic: string): string | null {
  const [, id = ''] = /\/device\/homeguard_([a-z0-9][a-z0-9_-]{0,31})\/config$/.exec(topic) ?? [];
  return id && topic === discoveryTopic(discoveryPrefix, id) ? id : null;
}
