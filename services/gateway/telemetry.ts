/** What cameras and the broker tell of themselves every 30 s, as it came last. Pure: the clock is handed in. */
import { brokerTelemetryTopic, parseTopic } from '../shared/contract.ts';

/** Three are missed then: what was told before is not so any more. In ms. */
const LASTS_MS = 100_000;
/** No telemetry is longer, in bytes; and so many causes of drops are read. */
const MAX_BYTES = 4_096;
const MAX_DROPS = 16;
const CAUSE = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** What was told and is a number; anything may be missing, since anyone may publish anything on the bus. */
export interface Told {
  figures: Record<string, number>;
  /** Cause -> frames; `dropped` and `corrupt` where it told no causes. */
  drops: Record<string, number>;
}

type Kept = Told & { at: number };

export class TelemetryBook {
  readonly #prefix: string;
  readonly #brokerTopic: string;
  /** Of known cameras only, so there are at most as many. */
  readonly #cameras = new Map<string, Kept>();
  #broker: Kept | null = null;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#brokerTopic = brokerTelemetryTopic(prefix);
  }

  /** Takes note of a message at `now` (ms, monotonic); what is no telemetry, or of a camera that is not known, changes nothing. */
  take(topic: string, payload: Buffer, isKnown: (id: string) => boolean, now: number): void {
    const told = parse(payload);
    if (!told) return;
    if (topic === this.#brokerTopic) this.#broker = { ...told, at: now };
    const id = parseTopic(this.#prefix, topic)?.id;
    if (id && isKnown(id)) this.#cameras.set(id, { ...told, at: now });
  }

  /** The camera is not known any more. */
  forget(id: string): void {
    this.#cameras.delete(id);
  }

  /** What a camera told; null when it never did, or fell silent. */
  camera(id: string, now: number): Told | null {
    return fresh(this.#cameras.get(id), now);
  }

  /** What the broker told; null for one that is not ours. */
  broker(now: number): Told | null {
    return fresh(this.#broker, now);
  }
}

function fresh(kept: Kept | null | undefined, now: number): Told | null {
  return kept && now - kept.at <= LASTS_MS ? kept : null;
}

function parse(payload: Buffer): Told | null {
  if (payload.length > MAX_BYTES) return null;
  try {
    const json: unknown = JSON.parse(payload.toString());
    if (typeof json !== 'object' || json === null) return null;
    const figures = numbersOf(json);
    const { dropped, corrupt } = figures;
    const told = 'drops' in json && typeof json.drops === 'object' && json.drops ? json.drops : { dropped, corrupt };
    const drops = Object.entries(numbersOf(told)).filter(([cause]) => CAUSE.test(cause));
    return { figures, drops: Object.fromEntries(drops.slice(0, MAX_DROPS)) };
  } catch {
    // Somebody else's payload.
    return null;
  }
}

function numbersOf(json: object): Record<string, number> {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => typeof value === 'number' && Number.isFinite(value) && value >= 0));
}
