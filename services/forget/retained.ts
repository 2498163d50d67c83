/** What the message bus keeps of a camera. */
import type { Bus } from '../shared/bus.ts';
import { parseTopic } from '../shared/contract.ts';
import { untilSo } from '../shared/guest.ts';

/** Retained values come at once, on a busy machine a little later; nobody tells that there are none. */
const FIRST_MS = 1_500;
/** After the last one that came. */
const QUIET_MS = 300;
const LONGEST_MS = 5_000;
/** More topics than a camera can have; of more the rest is for a second time. */
const MAX_TOPICS = 4_096;
/** So many are cleared at a time. */
const BATCH = 32;

export interface Cameras {
  /** Those whose service is connected. */
  online: string[];
  /** Those that are not, but known. */
  offline: string[];
}

/** The cameras that the bus knows; waits no longer than until `id` is among them. */
export async function lookAtCameras(bus: Bus, prefix: string, id: string): Promise<Cameras> {
  const filter = `${prefix}/+/status`;
  const status = new Map<string, boolean>();
  bus.subscribe(filter, ({ topic, payload }) => {
    const camera = parseTopic(prefix, topic);
    if (camera && payload.length > 0 && status.size < MAX_TOPICS) status.set(camera.id, payload.toString() === 'online');
  });
  await untilSo(() => status.has(id), FIRST_MS);
  bus.unsubscribe(filter);
  const of = (online: boolean) => [...status].filter(([, each]) => each === online).map(([each]) => each);
  return { online: of(true).sort(), offline: of(false).sort() };
}

/** The retained topics that the filters match, of which a set is kept up to date as they are cleared. */
export async function lookAtTopics(bus: Bus, filters: string[]): Promise<Set<string>> {
  const topics = new Set<string>();
  const began = performance.now();
  let last: number | null = null;
  for (const filter of filters) {
    bus.subscribe(filter, ({ topic, payload, retain }) => {
      if (payload.length === 0) topics.delete(topic);
      else if (retain && topics.size < MAX_TOPICS) topics.add(topic);
      last = performance.now();
    });
  }
  const isQuiet = (now: number) => (last === null ? now - began > FIRST_MS : now - last > QUIET_MS);
  await untilSo(() => isQuiet(performance.now()), LONGEST_MS);
  return topics;
}

/** Clears the count of viewers, which our own broker tells once more when nobody asks for the camera's topics any longer. */
export async function clearCount(bus: Bus, filters: string[], count: string): Promise<void> {
  let isTold = false;
  bus.subscribe(count, ({ payload }) => {
    isTold ||= payload.length > 0;
  });
  for (const filter of filters) bus.unsubscribe(filter);
  await untilSo(() => isTold, QUIET_MS);
  await bus.deliver(count, '', { retain: true });
}

/** Clears topics, and waits until the bus tells us, as everybody else, that they are. Returns those that stay. */
export async function clearTopics(bus: Bus, topics: string[], left: ReadonlySet<string>): Promise<string[]> {
  for (let at = 0; at < topics.length; at += BATCH)
    await Promise.all(topics.slice(at, at + BATCH).map((topic) => bus.deliver(topic, '', { retain: true })));
  await untilSo(() => topics.every((topic) => !left.has(topic)), FIRST_MS);
  return topics.filter((topic) => left.has(topic));
}
