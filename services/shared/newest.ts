/** The rule "newest frame wins" for one outgoing connection. Pure. */

/** Beyond so many topics under way at once, a further one waits for its turn. Three picture topics for each camera. */
const MAX_TOPICS = 192;

/**
 * Decides whether a picture may be written to a connection now. One that may not is skipped, never queued: the reader gets
 * a later one. So what waits for a slow reader is at most one picture of a topic, and two pictures in all.
 */
export class NewestWins {
  /** Bytes of all pictures admitted so far. */
  #admitted = 0;
  /** Topic -> what `#admitted` was behind its last picture. */
  readonly #ends = new Map<string, number>();

  /**
   * @param size the picture's bytes
   * @param backlog bytes handed to the connection that the kernel has not taken yet
   */
  admit(topic: string, size: number, backlog: number): boolean {
    if (backlog === 0) this.#ends.clear();
    else if (backlog >= 2 * size || this.#isUnderWay(topic, backlog)) return false;
    else if (this.#ends.size >= MAX_TOPICS && !this.#ends.has(topic)) return false;
    this.#admitted += size;
    this.#ends.set(topic, this.#admitted);
    return true;
  }

  /** Is part of the topic's last picture among the backlog's bytes? Other messages in between make this err on the safe side. */
  #isUnderWay(topic: string, backlog: number): boolean {
    const end = this.#ends.get(topic);
    return end !== undefined && backlog > this.#admitted - end;
  }
}
