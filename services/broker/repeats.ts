import type { Aedes, AedesPublishPacket, Client } from 'aedes';

/** Copies of one message come right after each other; so many messages at most overtake one another in between. */
const REMEMBERED = 64;

/**
 * Which messages a client was given already: where several of its subscriptions match, it gets one copy. Aedes itself remembers only the
 * newest message's number. But a retained value is stored before it goes out, and what its publisher sends right after it may overtake it
 * meanwhile: the value would then be taken for a copy, and never come.
 */
export class Repeats {
  readonly #numbers = new Array<number>(REMEMBERED).fill(0);
  #next = 0;

  /** Was this message given already? If not, it counts as given from now on. */
  isRepeat({ brokerId, brokerCounter }: Pick<AedesPublishPacket, 'brokerId' | 'brokerCounter'>): boolean {
    // Retained messages that answer a subscription bear no number.
    if (!brokerId) return false;
    if (this.#numbers.includes(brokerCounter)) return true;
    this.#numbers[this.#next] = brokerCounter;
    this.#next = (this.#next + 1) % REMEMBERED;
    return false;
  }
}

/** Takes Aedes' own comparison out of a client's way. */
export function leaveRepeatsToUs({ id }: Aedes, client: Client): void {
  const { duplicates } = client as Client & { duplicates: Record<string, number> };
  Object.defineProperty(duplicates, id, { get: () => 0, set: () => {} });
}
