/** Who may come in and what is out of bounds. Pure; the finer rules of each user are to come here. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { clientIdPrefix } from '../shared/contract.ts';

export interface Access {
  /** May this user in with this password? Takes the same time whether the user exists or not. */
  mayConnect(username: string | undefined, password: Buffer | undefined): boolean;
  /** Topics that begin with `$` are the broker's own: nobody publishes or reads them (aedes 597). */
  mayUse(topic: string): boolean;
  /** Gateways count their own viewers, so the broker must not count them once more. */
  isGateway(username: string | undefined, clientId: string): boolean;
}

const digest = (text: string | Buffer) => createHash('sha256').update(text).digest();

/**
 * @param users name -> password; null lets anyone in
 * @param prefix `MQTT_PREFIX`; without users a gateway is known by its client id
 */
export function createAccess(users: ReadonlyMap<string, string> | null, prefix: string): Access {
  const digests = users && new Map([...users].map(([name, password]) => [name, digest(password)]));
  const nobody = Buffer.alloc(32);
  const gatewayIds = clientIdPrefix(prefix, 'gateway');
  return {
    mayConnect(username, password) {
      if (!digests) return true;
      const wanted = digests.get(username ?? '');
      return timingSafeEqual(digest(password ?? ''), wanted ?? nobody) && wanted !== undefined;
    },
    mayUse: (topic) => !topic.startsWith('$'),
    isGateway: (username, clientId) => (digests ? username === 'gateway' : clientId.startsWith(gatewayIds)),
  };
}
