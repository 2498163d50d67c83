/** So many small frames a second a camera makes at most. */
const SMALL_FPS = 15;
/** Whole pictures that are so old when they come, in ms, and so few of those there are, are too large for the line. */
const OLD_MS = 500;
const FEW = 0.4;
/** That has to be so for a while, in ms: a line that falters once is none. */
const PATIENCE_MS = 1_500;
/** Where nearly all small ones come the line may carry whole ones: after so long that is tried, and after a trial that failed twice as long. */
const NEARLY = 0.8;
const FIRST_TRIAL_MS = 10_000;
const LAST_TRIAL_MS = 300_000;

/** How one camera's pictures come. */
export interface Flow {
  /** How old the last one was when it was drawn, in ms; null when it does not tell. */
  delay: number | null;
  /** Pictures a second that come. */
  fps: number | null;
  /** And that the camera takes. */
  most: number;
}

/**
 * Decides whether a camera's small frames have to do, since on a narrow line the whole ones are few, and old when they come. Old alone is no
 * reason: the clock of the camera may be wrong. Pure; times are monotonic ms.
 */
export class Thrift {
  #saves = false;
  /** Since when there is a reason for the other. */
  #since: number | null = null;
  #wait = FIRST_TRIAL_MS;
  #triedAt = Number.NEGATIVE_INFINITY;

  get saves(): boolean {
    return this.#saves;
  }

  /** Looks anew, a few times a second; tells whether it has decided otherwise. */
  look(now: number, { delay, fps, most }: Flow): boolean {
    const isReason = this.#saves
      ? fps !== null && fps >= NEARLY * Math.min(most, SMALL_FPS)
      : delay !== null && delay > OLD_MS && fps !== null && fps < FEW * Math.min(most, SMALL_FPS);
    if (!isReason) this.#since = null;
    else this.#since ??= now;
    if (this.#since === null || now - this.#since < (this.#saves ? this.#wait : PATIENCE_MS)) return false;
    this.#since = null;
    if (this.#saves) this.#triedAt = now;
    else this.#wait = now - this.#triedAt < LAST_TRIAL_MS ? Math.min(2 * this.#wait, LAST_TRIAL_MS) : FIRST_TRIAL_MS;
    this.#saves = !this.#saves;
    return true;
  }
}
