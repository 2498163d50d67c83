/**
 * One picture at a time, decoded off the thread that asks; of those that come meanwhile only the newest is kept. A decoded picture is
 * handed over without a copy, to the canvas or the video: nothing is left to be freed.
 */
import { type Brush, brushFor } from './brush.ts';
import type { Surface } from './messages.ts';

export type Jpeg = Uint8Array<ArrayBuffer>;

interface Job {
  jpeg: Jpeg;
  /** Is called in any case, when its turn is over. */
  done: (drawn: boolean) => void;
}

export class Painter {
  #brush: Brush | null = null;
  #next: Job | null = null;
  #decoding = false;
  /** Counts the clearings: a picture that was decoded across one is not drawn any more. */
  #era = 0;
  #size = { width: 0, height: 0 };

  /** Where pictures are drawn from now on; null: nowhere. */
  set surface(surface: Surface | null) {
    this.#brush?.leave();
    this.#brush = surface && brushFor(surface);
  }

  get isAttached(): boolean {
    return this.#brush !== null;
  }

  /** Draws a JPEG file, unless a newer one comes before its turn. */
  show(jpeg: Jpeg, done: Job['done']): void {
    this.#next?.done(false);
    this.#next = { jpeg, done };
    if (!this.#decoding) void this.#drawAll();
  }

  clear(): void {
    this.#era += 1;
    this.#next?.done(false);
    this.#next = null;
    this.#brush?.clear();
  }

  /** Of the picture that was drawn last, in pixels. */
  get size(): { width: number; height: number } {
    return this.#size;
  }

  async #drawAll(): Promise<void> {
    this.#decoding = true;
    for (let next = this.#next; next; next = this.#next) {
      this.#next = null;
      const era = this.#era;
      const drawn = await this.#draw(next.jpeg, () => era === this.#era);
      if (drawn) this.#size = drawn;
      next.done(drawn !== null);
    }
    this.#decoding = false;
  }

  /** The picture's size; null when it is none, or is not wanted any more. */
  async #draw(jpeg: Jpeg, isWanted: () => boolean): Promise<{ width: number; height: number } | null> {
    try {
      return (await this.#brush?.draw(jpeg, isWanted)) ?? null;
    } catch {
      return null; // Not a picture. The next one may be, and when none is, the page says how old the last one is.
    }
  }
}
