import type { AedesPublishPacket, Client } from 'aedes';
import MemoryPersistence from 'aedes-persistence/asyncPersistence.js';

/** Retained messages are kept for so many topics; a value for one more is passed on but not kept. */
const MAX_RETAINED_TOPICS = 10_000;
/** Messages kept for one absent client with a persistent session; further ones are not kept for it. */
const MAX_QUEUED = 1_000;

/** Aedes' memory with bounds on retained topics and on messages that wait for a client. */
export class BoundedMemory extends MemoryPersistence {
  readonly #retained = new Set<string>();
  readonly #queued = new Map<string, number>();
  readonly #onFull: (what: string) => void;

  /** @param onFull is told each time something is not kept */
  constructor(onFull: (what: string) => void) {
    super();
    this.#onFull = onFull;
  }

  override async storeRetained(packet: AedesPublishPacket): Promise<void> {
    if (packet.payload.length === 0) this.#retained.delete(packet.topic);
    else if (this.#retained.has(packet.topic) || this.#retained.size < MAX_RETAINED_TOPICS) this.#retained.add(packet.topic);
    else return this.#onFull(`more than ${MAX_RETAINED_TOPICS} retained topics`);
    return super.storeRetained(packet);
  }

  override async outgoingEnqueueCombi(subscribers: { clientId: string }[], packet: AedesPublishPacket): Promise<void> {
    const withRoom = subscribers.filter(({ clientId }) => {
      const count = this.#queued.get(clientId) ?? 0;
      if (count < MAX_QUEUED) this.#queued.set(clientId, count + 1);
      else this.#onFull(`more than ${MAX_QUEUED} messages waiting for ${clientId}`);
      return count < MAX_QUEUED;
    });
    return super.outgoingEnqueueCombi(withRoom, packet);
  }

  override async outgoingClearMessageId(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined> {
    const cleared = await super.outgoingClearMessageId(client, packet);
    const count = this.#queued.get(client.id) ?? 0;
    if (cleared && count > 1) this.#queued.set(client.id, count - 1);
    else if (cleared) this.#queued.delete(client.id);
    return cleared;
  }
}
