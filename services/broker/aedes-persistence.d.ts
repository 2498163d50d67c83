/** The package's promise-based memory has no types of its own; what we use of it. */
declare module 'aedes-persistence/asyncPersistence.js' {
  import type { AedesPublishPacket, Client } from 'aedes';

  class MemoryPersistence {
    storeRetained(packet: AedesPublishPacket): Promise<void>;
    outgoingEnqueueCombi(subscribers: { clientId: string }[], packet: AedesPublishPacket): Promise<void>;
    outgoingClearMessageId(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket | undefined>;
    incomingStorePacket(client: Client, packet: AedesPublishPacket): Promise<void>;
    incomingGetPacket(client: Client, packet: AedesPublishPacket): Promise<AedesPublishPacket>;
    incomingDelPacket(client: Client, packet: AedesPublishPacket): Promise<void>;
    cleanSubscriptions(client: Client): Promise<void>;
  }
  export = MemoryPersistence;
}
