/** What a topic is, as far as it matters who may use it. Pure. */
import { birthTopic, bridgeTopic, camerasTopic, discoveryTopic, pageTopic, parseTopic } from '../shared/contract.ts';

/** `MQTT_PREFIX` and `DISCOVERY_PREFIX`. */
export interface Prefixes {
  prefix: string;
  discoveryPrefix: string;
}

/** Of one camera. */
export const CAMERA_KINDS = [
  /** What it tells: pictures, status, state, values of settings, answers. */
  'told',
  /** `…/set`. */
  'command',
  /** How many viewers a gateway has for it, for frames and for small ones, and how many the broker counts. */
  'count',
  'broker-count',
  'discovery',
] as const;
export type CameraKind = (typeof CAMERA_KINDS)[number];

export const COMMON_KINDS = [
  'cameras',
  'page',
  /** Where bridges say hello. */
  'bridge',
  /** Home Assistant's word that it has started. */
  'birth',
  /** All else below the prefix, and Home Assistant's other topics of our name. */
  'inner',
  /** Neither ours nor discovery, and no command: other devices, and the response topics of MQTT 5. */
  'outer',
  /** The other topics that are not ours. */
  'elsewhere',
] as const;
export type CommonKind = (typeof COMMON_KINDS)[number];

export type Topic = { kind: CameraKind; camera: string; rest: string } | { kind: CommonKind } | { kind: 'reserved' };

/** Where the prefixes make two topics one, birth and discovery go before all others, as on the bridge. */
export function topicOf(prefixes: Prefixes, name: string): Topic {
  const { prefix, discoveryPrefix } = prefixes;
  if (name.startsWith('$')) return { kind: 'reserved' };
  if (name === birthTopic(discoveryPrefix)) return { kind: 'birth' };
  const discovered = discoveredCamera(discoveryPrefix, name);
  if (discovered) return { kind: 'discovery', camera: discovered, rest: '' };
  if (isBelow(prefix, name)) return innerTopic(prefix, name);
  if (!isBelow(discoveryPrefix, name)) return { kind: name.endsWith('/set') ? 'elsewhere' : 'outer' };
  // Home Assistant takes `…/homeguard_front/config` of any component for a word of ours.
  return { kind: /\/homeguard_/.test(name) ? 'inner' : 'elsewhere' };
}

function innerTopic(prefix: string, name: string): Topic {
  if (name === camerasTopic(prefix)) return { kind: 'cameras' };
  if (name === pageTopic(prefix)) return { kind: 'page' };
  if (name === bridgeTopic(prefix)) return { kind: 'bridge' };
  const { id: camera, rest } = parseTopic(prefix, name) ?? {};
  if (camera === undefined || rest === undefined) return { kind: 'inner' };
  return { kind: kindBelow(rest), camera, rest };
}

function kindBelow(rest: string): CameraKind {
  if (/(^|\/)set$/.test(rest)) return 'command';
  if (rest === 'viewers/broker') return 'broker-count';
  return /^(small\/)?viewers\//.test(rest) ? 'count' : 'told';
}

function discoveredCamera(discoveryPrefix: string, name: string): string | null {
  const [, id = ''] = /\/device\/homeguard_([a-z0-9][a-z0-9_-]{0,31})\/config$/.exec(name) ?? [];
  return id && name === discoveryTopic(discoveryPrefix, id) ? id : null;
}

function isBelow(base: string, name: string): boolean {
  return name.startsWith(base) && (name.length === base.length || name[base.length] === '/');
}
