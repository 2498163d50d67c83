/** Lets through at most `fps` pictures a second of a stream whose own rate it does not know. Pure: the clock is handed in. */
export class Pace {
  #interval: number;
  #due = Number.NEGATIVE_INFINITY;

  /** @param fps pictures a second; 0 lets none through, Infinity all */
  constructor(fps: number) {
    this.#interval = 1000 / fps;
  }

  /** What is due stays so if the rate is the same. */
  set fps(fps: number) {
    if (this.#interval === 1000 / fps) return;
    this.#interval = 1000 / fps;
    this.#due = Number.NEGATIVE_INFINITY;
  }

  /**
   * May a picture go out at `now` (ms, monotonic)? A true counts it as gone.
   * Pictures come with jitter, so one a quarter of an interval early is taken: else 30 a second paced to 30 would lose some.
   */
  admit(now: number): boolean {
    if (this.#interval === Number.POSITIVE_INFINITY || now < this.#due - this.#interval / 4) return false;
    // The next is due one interval after this one was, so the mean holds; but nothing is made up for a pause.
    this.#due = Math.max(this.#due + this.#interval, now + this.#interval / 2);
    return true;
  }
}
