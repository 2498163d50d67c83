/** Size and rate of what a source really gives: what is not offered, ffmpeg and drivers replace without a word. Pure: the clock is handed in. */
import type { CameraState } from '../shared/contract.ts';

export type Format = NonNullable<CameraState['format']>;

/** The rate is measured from 1 s to 3 s after the first frame: some sources begin with a burst, cameras with a stutter. */
const MEASURE_FROM_MS = 1_000;
const MEASURE_FOR_MS = 2_000;
/** From then on in spans of this length: it changes with the light. A new rate has to hold for two, one may have been a busy machine. */
const SPAN_MS = 5_000;
const SPANS = 2;
/** A measured rate so near to the one that was asked for is that one. */
const NEAR = 0.1;
/** So many frames of a new size in a row make it the size; a single one is a frame gone wrong. */
const NEW_SIZE_FRAMES = 3;

export class FormatMeter {
  #format: Format;
  #first: number | null = null;
  #measuring: { since: number; frames: number } | null = null;
  readonly #asked: number;
  /** Spans in a row with another rate than the one told; null before the first measurement. */
  #strange: number | null = null;
  #odd = { width: 0, height: 0, frames: 0 };

  /** @param asked the rate that was asked for; `pixel` and `encoded` are known */
  constructor(asked: { fps: number; pixel: string; encoded: boolean }) {
    this.#asked = asked.fps;
    this.#format = { pixel: asked.pixel, width: 0, height: 0, fps: asked.fps, encoded: asked.encoded };
  }

  /** A frame went by at `now` (ms, monotonic). Returns the format when its rate has turned out to be another, or changed. */
  count(now: number): Format | null {
    this.#first ??= now;
    if (now - this.#first < MEASURE_FROM_MS) return null;
    this.#measuring ??= { since: now, frames: -1 };
    this.#measuring.frames++;
    const elapsed = now - this.#measuring.since;
    if (elapsed < (this.#strange === null ? MEASURE_FOR_MS : SPAN_MS)) return null;
    const rate = (this.#measuring.frames * 1000) / elapsed;
    this.#measuring = { since: now, frames: 0 };
    return this.#judge(rate);
  }

  /** A whole frame's size. Returns the format when it is the first one, or the size has changed for good. */
  measure(width: number, height: number): Format | null {
    const known = this.#format;
    if (known.width === width && known.height === height) {
      this.#odd.frames = 0;
      return null;
    }
    const again = this.#odd.width === width && this.#odd.height === height;
    this.#odd = { width, height, frames: again ? this.#odd.frames + 1 : 1 };
    if (known.width > 0 && this.#odd.frames < NEW_SIZE_FRAMES) return null;
    this.#format = { ...known, width, height };
    return this.#format;
  }

  #judge(rate: number): Format | null {
    const isFirst = this.#strange === null;
    this.#strange = isNear(rate, this.#format.fps) ? 0 : (this.#strange ?? 0) + 1;
    if (this.#strange === 0 || (!isFirst && this.#strange < SPANS)) return null;
    this.#strange = 0;
    const fps = rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate);
    this.#format = { ...this.#format, fps: isNear(rate, this.#asked) ? this.#asked : fps };
    return this.#format;
  }
}

function isNear(rate: number, other: number): boolean {
  return Math.abs(rate - other) <= NEAR * other;
}
