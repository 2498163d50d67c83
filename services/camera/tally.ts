/** What a camera has done so far, for its `telemetry`. Pure: the clock is handed in. */
import type { Telemetry } from '../shared/contract.ts';
import type { Corruption } from './frames.ts';

/** Why a frame that somebody wanted did not go out: there is no bus, or it has not taken the last one yet. */
export type Drop = 'bus-away' | 'bus-busy';

export class Tally {
  readonly #began: number;
  readonly #counts = { frames: 0, dropped: 0, corrupt: 0, bytes: 0, restarts: 0 };
  /** In the words of telemetry, which are labels elsewhere. */
  readonly #drops: Record<string, number> = {
    'bus-away': 0,
    'bus-busy': 0,
    'no-part-head': 0,
    empty: 0,
    'too-large': 0,
    'no-picture': 0,
    'cut-off': 0,
  } satisfies Record<Drop | Kebab<Corruption>, number>;
  #last: { at: number; frames: number };

  /** @param now in ms, monotonic */
  constructor(now: number) {
    this.#began = now;
    this.#last = { at: now, frames: 0 };
  }

  /** A frame of `bytes` bytes was captured. Returns its number. */
  frame(bytes: number): number {
    this.#counts.bytes += bytes;
    return this.#counts.frames++;
  }

  /** A frame that somebody wanted did not go out. */
  dropped(why: Drop): void {
    this.#counts.dropped++;
    this.#count(why);
  }

  corrupt(why: Corruption): void {
    this.#counts.corrupt++;
    this.#count(why.replaceAll(' ', '-'));
  }

  restart(): void {
    this.#counts.restarts++;
  }

  /** All counts, and the frame rate since the last report. @param memory resident, in bytes */
  report({ viewers, memory }: Pick<Telemetry, 'viewers' | 'memory'>, now: number): Telemetry {
    const { at, frames } = this.#last;
    this.#last = { at: now, frames: this.#counts.frames };
    const rate = ((this.#counts.frames - frames) * 1000) / Math.max(1, now - at);
    const uptime_s = Math.round((now - this.#began) / 1000);
    return { fps: Math.round(rate * 10) / 10, ...this.#counts, viewers, uptime_s, drops: { ...this.#drops }, memory };
  }

  #count(why: string): void {
    this.#drops[why] = (this.#drops[why] ?? 0) + 1;
  }
}

type Kebab<T extends string> = T extends `${infer Word} ${infer Rest}` ? `${Word}-${Kebab<Rest>}` : T;
