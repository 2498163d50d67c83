/** The package's promise-based memory has no types of its own; what we use of it. */
declare module 'aedes-persistence/asyncPersistence.js' {
  import type { Readable } from 'node:stream';
  import type { AedesPublishPacket, Client } from 'aedes';

  class MemoryPersistence {
    storeRetained(packet: AedesPublishPacket): Promise<void>;
    addSubscriptions(client: Client, subscriptions: { topic: string }[]): Promise<void>;
    outgoingEnqueue(subscriber: { clientId: string }, packet: AedesPublishPacket): Promise<void>;
    outgoingEnqueueCombi(subscribers: { clientId: string }[], packet: AedesPublishPacket): Promise<void>;
    outgoingUpdate(client: Client, packet: AedesPublishPacket): Promise<void>;
    outgoingClearMessageId(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined>;
    outgoingStream(client: Client): Readable;
    incomingStorePacket(client: Client, packet: AedesPublishPacket): Promise<void>;
    incomingGetPacket(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket>;
    incomingDelPacket(client: Client, packet: AedesPublishPacket): Promise<void>;
    cleanSubscriptions(client: { id: string }): Promise<void>;
  }
  export = MemoryPersistence;
}
