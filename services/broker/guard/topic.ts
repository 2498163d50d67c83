import type { Body } from './body.ts';
import { BrokenRuleError, REASON, requireThat } from './broken-rule.ts';

const [PLUS, HASH, SLASH] = [0x2b, 0x23, 0x2f];

/** Reads a topic name and returns its length in bytes; wildcards are not for names [MQTT-3.3.2-2]. */
export function readTopic(body: Body): number {
  const length = body.text();
  for (let i = body.at - length; i < body.at; i++) {
    const byte = body.bytes[i];
    if (byte === PLUS || byte === HASH) throw new BrokenRuleError('a wildcard in a topic name [MQTT-3.3.2-2]', REASON.topic);
  }
  return length;
}

/** Reads a topic filter (MQTT 5.0, 4.7.1, and 4.8.2 where `mayShare`). Returns whether its subscription is shared. */
export function readFilter(body: Body, mayShare: boolean): boolean {
  const length = body.text();
  requireThat(length > 0, 'an empty topic filter [MQTT-4.7.3-1]');
  const filter = body.bytes.toString('latin1', body.at - length, body.at);
  for (let i = 0; i < filter.length; i++) {
    const byte = filter.charCodeAt(i);
    if (byte !== PLUS && byte !== HASH) continue;
    const opens = i === 0 || filter.charCodeAt(i - 1) === SLASH;
    const closes = i + 1 === filter.length || (byte === PLUS && filter.charCodeAt(i + 1) === SLASH);
    requireThat(opens && closes, 'a wildcard that is not a level of its own, or # before the end [MQTT-4.7.1-1]');
  }
  if (!mayShare || !filter.startsWith('$share/')) return false;
  requireThat(/^\$share\/[^/+#]+\/./s.test(filter), 'a shared subscription without a name or a filter [MQTT-4.8.2-1]');
  return true;
}
