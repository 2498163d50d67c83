import { readSecret } from '../shared/secrets.ts';
import type { Settings } from '../shared/settings.ts';
import { askBus } from './bus.ts';
import type { Login } from './mqtt.ts';
import { unwell, type Verdict, well } from './verdict.ts';
import { type Address, shownAddress } from './wire.ts';

const MAX_PACKET_BYTES = 64 << 10;
/** CONNACK's codes (MQTT 3.1.1, table 3.1) by which a broker refuses a login, and with that has answered. */
const REFUSED = new Set([4, 5]);

/** Does the broker answer MQTT? */
export async function checkBroker({ broker, dataDir }: Settings, signal: AbortSignal): Promise<Verdict> {
  const address: Address = broker.socket ? { path: broker.socket } : { host: reached(broker.host), port: broker.port };
  if ('port' in address && address.port === 0) {
    return unwell('The broker cannot be checked, since BROKER_PORT is 0, which is any free port: set it to a port, or set BROKER_SOCKET.');
  }
  const login = broker.auth ? readLogin(dataDir) : {};
  const answer = await askBus({ address, login, topics: [], maxPacketBytes: MAX_PACKET_BYTES, signal }, () => false);
  const where = shownAddress(address);
  if ('lost' in answer)
    return unwell(`The broker does not answer on ${where} (${answer.lost}): its log says why; start it again if it has ended.`);
  if (answer.code === 0) return well(`The broker answers MQTT on ${where}.`);
  if (REFUSED.has(answer.code)) {
    return well(
      `The broker answers MQTT on ${where}, though it refuses the login of this check, which finds no right password in DATA_DIR.`,
    );
  }
  return unwell(`The broker on ${where} takes no connections (MQTT code ${answer.code}): its log says why.`);
}

function readLogin(dataDir: string): Login {
  try {
    const password = readSecret(dataDir, 'mqtt-healthcheck');
    return password ? { username: 'healthcheck', password } : {};
  } catch {
    // We may not read it: a refusal is an answer, too.
    return {};
  }
}

/** Where a server is reached that listens on all addresses. */
export function reached(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}
