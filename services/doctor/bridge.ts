/** Asks the house's broker, to which the bridge is to bring the cameras: does it answer, does it know our login? */
import { Bus } from '../shared/bus.ts';
import { FaultError } from '../shared/fault.ts';
import { connected, guestId } from '../shared/guest.ts';
import { createLog } from '../shared/log.ts';
import type { Settings } from '../shared/settings.ts';
import type { BrokerFacts } from './broker.ts';

export interface BridgeFacts extends Pick<BrokerFacts, 'url' | 'username' | 'trouble' | 'version'> {
  /** By its address it is the broker that HomeGuard brings with it. */
  isOurOwn: boolean;
}

/** Nothing is asked of it but whether it is there. */
const MAX_PACKET_BYTES = 64 << 10;

/** Takes at most 3 s; null where no bridge is wanted. Never rejects. */
export async function lookAtBridge({ bridge, broker, mqtt }: Settings): Promise<BridgeFacts | null> {
  const { url, username, password, tlsCa } = bridge;
  if (!url) return null;
  const { protocol, hostname, port } = new URL(url);
  const isThisMachine = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  const isOurOwn = !mqtt.named && protocol === 'mqtt:' && isThisMachine && Number(port || 1883) === broker.port;
  try {
    await using bus = new Bus({
      url,
      clientId: guestId(mqtt.prefix, 'doctor-bridge'),
      credentials: () => ({ username, password }),
      maxPacketBytes: MAX_PACKET_BYTES,
      tlsCa,
      settings: 'BRIDGE',
      log: createLog('silent'),
    });
    return { url, username, isOurOwn, ...(await connected(bus)) };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { url, username, isOurOwn, version: 5, trouble: error.message };
  }
}
