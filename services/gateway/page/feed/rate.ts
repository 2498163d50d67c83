const WINDOW_MS = 2_000;

/** Pictures a second over the last two seconds. Times are monotonic ms. */
export class Rate {
  #times: number[] = [];

  mark(at: number): void {
    this.#times.push(at);
    this.#forget(at);
  }

  /** Null while fewer than two pictures are known. */
  fps(now: number): number | null {
    this.#forget(now);
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (first === undefined || last === undefined || last === first) return null;
    return (1000 * (this.#times.length - 1)) / (last - first);
  }

  clear(): void {
    this.#times = [];
  }

  /** Of a camera slower than one picture in two seconds, the last two pictures are kept. */
  #forget(now: number): void {
    let old = 0;
    while (this.#times.length - old > 2 && now - (this.#times[old] ?? now) > WINDOW_MS) old += 1;
    if (old > 0) this.#times.splice(0, old);
  }
}
