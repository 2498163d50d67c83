import { networkName } from '../shared/machine-name.ts';
import type { Settings } from '../shared/settings.ts';

/**
 * What the owner is told: where the page is, and every login. Pure.
 * @param host the machine's name
 */
export function welcome({ gateway }: Pick<Settings, 'gateway'>, secrets: ReadonlyMap<string, string>, host: string): string {
  const name = networkName(host);
  const page = `http://${name}:${gateway.port}${gateway.basePath}`;
  const token = gateway.token ?? secrets.get('gateway-token');
  const password = gateway.password ? 'as set in GATEWAY_PASSWORD' : secrets.get('gateway-password');
  const lines = [
    '',
    'HomeGuard is set up. Open this address:',
    '',
    gateway.auth ? `${page}login?token=${token}` : page,
    '',
    `Where ${name} is not found, put the machine's IP address in its place.`,
    ...(gateway.auth ? [`Login form:  password ${password}`] : ['GATEWAY_AUTH is off: whoever reaches this address sees every camera.']),
    `MQTT:        user homeassistant, password ${secrets.get('mqtt-homeassistant')}, once its port is open`,
    '',
  ];
  return lines.map((line) => (line ? `  ${line}\n` : '\n')).join('');
}
