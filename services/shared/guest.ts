/** A program that comes to the bus, asks, and goes: where the bus is, and whether there is a connection. */
import type { Bus } from './bus.ts';
import type { Settings } from './settings.ts';

/** Stands for `trouble` where no answer came at all. */
export const SILENT = 'no answer';

/** The first attempt decides; a second one follows where the bus does not speak MQTT 5. */
const CONNECT_MS = 3_000;
const LOOK_MS = 20;

/** The bus that is named, else where the broker that HomeGuard brings with it listens. */
export function busUrl({ mqtt, broker: { host, port } }: Settings): string {
  if (mqtt.named || port === 0) return mqtt.url;
  const reached = /^(0\.0\.0\.0|::)$/.test(host) ? '127.0.0.1' : host;
  return `mqtt://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/** Not a service's: the bus would send that away for us. */
export function guestId(prefix: string, program: string): string {
  return `${prefix.replaceAll('/', '-')}-${program}-${process.pid}`;
}

export interface Connection {
  /** Why there is none, in the bus's sentence, or SILENT; null when there is one. */
  trouble: string | null;
  /** MQTT 5, or only 3.1.1. */
  version: 5 | 4;
}

/** Waits until there is a connection, or a reason why there is none; 3 s at most. */
export async function connected(bus: Bus): Promise<Connection> {
  const waiting = bus.trouble;
  let version: Connection['version'] = 5;
  await untilSo(() => {
    const isOlder = bus.trouble?.includes('does not speak MQTT 5') ?? false;
    if (isOlder) version = 4;
    return bus.connected || (bus.trouble !== waiting && !isOlder);
  }, CONNECT_MS);
  return { trouble: bus.trouble === waiting ? SILENT : bus.trouble, version };
}

/** The bus tells nobody of its troubles, and nobody that all retained messages have come: both are looked for, for `ms` at most. */
export async function untilSo(isSo: () => boolean, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = setInterval(() => isSo() && resolve(), LOOK_MS);
  const end = setTimeout(resolve, ms);
  await promise;
  clearInterval(look);
  clearTimeout(end);
}
