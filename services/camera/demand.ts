/** How many viewers a camera has, told by its counters (gateways, and the broker for all other subscribers). Pure. */

/** More counters are nobody's. */
const MAX_COUNTERS = 64;
const COUNT = /^\d{1,9}$/;

export class Demand {
  readonly #counts = new Map<string, { viewers: number; fresh: boolean }>();

  get viewers(): number {
    let sum = 0;
    for (const { viewers } of this.#counts.values()) sum += viewers;
    return sum;
  }

  /** A counter's value as text; an empty one takes the counter out, one that is no whole number is ignored. */
  count(counter: string, text: string): void {
    if (text === '') this.#counts.delete(counter);
    else if (COUNT.test(text) && (this.#counts.has(counter) || this.#counts.size < MAX_COUNTERS)) {
      this.#counts.set(counter, { viewers: Number(text), fresh: true });
    }
  }

  /** A new connection: counters that still exist come again, as retained values. */
  doubtAll(): void {
    for (const value of this.#counts.values()) value.fresh = false;
  }

  /** Forgets those that did not come again. */
  forgetDoubted(): void {
    for (const [counter, { fresh }] of this.#counts) if (!fresh) this.#counts.delete(counter);
  }
}
