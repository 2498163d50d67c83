/** How long to wait before a source is tried again. Pure: chance is handed in. */

const FIRST_MS = 1_000;
/** With the jitter on top, the longest wait is 30 s. */
const LONGEST_MS = 24_000;
const JITTER = 0.25;
/** A source that ran so long was well: what comes then is a new fault. */
const WELL_AFTER_MS = 10_000;

export class Backoff {
  #wait = FIRST_MS;
  readonly #random: () => number;

  /** @param random as Math.random: cameras that lost the same hub do not come back in step */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A run with frames has ended after `ms`. */
  ran(ms: number): void {
    if (ms >= WELL_AFTER_MS) this.reset();
  }

  /** The source is another one than the one that failed. */
  reset(): void {
    this.#wait = FIRST_MS;
  }

  /** The next wait in ms: 1 s, then twice as long each time up to 30 s, or up to `most`. */
  next(most = Number.POSITIVE_INFINITY): number {
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONGEST_MS);
    return Math.min(wait * (1 + JITTER * this.#random()), most);
  }
}
