/** So many in so much time, and no more. Pure: the clock is handed in. */
export class Allowance {
  readonly #count: number;
  readonly #ms: number;
  #left: number;
  #since = Number.NEGATIVE_INFINITY;

  constructor(count: number, ms: number) {
    this.#count = count;
    this.#ms = ms;
    this.#left = count;
  }

  /** Takes one at `now` (ms, monotonic); false when there is none left until the time is over. */
  take(now: number): boolean {
    if (now - this.#since >= this.#ms) {
      this.#since = now;
      this.#left = this.#count;
    }
    this.#left--;
    return this.#left >= 0;
  }
}
