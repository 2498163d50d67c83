/** How long and how deep topics and filters may be. Pure. */

/** MQTT lets a topic have 65,535 bytes; what one client publishes to is remembered for it, and for those that read it. */
export const MAX_TOPIC_BYTES = 1_024;
/** Levels between slashes; ours have five at most. */
export const MAX_TOPIC_LEVELS = 32;

/** What is too much about a topic or a filter, and what to do, in a sentence; null: nothing is. */
export function excessOf(name: string): string | null {
  if (Buffer.byteLength(name) > MAX_TOPIC_BYTES) return `it has more than ${MAX_TOPIC_BYTES} bytes: take a shorter one`;
  if (name.split('/').length > MAX_TOPIC_LEVELS) return `it has more than ${MAX_TOPIC_LEVELS} levels: take one with fewer slashes`;
  return null;
}
