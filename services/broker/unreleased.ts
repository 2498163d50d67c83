/** So many messages a client may have under way to us, and it is told so (Receive Maximum, MQTT 5.0, 3.2.2.3.3); who has more is closed. */
export const RECEIVE_MAXIMUM = 1_000;
/** The ids of so many clients are kept; for one client more, those of the one that has sent none for longest go. */
const MAX_CLIENTS = 1_000;

/**
 * Messages of QoS 2 that were passed on, and that their clients have not released yet: one that is sent again goes to nobody (MQTT 5.0, 4.3.3).
 * Nothing but their ids is needed for that. Pure.
 */
export class Unreleased {
  readonly #ids = new Map<string, Set<number>>();

  has(clientId: string, messageId: number): boolean {
    return this.#ids.get(clientId)?.has(messageId) ?? false;
  }

  /** False when the client has too many already. */
  add(clientId: string, messageId: number): boolean {
    const ids = this.#ids.get(clientId) ?? new Set();
    if (ids.size >= RECEIVE_MAXIMUM && !ids.has(messageId)) return false;
    this.#ids.delete(clientId);
    this.#ids.set(clientId, ids.add(messageId));
    const [oldest] = this.#ids.keys();
    if (this.#ids.size > MAX_CLIENTS && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }

  release(clientId: string, messageId: number): void {
    const ids = this.#ids.get(clientId);
    if (ids?.delete(messageId) && ids.size === 0) this.#ids.delete(clientId);
  }

  /** The client's session has ended. */
  forget(clientId: string): void {
    this.#ids.delete(clientId);
  }
}
