import net from 'node:net';

/** Where a server listens: a Unix socket, TCP with or without TLS, or a WebSocket. */
export type Address = { path: string } | { host: string; port: number; tls?: boolean } | { webSocket: string };

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

/** The address that an `MQTT_URL` means. */
export function addressOf(url: string): Address {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol === 'mqtt+unix:') return { path: decodeURIComponent(pathname) };
  if (protocol === 'ws:' || protocol === 'wss:') return { webSocket: url };
  const tls = protocol === 'mqtts:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (tls ? 8883 : 1883)), tls };
}

/** The address as people write it. */
export function shownAddress(address: Address): string {
  if ('path' in address) return address.path;
  if ('webSocket' in address) return address.webSocket;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** Opens a connection, of which the listener hears. TLS and WebSocket are loaded only where they are used. */
export async function openWire(address: Address, listener: WireListener): Promise<void> {
  if ('webSocket' in address) return openWebSocket(address.webSocket, listener);
  const isTls = 'tls' in address && address.tls === true;
  const socket = isTls ? (await import('node:tls')).connect({ ...address, servername: nameOf(address.host) }) : net.connect(address);
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

function openWebSocket(url: string, listener: WireListener): void {
  const socket = new WebSocket(url, 'mqtt');
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => listener.open({ write: (bytes) => socket.send(new Uint8Array(bytes)), close: () => socket.close() });
  socket.onmessage = ({ data }) => listener.bytes(Buffer.from(data as ArrayBuffer));
  socket.onclose = () => listener.lost('it closed the connection');
}
