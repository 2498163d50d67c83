import { networkName } from '../shared/machine-name.ts';
import type { GatewaySettings } from '../shared/settings.ts';

export interface Place {
  /** As `os.hostname()` gives it. */
  host: string;
  /** In a container nobody outside knows its name, nor its port. */
  isContainer: boolean;
  /** Where it is served; the setting's may be 0. */
  port: number;
}

const LOOPBACK = /^(localhost|127\..*|::1|\[::1\])$/;

/** The page's address as other machines would have it, whether or not they may. Pure. */
export function ownAddress({ basePath }: Pick<GatewaySettings['gateway'], 'basePath'>, { host, port }: Place): string {
  return `http://${networkName(host)}:${port}${basePath}`;
}

/** Where others open the page: what is set, else the machine's own name if they reach it by that; null when nobody can know. Pure. */
export function pageAddress(gateway: Pick<GatewaySettings['gateway'], 'url' | 'host' | 'basePath'>, place: Place): string | null {
  if (gateway.url) return gateway.url;
  return place.isContainer || LOOPBACK.test(gateway.host) ? null : ownAddress(gateway, place);
}
