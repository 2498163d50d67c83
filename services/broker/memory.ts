import type { AedesPublishPacket, Client } from 'aedes';
import MemoryPersistence from 'aedes-persistence/asyncPersistence.js';
import { Unreleased } from './unreleased.ts';

/** Retained messages are kept for so many topics, and of so many bytes in all; a value beyond is passed on but not kept. */
const MAX_RETAINED_TOPICS = 10_000;
const MAX_RETAINED_BYTES = 128 << 20;
/** Messages kept for one absent client with a persistent session, and their bytes; further ones are not kept for it. */
const MAX_QUEUED = 1_000;
const MAX_QUEUED_BYTES = 16 << 20;

/** Aedes' memory with bounds on retained topics, on messages that wait for a client, and on those that a client has not released. */
export class BoundedMemory extends MemoryPersistence {
  /** Topic -> bytes. */
  readonly #retained = new Map<string, number>();
  #retainedBytes = 0;
  readonly #queued = new Map<string, { count: number; bytes: number }>();
  readonly #unreleased = new Unreleased();
  readonly #onFull: (what: string) => void;

  /** @param onFull is told each time something is not kept */
  constructor(onFull: (what: string) => void) {
    super();
    this.#onFull = onFull;
  }

  override async storeRetained(packet: AedesPublishPacket): Promise<void> {
    const { topic, payload } = packet;
    const before = this.#retained.get(topic);
    const bytes = this.#retainedBytes - (before ?? 0) + payload.length;
    if (payload.length > 0 && before === undefined && this.#retained.size >= MAX_RETAINED_TOPICS)
      return this.#onFull(`more than ${MAX_RETAINED_TOPICS} retained topics`);
    if (payload.length > 0 && bytes > MAX_RETAINED_BYTES) return this.#onFull(`more than ${MAX_RETAINED_BYTES} bytes of retained messages`);
    this.#retainedBytes = bytes;
    if (payload.length > 0) this.#retained.set(topic, payload.length);
    else this.#retained.delete(topic);
    return super.storeRetained(packet);
  }

  override async outgoingEnqueueCombi(subscribers: { clientId: string }[], packet: AedesPublishPacket): Promise<void> {
    const { length } = packet.payload;
    const withRoom = subscribers.filter(({ clientId }) => {
      const { count, bytes } = this.#queued.get(clientId) ?? { count: 0, bytes: 0 };
      // One message has room, however long it is.
      const hasRoom = count === 0 || (count < MAX_QUEUED && bytes + length <= MAX_QUEUED_BYTES);
      if (hasRoom) this.#queued.set(clientId, { count: count + 1, bytes: bytes + length });
      else this.#onFull(`more than ${MAX_QUEUED} messages or ${MAX_QUEUED_BYTES} bytes waiting for ${clientId}`);
      return hasRoom;
    });
    return super.outgoingEnqueueCombi(withRoom, packet);
  }

  override async outgoingClearMessageId(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined> {
    const cleared = await super.outgoingClearMessageId(client, packet);
    const { count, bytes } = this.#queued.get(client.id) ?? { count: 0, bytes: 0 };
    // Of a QoS 2 message that was received nothing but its id waits.
    const length = cleared?.payload?.length ?? 0;
    if (cleared && count > 1) this.#queued.set(client.id, { count: count - 1, bytes: Math.max(0, bytes - length) });
    else if (cleared) this.#queued.delete(client.id);
    return cleared;
  }

  override async incomingStorePacket({ id }: Client, { messageId }: AedesPublishPacket): Promise<void> {
    if (!this.#unreleased.add(id, messageId ?? 0)) throw new Error('too many messages of QoS 2 that it has not released');
  }

  override async incomingGetPacket({ id }: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket> {
    if (!this.#unreleased.has(id, packet.messageId ?? 0)) throw new Error('no such message');
    return packet;
  }

  /** Never rejects, also when it is released twice at once: nobody would catch that, and the broker would end. */
  override async incomingDelPacket({ id }: Client, { messageId }: AedesPublishPacket): Promise<void> {
    this.#unreleased.release(id, messageId ?? 0);
  }

  override async cleanSubscriptions(client: Client): Promise<void> {
    this.#unreleased.forget(client.id);
    return super.cleanSubscriptions(client);
  }
}
