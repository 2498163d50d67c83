interface Sample {
  /** Server time less our own, in ms. */
  offset: number;
  /** Half the round trip: the true offset lies within `offset ± doubt`. */
  doubt: number;
}

const KEPT = 8;
/** Before the first answer: the state message says what time it is, but not how long it was under way. */
const ROUGH_DOUBT = 60_000;

/**
 * What time it is at the server, without trusting the clock of this machine: asked as NTP does (RFC 5905, 8), and the answer that was
 * quickest is believed. All local times are monotonic ms (`performance.now()`).
 */
export class ServerClock {
  #samples: Sample[] = [];

  /** A time the server told, read at `received`, of which nobody knows how long it was under way. */
  roughly(server: number, received: number): void {
    if (this.#samples.length === 0) this.#samples.push({ offset: server - received, doubt: ROUGH_DOUBT });
  }

  /** A ping that left at `sent`, the answer's server time, and when that came in. */
  sample(sent: number, server: number, received: number): void {
    const sample = { offset: server - (sent + received) / 2, doubt: (received - sent) / 2 };
    const best = this.#best();
    // Two answers that cannot both be right: a clock was set in between, or this machine slept. The new one counts.
    if (best && Math.abs(best.offset - sample.offset) > best.doubt + sample.doubt + 1) this.#samples = [];
    this.#samples.push(sample);
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Server time in ms since 1970 at local time `at`; null while nothing is known of it. */
  at(at: number): number | null {
    const best = this.#best();
    return best ? at + best.offset : null;
  }

  #best(): Sample | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) if (best && sample.doubt < best.doubt) best = sample;
    return best;
  }
}
