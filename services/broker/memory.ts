import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client } from 'aedes';
import MemoryPersistence from 'aedes-persistence/asyncPersistence.js';
import { RECEIVE_MAXIMUM, Unreleased } from './unreleased.ts';
import { Waiting } from './waiting.ts';
import { weightOf } from './weight.ts';

/** Retained messages are kept for so many topics, and of so many bytes in all; a value beyond is passed on but not kept. */
const MAX_RETAINED_TOPICS = 10_000;
const MAX_RETAINED_BYTES = 128 << 20;
/** DISCONNECT's reason (MQTT 5.0, table 3-13). */
const RECEIVE_MAXIMUM_EXCEEDED = 0x93;

/** Aedes' memory with bounds on retained topics, on messages that wait for a client, and on those that a client has not released. */
export class BoundedMemory extends MemoryPersistence {
  /** Topic -> bytes. */
  readonly #retained = new Map<string, number>();
  #retainedBytes = 0;
  readonly #waiting = new Waiting<AedesPublishPacket>();
  readonly #unreleased = new Unreleased();
  readonly #stored = new WeakSet<object>();
  readonly #onFull: (what: string) => void;
  readonly #isGranted: (client: Client, filter: string) => boolean;

  /**
   * @param onFull is told each time something is not kept
   * @param isGranted whether the client was granted that filter
   */
  constructor(onFull: (what: string) => void, isGranted: (client: Client, filter: string) => boolean = () => true) {
    super();
    this.#onFull = onFull;
    this.#isGranted = isGranted;
  }

  override async storeRetained(packet: AedesPublishPacket): Promise<void> {
    const { topic, payload } = packet;
    const weight = payload.length + topic.length + weightOf(packet.properties);
    const before = this.#retained.get(topic);
    const bytes = this.#retainedBytes - (before ?? 0) + (payload.length > 0 ? weight : 0);
    if (payload.length > 0 && before === undefined && this.#retained.size >= MAX_RETAINED_TOPICS)
      return this.#onFull(`more than ${MAX_RETAINED_TOPICS} retained topics`);
    if (payload.length > 0 && bytes > MAX_RETAINED_BYTES) return this.#onFull(`more than ${MAX_RETAINED_BYTES} bytes of retained messages`);
    this.#retainedBytes = bytes;
    if (payload.length > 0) this.#retained.set(topic, weight);
    else this.#retained.delete(topic);
    return super.storeRetained(packet);
  }

  /** Aedes hands in all filters of a SUBSCRIBE for each that was granted: a thousand times a thousand, refused ones among them. */
  override async addSubscriptions(client: Client, subscriptions: { topic: string }[]): Promise<void> {
    if (this.#stored.has(subscriptions)) return;
    this.#stored.add(subscriptions);
    // Then all of them have been asked for.
    await null;
    return super.addSubscriptions(
      client,
      subscriptions.filter(({ topic }) => this.#isGranted(client, topic)),
    );
  }

  override async outgoingEnqueue(subscriber: { clientId: string }, packet: AedesPublishPacket): Promise<void> {
    return this.outgoingEnqueueCombi([subscriber], packet);
  }

  /** At once for all: with a wait for each, a message with few subscribers would overtake one with many. */
  override async outgoingEnqueueCombi(subscribers: { clientId: string }[], packet: AedesPublishPacket): Promise<void> {
    for (const { clientId } of subscribers) {
      const excess = this.#waiting.add(clientId, { ...packet, messageId: undefined });
      if (excess) this.#onFull(excess);
    }
  }

  override async outgoingUpdate({ id }: Client, packet: AedesPublishPacket): Promise<void> {
    if (!this.#waiting.update(id, packet)) throw new Error('no such packet');
  }

  override async outgoingClearMessageId({ id }: Client, { messageId }: AedesPublishPacket): Promise<AedesPublishPacket | undefined> {
    return this.#waiting.take(id, messageId);
  }

  override outgoingStream({ id }: Client): Readable {
    return Readable.from(this.#waiting.list(id));
  }

  override async incomingStorePacket(client: Client, { messageId }: AedesPublishPacket): Promise<void> {
    if (this.#unreleased.add(client.id, messageId ?? 0)) return;
    client.disconnect({ reasonCode: RECEIVE_MAXIMUM_EXCEEDED });
    throw new Error(`more than ${RECEIVE_MAXIMUM} messages of QoS 2 that it has not released [MQTT-3.3.4-7]`);
  }

  override async incomingGetPacket({ id }: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket> {
    if (!this.#unreleased.has(id, packet.messageId ?? 0)) throw new Error('no such message');
    return packet;
  }

  /** Never rejects, also when it is released twice at once: nobody would catch that, and the broker would end. */
  override async incomingDelPacket({ id }: Client, { messageId }: AedesPublishPacket): Promise<void> {
    this.#unreleased.release(id, messageId ?? 0);
  }

  override async cleanSubscriptions(client: { id: string }): Promise<void> {
    this.#unreleased.forget(client.id);
    return super.cleanSubscriptions(client);
  }

  /** The session has come to its end. */
  async forgetSession(clientId: string): Promise<void> {
    this.#waiting.forget(clientId);
    await this.cleanSubscriptions({ id: clientId });
  }
}
