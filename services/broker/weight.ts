/**
 * About how many bytes what a client sent takes in memory: its strings and bytes, and those in what it is made of, as MQTT 5's user properties
 * are. Pure.
 */
export function weightOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let weight = 0;
  for (const [name, each] of Object.entries(value)) weight += name.length + weightOf(each);
  return weight;
}
