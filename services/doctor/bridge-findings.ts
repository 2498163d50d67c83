/** What the house's broker answered -> finding. It keeps no picture away: HomeGuard's own page does without it. Pure. */
import type { BridgeFacts } from './bridge.ts';
import { judgeBroker } from './broker-findings.ts';
import { type Finding, hint } from './finding.ts';

/** None where no bridge is wanted. */
export function judgeBridge(facts: BridgeFacts | null): Finding[] {
  if (!facts) return [];
  const { username, trouble, isOurOwn } = facts;
  const known = { named: true, passwordFrom: 'MQTT_PASSWORD', isHidden: false, isStranger: false, answers: trouble === null };
  // It is a broker as any other; only its settings have other names.
  const asked = { ...facts, ...known, trouble: trouble?.replaceAll('BRIDGE_', 'MQTT_') ?? null, services: new Map() };
  const found = judgeBroker(asked, { kind: 'plain' });
  const { subject } = found;
  if (isOurOwn)
    return [hint('bridge', subject, "is HomeGuard's own broker, not the house's", "Set BRIDGE_URL to the address of the house's broker.")];
  if (trouble && /refuses our login/.test(trouble)) {
    const text = username ? `refuses the user ${username} with the password in BRIDGE_PASSWORD` : 'wants a login';
    return [hint('bridge', subject, text, 'Set BRIDGE_USERNAME and BRIDGE_PASSWORD to a user that it knows.')];
  }
  const [text, remedy] = [found.text, found.remedy].map((said) => said?.replaceAll('MQTT_', 'BRIDGE_'));
  return [{ topic: 'bridge', ok: found.ok || null, subject, text: text ?? '', remedy: remedy ?? null }];
}
