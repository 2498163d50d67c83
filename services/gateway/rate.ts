/** Over so long a rate is measured, in ms. */
const WINDOW_MS = 2_000;

/** Frames a second over the last full window. Pure: the clock is handed in. */
export class Rate {
  #began = 0;
  #count = 0;
  #perSecond = 0;

  /** A frame came at `now` (ms, monotonic). */
  count(now: number): void {
    this.#turn(now);
    this.#count++;
  }

  /** Frames a second, 0 when none came lately. */
  perSecond(now: number): number {
    this.#turn(now);
    return this.#perSecond;
  }

  #turn(now: number): void {
    const length = now - this.#began;
    if (length < WINDOW_MS) return;
    // After a pause the window is far too long: its mean would tell nothing of now.
    this.#perSecond = length < 2 * WINDOW_MS ? Math.round((this.#count * 100_000) / length) / 100 : 0;
    this.#began = now;
    this.#count = 0;
  }
}
