/** How many viewers a camera has, told by its counters (gateways, and the broker for all other subscribers). Pure. */
import { parseSmallWish, type SmallWish } from '../shared/contract.ts';

/** More counters are nobody's. */
const MAX_COUNTERS = 64;
const COUNT = /^\d{1,9}$/;

const NOBODY: SmallWish = { viewers: 0, fps: 0 };

export class Demand {
  readonly #counts = new Map<string, { viewers: number; fresh: boolean }>();
  /** Of small frames. */
  readonly #wishes = new Map<string, SmallWish & { fresh: boolean }>();

  /** Those who want whole frames. */
  get viewers(): number {
    let sum = 0;
    for (const { viewers } of this.#counts.values()) sum += viewers;
    return sum;
  }

  /**
   * Those who want small frames, and the highest rate that is wanted of these. A Last Will covers one topic, so a counter that has gone
   * takes out its count of whole frames only: without that one its wish is nobody's.
   */
  get small(): SmallWish {
    const wishes = [...this.#counts.keys()].map((counter) => this.#wishes.get(counter) ?? NOBODY).filter(({ viewers }) => viewers > 0);
    return { viewers: wishes.reduce((sum, { viewers }) => sum + viewers, 0), fps: Math.max(0, ...wishes.map(({ fps }) => fps)) };
  }

  /** A counter's value as text; an empty one takes the counter out, one that is no whole number is ignored. */
  count(counter: string, text: string): void {
    if (text === '') this.#counts.delete(counter);
    else if (COUNT.test(text) && (this.#counts.has(counter) || this.#counts.size < MAX_COUNTERS)) {
      this.#counts.set(counter, { viewers: Number(text), fresh: true });
    }
  }

  /** A counter's wish for small frames as text; an empty one takes it out, one that is no wish is ignored. */
  countSmall(counter: string, text: string): void {
    const wish = parseSmallWish(text);
    if (text === '') this.#wishes.delete(counter);
    else if (wish && (this.#wishes.has(counter) || this.#wishes.size < MAX_COUNTERS)) this.#wishes.set(counter, { ...wish, fresh: true });
  }

  /** A new connection: counters that still exist come again, as retained values. */
  doubtAll(): void {
    for (const value of [...this.#counts.values(), ...this.#wishes.values()]) value.fresh = false;
  }

  /** Forgets those that did not come again. */
  forgetDoubted(): void {
    for (const [counter, { fresh }] of this.#counts) if (!fresh) this.#counts.delete(counter);
    for (const [counter, { fresh }] of this.#wishes) if (!fresh || !this.#counts.has(counter)) this.#wishes.delete(counter);
  }
}
