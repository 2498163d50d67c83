/** How much of a stream arrives, and what of it does not. Times are monotonic ms. */
const WINDOW_MS = 2_000;
/** Pictures left out are counted over so long. */
const DROPS_MS = 60_000;
/** A gap in the numbers that is wider is no loss but a camera that began anew. */
const MAX_GAP = 1_000;
/** No list is longer than this many entries: 240 pictures a second over the longer time. */
const MAX_ENTRIES = 14_400;

type Entry = { at: number; amount: number };

export class Meter {
  #bytes: Entry[] = [];
  #drops: Entry[] = [];
  #last: number | null = null;

  /** A picture came. @param seq its number at the camera; null when it bears none */
  mark(at: number, bytes: number, seq: number | null): void {
    add(this.#bytes, { at, amount: bytes }, WINDOW_MS);
    const gap = seq === null || this.#last === null ? 0 : seq - this.#last - 1;
    if (gap > 0 && gap <= MAX_GAP) add(this.#drops, { at, amount: gap }, DROPS_MS);
    this.#last = seq;
  }

  /** Bits a second over the last two seconds; null while fewer than two pictures came in that time. */
  bitrate(now: number): number | null {
    forget(this.#bytes, now - WINDOW_MS);
    const first = this.#bytes[0];
    const last = this.#bytes.at(-1);
    if (!first || !last || first === last) return null;
    return (8000 * (sum(this.#bytes) - first.amount)) / (last.at - first.at || 1);
  }

  /** Pictures of the last minute that the camera took, and that did not come. */
  dropped(now: number): number {
    forget(this.#drops, now - DROPS_MS);
    return sum(this.#drops);
  }

  /** What does not come from now on is not missed: another rate is wanted, or none. */
  pause(): void {
    this.#last = null;
    this.#drops = [];
  }
}

function add(entries: Entry[], entry: Entry, window: number): void {
  forget(entries, entry.at - window);
  if (entries.length < MAX_ENTRIES) entries.push(entry);
}

function forget(entries: Entry[], before: number): void {
  const kept = entries.findIndex(({ at }) => at >= before);
  entries.splice(0, kept < 0 ? entries.length : kept);
}

function sum(entries: Entry[]): number {
  return entries.reduce((total, { amount }) => total + amount, 0);
}
