/** What a camera has done so far, for its `telemetry`. Pure: the clock is handed in. */
import type { Telemetry } from '../shared/contract.ts';

export class Tally {
  readonly #began: number;
  readonly #counts = { frames: 0, dropped: 0, corrupt: 0, bytes: 0, restarts: 0 };
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
  dropped(): void {
    this.#counts.dropped++;
  }

  corrupt(): void {
    this.#counts.corrupt++;
  }

  restart(): void {
    this.#counts.restarts++;
  }

  /** All counts, and the frame rate since the last report. */
  report(viewers: number, now: number): Telemetry {
    const { at, frames } = this.#last;
    this.#last = { at: now, frames: this.#counts.frames };
    const rate = ((this.#counts.frames - frames) * 1000) / Math.max(1, now - at);
    return { fps: Math.round(rate * 10) / 10, ...this.#counts, viewers, uptime_s: Math.round((now - this.#began) / 1000) };
  }
}
