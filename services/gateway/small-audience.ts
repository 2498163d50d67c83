/** Who gets a camera's small frames instead of its whole ones, and when. Pure: the clock is handed in. */
import { MAX_SMALL_FPS, type SmallWish } from '../shared/contract.ts';
import type { Picture } from './picture.ts';
import type { Viewer } from './viewer.ts';

/** A picture is wide enough for a screen that is so much wider: nobody sees the difference. */
const WIDE_ENOUGH = 1.25;
/** Fewer a second are not asked for: a viewer that waits longer takes it for a stalled line. */
const MIN_FPS = 2;
/** Without a small frame for so long, or 2.5 times the camera's own interval if that is longer, whole ones are shown, in ms. */
const SILENT_MS = 2_000;
/** When none has come for so long, somebody on the way does not let them through: then none are asked for for a while, in ms. */
const ASK_MS = 10_000;
const REST_MS = 60_000;
/** A small frame is older than whole ones that came before it by the time it takes to make it, never by more than this, in ms. */
export const LAG_MS = 1_000;

type Size = { width: number; height: number };
/** Whole frames up to this number were shown already; looked at for a moment only, since a camera that begins anew counts anew. */
type Floor = { seq: number; until: number };

export class SmallAudience {
  readonly #viewers = new Map<Viewer, Floor | null>();
  #phase: 'none' | 'asked' | 'flowing' = 'none';
  /** When it was asked, or the last one came. */
  #since = Number.NEGATIVE_INFINITY;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #newest: Picture | null = null;

  /** Those who get small frames now, and need no whole ones; null: nobody does. */
  get spared(): { has(viewer: Viewer): boolean; size: number } | null {
    return this.#phase === 'flowing' ? this.#viewers : null;
  }

  /** What is to be asked of the camera. */
  get wish(): SmallWish {
    if (this.#phase === 'none') return { viewers: 0, fps: 0 };
    let fps = MIN_FPS;
    for (const viewer of this.#viewers.keys()) fps = Math.max(fps, viewer.room?.()?.fps ?? 0);
    return { viewers: this.#viewers.size, fps: Math.min(MAX_SMALL_FPS, Math.ceil(fps)) };
  }

  /** The newest that came, while they come. */
  get newest(): Picture | null {
    return this.#newest;
  }

  /**
   * Looks whether small frames are enough for a viewer who is there, or has changed.
   * @param small their size; null: there are none
   * @param shown the newest whole frame that it may have been shown
   */
  fit(viewer: Viewer, small: Size | null, shown: Picture | null, now: number): void {
    const room = viewer.room?.();
    if (!room || !small || room.width > small.width * WIDE_ENOUGH) this.#viewers.delete(viewer);
    else if (!this.#viewers.has(viewer)) this.#viewers.set(viewer, floorOf(shown, now));
    this.#settle(now);
  }

  leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#stop();
  }

  /** A small frame came; shows it to those who want it, but not after a newer whole one. @param shown the newest whole frame, if there is one */
  receive(picture: Picture, shown: Picture | null, now: number): void {
    if (this.#phase === 'none') return;
    if (this.#phase === 'asked') for (const viewer of this.#viewers.keys()) this.#viewers.set(viewer, floorOf(shown, now));
    this.#phase = 'flowing';
    this.#since = now;
    this.#newest = picture;
    for (const [viewer, floor] of this.#viewers) {
      if (floor && now < floor.until && picture.stamp && picture.stamp.seq <= floor.seq) continue;
      if (floor) this.#viewers.set(viewer, null);
      viewer.show(picture, now);
    }
  }

  /** To be called a few times a second. @param interval between two of the camera's frames, in ms */
  tick(now: number, interval: number): void {
    const waited = now - this.#since;
    if (this.#phase === 'none') this.#settle(now);
    else if (this.#phase === 'flowing' && waited >= Math.max(SILENT_MS, 2.5 * interval)) this.#ask(now);
    else if (this.#phase === 'asked' && waited >= ASK_MS) {
      this.#stop();
      this.#restsUntil = now + REST_MS;
    }
  }

  #settle(now: number): void {
    if (this.#viewers.size === 0) this.#stop();
    else if (this.#phase === 'none' && now >= this.#restsUntil) this.#ask(now);
  }

  #ask(now: number): void {
    this.#phase = 'asked';
    this.#since = now;
    this.#newest = null;
  }

  #stop(): void {
    this.#phase = 'none';
    this.#newest = null;
  }
}

function floorOf(shown: Picture | null, now: number): Floor | null {
  return shown?.stamp ? { seq: shown.stamp.seq, until: now + LAG_MS } : null;
}
