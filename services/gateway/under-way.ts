/** Pictures on their way to a client that acknowledges each. Pure. */

/** Of one camera: one that is being looked at, one behind it. */
const MAX_OF_A_CAMERA = 2;

/**
 * Decides whether one more picture may go out to a client that says when it is done with one. What lies on a slow line, in the buffers of
 * its proxies and before a busy browser is then two pictures at most, however large those buffers are: what comes through is fresh.
 * Of several cameras each has one under way, and one of them a second, so that many do not make each other late.
 */
export class UnderWay {
  readonly #counts = new Map<string, number>();
  #sum = 0;

  /** @param cameras how many the client watches */
  admits(id: string, cameras: number): boolean {
    const count = this.#counts.get(id) ?? 0;
    return count === 0 || (count < MAX_OF_A_CAMERA && this.#sum <= cameras);
  }

  sent(id: string): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    this.#sum++;
  }

  /** One of this camera's arrived; false when none was under way. */
  arrived(id: string): boolean {
    const count = this.#counts.get(id) ?? 0;
    if (count === 0) return false;
    this.#sum--;
    if (count === 1) this.#counts.delete(id);
    else this.#counts.set(id, count - 1);
    return true;
  }

  /** The camera is not watched any more. */
  forget(id: string): void {
    this.#sum -= this.#counts.get(id) ?? 0;
    this.#counts.delete(id);
  }
}
