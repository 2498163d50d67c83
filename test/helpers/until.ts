import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface Deadline {
  /** How long to wait, in ms (5000). */
  ms?: number;
}

/** What an EventEmitter and an MqttClient have in common. */
export interface Emitter {
  once(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

/** The real clock: a test that sets `performance.now` forward does not shorten what it waits for. */
const now = performance.now.bind(performance);

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Waits until `condition` gives something truthy, and gives that. One that throws is asked again, so it may hold assertions.
 * Fails after the deadline, telling what was waited for and what was there instead.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, { ms = 5000 }: Deadline = {}): Promise<Truthy<T>> {
  const end = now() + ms;
  for (;;) {
    const seen = await attempt(condition);
    if (seen.value) return seen.value as Truthy<T>;
    if (now() >= end) throw new Error(`no ${what} within ${ms} ms; the last look gave ${describe(seen)}`, { cause: seen.error });
    await sleep(10);
  }
}

/** Waits for one event of an emitter and gives its first argument. An `error` event, unless it is the wanted one, fails at once. */
export async function untilEvent(emitter: Emitter, event: string, { ms = 5000 }: Deadline = {}): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  emitter.once(event, resolve);
  if (event !== 'error') emitter.once('error', reject);
  try {
    return await within(`event '${event}'`, promise, { ms });
  } finally {
    emitter.off(event, resolve);
    emitter.off('error', reject);
  }
}

/** The promise's result, or a failure that names `what` did not come in time. */
export async function within<T>(what: string, promise: Promise<T>, { ms = 5000 }: Deadline = {}): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const error = new Error(`no ${what} within ${ms} ms`);
  const timer = setTimeout(() => reject(error), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Look<T> {
  value?: T;
  error?: unknown;
}

async function attempt<T>(condition: () => T | Promise<T>): Promise<Look<T>> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}

function describe(seen: Look<unknown>): string {
  return seen.error instanceof Error ? seen.error.message : inspect(seen.error ?? seen.value);
}
