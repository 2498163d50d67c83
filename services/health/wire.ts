import { subscribe } from 'node:diagnostics_channel';
import net from 'node:net';

/** Where a server listens: a Unix socket, TCP with or without TLS, or a WebSocket. `ca` is the file of the authority that vouches for it. */
export type Address = { path: string } | { host: string; port: number; tls?: boolean; ca?: string } | { webSocket: string; ca?: string };

export interface Wire {
  write(bytes: Buffer): void;
  close(): void;
}

export interface WireListener {
  open(wire: Wire): void;
  bytes(chunk: Buffer): void;
  /** It could not be opened, or has ended. @param why such as ECONNREFUSED */
  lost(why: string): void;
}

/** The address that an `MQTT_URL` means, with `MQTT_TLS_CA`. */
export function addressOf(url: string, ca?: string): Address {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol === 'mqtt+unix:') return { path: decodeURIComponent(pathname) };
  const vouched = ca === undefined ? {} : { ca };
  if (protocol === 'ws:' || protocol === 'wss:') return { webSocket: url, ...vouched };
  const tls = protocol === 'mqtts:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (tls ? 8883 : 1883)), tls, ...vouched };
}

/** The address as people write it. */
export function shownAddress(address: Address): string {
  if ('path' in address) return address.path;
  if ('webSocket' in address) return address.webSocket;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/**
 * Opens a connection, of which the listener hears. TLS and WebSocket are loaded only where they are used.
 * @throws FaultError when the authority's certificate cannot be read
 */
export async function openWire(address: Address, listener: WireListener): Promise<void> {
  if ('webSocket' in address) return await openWebSocket(address, listener);
  const isTls = 'tls' in address && address.tls === true;
  const socket = isTls ? (await import('node:tls')).connect(await secureOptions(address)) : net.connect(address);
  let why = 'it closed the connection';
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    listener.open({ write: (bytes) => socket.write(bytes), close: () => socket.destroy() });
  });
  socket.on('data', (chunk: Buffer) => listener.bytes(chunk));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    why = error.code ?? error.message;
  });
  socket.once('close', () => listener.lost(why));
}

/** Server Name Indication knows no addresses (RFC 6066, 3). */
function nameOf(host: string): string {
  return net.isIP(host) ? '' : host;
}

async function secureOptions({ host, port, ca }: Extract<Address, { host: string }>) {
  return { host, port, ca: await authority(ca), servername: nameOf(host) };
}

async function authority(ca: string | undefined): Promise<Buffer | undefined> {
  return ca === undefined ? undefined : (await import('../shared/authority.ts')).readAuthority(ca);
}

async function openWebSocket({ webSocket: url, ca }: Extract<Address, { webSocket: string }>, listener: WireListener): Promise<void> {
  const trusted = await authority(ca);
  // The WebSocket of Node takes no authority, but this process has no other connection.
  if (trusted) (await import('node:tls')).setDefaultCACertificates([trusted.toString()]);
  let why = 'it closed the connection';
  // The WebSocket keeps to itself why it could not be opened.
  subscribe('undici:client:connectError', (message) => {
    why = (message as { error?: NodeJS.ErrnoException }).error?.code ?? why;
  });
  const socket = new WebSocket(url, 'mqtt');
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => listener.open({ write: (bytes) => socket.send(new Uint8Array(bytes)), close: () => socket.close() });
  socket.onmessage = ({ data }) => listener.bytes(Buffer.from(data as ArrayBuffer));
  socket.onclose = () => listener.lost(why);
}
