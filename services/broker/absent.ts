/**
 * Sessions that are kept for clients which are absent: so many, for so long. For one more the one that was left first is forgotten. MQTT 5
 * clients may ask for less time; those of 3.1.1 that ask for a session get one without an end (3.1.2.4), if nobody puts one to it. Pure.
 */
export const MAX_SESSIONS = 1_000;
export const MAX_SESSION_S = 86_400;

export class Absent {
  /** Client id -> when it was left, in ms, monotonic; the one that was left first stands first. */
  readonly #since = new Map<string, number>();

  /** A client has gone, and its session is kept. */
  leave(clientId: string, now: number): void {
    this.#since.delete(clientId);
    this.#since.set(clientId, now);
  }

  /** It is back, or its session has ended. */
  remove(clientId: string): void {
    this.#since.delete(clientId);
  }

  /** Those that are too many, or were left too long ago at `now` (ms): they count no longer, and have to be forgotten. */
  *takeOver(now: number): Generator<{ clientId: string; isTooMany: boolean }> {
    for (const [clientId, since] of this.#since) {
      const isTooMany = this.#since.size > MAX_SESSIONS;
      if (!isTooMany && now - since < MAX_SESSION_S * 1_000) return;
      this.#since.delete(clientId);
      yield { clientId, isTooMany };
    }
  }
}
