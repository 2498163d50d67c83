/**
 * Who may use which topics: a table, of which each line lets a user do something with topics of one kind; what no line lets, nobody may.
 * Pure.
 */
import type { Grant, Rights } from '../shared/rights.ts';
import { CAMERA_KINDS, type CameraKind, COMMON_KINDS, type CommonKind, type Topic } from './topic-kinds.ts';

/** `clear`: to publish an empty retained message, which takes away what the broker keeps of a topic. Who may publish may do that, too. */
export type Deed = 'read' | 'publish' | 'clear';

export type Rule = { deeds: readonly Deed[] } & (
  | {
      kind: CameraKind /** An id, or `*` for every camera. */;
      camera: string /** These alone of what the camera tells. */;
      only?: string[];
    }
  | { kind: CommonKind /** This topic and all below it; every one unless given. */; below?: string }
);

type Deeds = 'read' | 'publish' | 'read, publish' | 'read, clear';
const deedsOf = (deeds: Deeds) => deeds.split(', ') as Deed[];
const of = (camera: string, kind: CameraKind, deeds: Deeds, only?: string[]): Rule => ({ kind, camera, deeds: deedsOf(deeds), only });
const any = (kind: CommonKind, deeds: Deeds, below?: string): Rule => ({ kind, deeds: deedsOf(deeds), below });

/** @param camera `*` for those that are no camera's service: `forget`, the doctor */
const cameraRules = (camera: string) => [
  of(camera, 'told', 'read, publish'),
  of(camera, 'discovery', 'read, publish'),
  // To forget a camera is to clear all that is kept of it.
  of(camera, 'command', 'read, clear'),
  of(camera, 'broker-count', 'read, clear'),
  of(camera, 'count', 'read, clear'),
  any('page', 'read'),
  any('birth', 'read'),
  // Answers to commands that came with a response topic.
  any('outer', 'publish'),
];

const gatewayRules = [
  of('*', 'told', 'read'),
  of('*', 'command', 'read, publish'),
  of('*', 'broker-count', 'read'),
  of('*', 'count', 'read, publish'),
  any('cameras', 'read, publish'),
  any('page', 'read, publish'),
  any('bridge', 'read'),
  any('inner', 'read'),
];

/** The house's hub: it commands cameras, and is at home on all topics but theirs. */
const homeAssistantRules = [
  of('*', 'told', 'read'),
  of('*', 'command', 'read, publish'),
  of('*', 'broker-count', 'read'),
  of('*', 'count', 'read'),
  // A device that somebody deletes there.
  of('*', 'discovery', 'read, clear'),
  any('birth', 'read, publish'),
  any('cameras', 'read'),
  any('page', 'read'),
  // Of a bridge that brings to us what we brought to the house, only by this we learn that it does.
  any('bridge', 'read, publish'),
  any('inner', 'read'),
  any('outer', 'read, publish'),
  any('elsewhere', 'read, publish'),
];

/** Our own way to the house's broker. */
const bridgeRules = [
  of('*', 'told', 'read'),
  of('*', 'discovery', 'read'),
  of('*', 'command', 'publish'),
  any('birth', 'publish'),
  any('bridge', 'read'),
];

const healthcheckRules = [of('*', 'told', 'read', ['status', 'state', 'preview'])];

const adminRules = [
  ...CAMERA_KINDS.map((kind) => of('*', kind, 'read, publish')),
  ...COMMON_KINDS.map((kind) => any(kind, 'read, publish')),
];

/** Below it each user who commands cameras has a topic of the user's name, to be answered there. */
const REPLIES = 'replies';

function rulesOfGrant(user: string, grant: Grant): Rule[] {
  if (grant.power === 'use') return (['outer', 'elsewhere', 'birth'] as const).map((kind) => any(kind, 'read, publish', grant.topic));
  const { camera, power } = grant;
  const counts = [of(camera, 'broker-count', 'read'), of(camera, 'count', 'read')];
  if (power === 'publish') {
    const rules = [
      of(camera, 'told', 'publish'),
      of(camera, 'command', 'read'),
      of(camera, 'discovery', 'read, publish'),
      any('page', 'read'),
      any('birth', 'read'),
      any('outer', 'publish', REPLIES),
      ...counts,
    ];
    // Another HomeGuard's bridge brings its cameras here as this.
    return camera === '*' ? [...rules, any('bridge', 'read, publish')] : rules;
  }
  const watching = [of(camera, 'told', 'read'), ...counts, ...(camera === '*' ? [any('cameras', 'read'), any('page', 'read')] : [])];
  if (power === 'read') return watching;
  return [...watching, of(camera, 'command', 'read, publish'), any('outer', 'read, publish', `${REPLIES}/${user}`)];
}

/** What a user may that `npm run user` made. */
export function rulesOfAccount(user: string, { admin, grants }: Rights): readonly Rule[] {
  return admin ? adminRules : grants.flatMap((grant) => rulesOfGrant(user, grant));
}

/** A user of the broker's own; `camera`: the one whose service it is, as its client id tells, `*` where it tells none. */
export function rulesOfOwnUser(user: string, camera = '*'): readonly Rule[] {
  switch (user) {
    case 'camera':
      return cameraRules(camera);
    case 'gateway':
      return gatewayRules;
    case 'homeassistant':
      return homeAssistantRules;
    case 'healthcheck':
      return healthcheckRules;
    case 'bridge':
      return bridgeRules;
    default:
      return [];
  }
}

/** With BROKER_AUTH=off; `$` stays the broker's own. */
export const everybodysRules: readonly Rule[] = adminRules;

/** Do the rules let this be done with a topic? @param name the topic, as `topicOf` has read it */
export function lets(rules: readonly Rule[], deed: Deed, topic: Topic, name: string): boolean {
  return rules.some(
    (rule) => (rule.deeds.includes(deed) || (deed === 'clear' && rule.deeds.includes('publish'))) && reaches(rule, topic, name),
  );
}

function reaches(rule: Rule, topic: Topic, name: string): boolean {
  if ('camera' in rule) {
    if (!('camera' in topic) || rule.kind !== topic.kind) return false;
    return (rule.camera === '*' || rule.camera === topic.camera) && (!rule.only || rule.only.includes(topic.rest));
  }
  return rule.kind === topic.kind && (rule.below === undefined || name === rule.below || name.startsWith(`${rule.below}/`));
}
