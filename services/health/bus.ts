import { PacketCutter } from '../shared/packets.ts';
import { connectPacket, type Login, type Packet, readPacket, subscribePacket } from './mqtt.ts';
import { type Address, openWire } from './wire.ts';

export interface Asked {
  address: Address;
  login: Login;
  /** What is subscribed to after the login; none: the answer to the login is all that is wanted. */
  topics: string[];
  /** The largest packet that is taken, in bytes. */
  maxPacketBytes: number;
  /** Ends the waiting. */
  signal: AbortSignal;
}

export type Message = Extract<Packet, { is: 'publish' }>;

/** How the bus answered: CONNACK's code (MQTT 3.1.1, 3.2.2.3), or why there was none; `timeout` where nothing came at all. */
export type BusAnswer = { code: number } | { lost: string };

/**
 * Asks the message bus, and hears what is retained. Resolves when `take` returns true, the login was all or was refused, the connection is
 * lost, or the signal ends it.
 * @throws FaultError when the authority's certificate cannot be read
 */
export async function askBus(
  { address, login, topics, maxPacketBytes, signal }: Asked,
  take: (message: Message) => boolean,
): Promise<BusAnswer> {
  const { promise, resolve } = Promise.withResolvers<BusAnswer>();
  let answer: BusAnswer = { lost: 'timeout' };
  const cutter = new PacketCutter(() => maxPacketBytes);
  let close = () => {};
  let write = (_bytes: Buffer) => {};
  const hear = (packet: Packet) => {
    if (packet.is === 'publish' && take(packet)) resolve(answer);
    if (packet.is !== 'connack') return;
    answer = { code: packet.code };
    if (packet.code !== 0 || topics.length === 0) resolve(answer);
    else write(subscribePacket(topics));
  };
  signal.addEventListener('abort', () => resolve(answer), { once: true });
  await openWire(address, {
    open: (wire) => {
      ({ close, write } = wire);
      write(connectPacket(`health-${Math.random().toString(36).slice(2, 10)}`, login));
    },
    bytes: (chunk) => {
      try {
        cutter.feed(chunk, (packet) => hear(readPacket(packet)));
      } catch {
        resolve({ lost: 'what answers there does not speak MQTT' });
      }
    },
    lost: (why) => resolve({ lost: why }),
  });
  return await promise.finally(() => close());
}
