/** Which filters may be subscribed to. Pure. */
import { birthTopic, bridgeTopic, camerasTopic, discoveryTopic, pageTopic } from '../shared/contract.ts';
import { type Prefixes, topicOf } from './topic-kinds.ts';
import { lets, type Rule } from './topic-rights.ts';

/**
 * Can a filter bring anything that the rules let be read? Then it is granted, though it may match other topics, too: those are sorted out
 * at forwarding, so that `#` brings everybody what they may see.
 */
export function mayBring(rules: readonly Rule[], prefixes: Prefixes, filter: string): boolean {
  if (filter.startsWith('$')) return false;
  if (!/[+#]/.test(filter)) return lets(rules, 'read', topicOf(prefixes, filter), filter);
  const levels = filter.split('/');
  return rules.some(
    (rule) =>
      rule.deeds.includes('read') && endFits(rule, levels) && coversOf(rule, prefixes).some((cover) => meet(levels, cover.split('/'))),
  );
}

/** A camera's commands, and nothing else of it, end with `set`. */
function endFits(rule: Rule, levels: string[]): boolean {
  const last = levels.at(-1) ?? '';
  if (rule.kind === 'command') return ['set', '+', '#'].includes(last);
  return last !== 'set' || !('camera' in rule);
}

/** Filters that match every topic which the rule is about, and not many others. */
function coversOf(rule: Rule, { prefix, discoveryPrefix }: Prefixes): string[] {
  if ('camera' in rule) {
    const camera = rule.camera === '*' ? '+' : rule.camera;
    // A part of a level cannot be a wildcard.
    if (rule.kind === 'discovery') return [discoveryTopic(discoveryPrefix, camera).replace('homeguard_+', '+')];
    // Not `#` alone, which would match the level above, too.
    return restsOf(rule).map((rest) => `${prefix}/${camera}/${rest}`);
  }
  if (rule.below !== undefined) return [`${rule.below}/#`];
  switch (rule.kind) {
    case 'cameras':
      return [camerasTopic(prefix)];
    case 'page':
      return [pageTopic(prefix)];
    case 'bridge':
      return [bridgeTopic(prefix)];
    case 'birth':
      return [birthTopic(discoveryPrefix)];
    case 'inner':
      return [`${prefix}/#`, `${discoveryPrefix}/#`];
    default:
      return ['#'];
  }
}

/** What stands behind a camera's id. */
function restsOf(rule: Rule & { camera: string }): string[] {
  if (rule.kind === 'told') return rule.only ?? ['+/#'];
  if (rule.kind === 'count') return ['viewers/+/#', 'small/viewers/+/#'];
  return rule.kind === 'command' ? ['+/#'] : ['viewers/+/#'];
}

/** Is there a topic that both filters match? Level by level; `#` matches the level above, too (MQTT 5.0, 4.7.1.2). */
function meet([one, ...ones]: string[], [other, ...others]: string[]): boolean {
  if (one === '#' || other === '#') return true;
  if (one === undefined || other === undefined) return one === other;
  return (one === other || one === '+' || other === '+') && meet(ones, others);
}
