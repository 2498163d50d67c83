import { chmodSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { FaultError } from '../shared/fault.ts';
import type { GatheringLog } from '../shared/gathering-log.ts';
import type { BrokerSettings } from '../shared/settings.ts';
import type { Place, Places } from './places.ts';

/** A peer has so long for its TLS handshake, in ms. */
const HANDSHAKE_MS = 10_000;
const HANDSHAKE_FAILED = 'a TLS handshake failed: the peer may not know who signed BROKER_TLS_CERT, or may not speak TLS';
/**
 * A peer that has been silent for so long is asked by TCP whether it is there; libuv asks ten times, a second apart. So one that has gone without
 * a word, cable and all, is noticed after 40 s, also when its keep-alive is 0 or a day: a program of MQTT 3.1.1 cannot be given another one.
 * While something that was sent to it waits to be acknowledged TCP asks in its own time (tcp(7), tcp_retries2: up to 15 minutes).
 */
const PROBE_AFTER_MS = 30_000;
const TCP = { noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS };

export interface Listener {
  port: number;
  close(): Promise<void>;
}

type Take = (socket: net.Socket, place: Place) => void;

export interface ListenerParts {
  places: Places;
  gathering: Pick<GatheringLog, 'tell'>;
  take: Take;
}

/** Opens TCP first, then the Unix socket and TLS where set. Throws FaultError naming the address that cannot be had; then none is open. */
export async function openListeners(settings: BrokerSettings['broker'], { places, gathering, take }: ListenerParts): Promise<Listener[]> {
  const { host, port, socket, tlsCert, tlsKey, tlsPort } = settings;
  const opened: Listener[] = [];
  try {
    opened.push(await open(net.createServer(TCP, gate(places, take)), { host, port }, 'BROKER_PORT'));
    if (socket) opened.push(await openUnixSocket(socket, places, take));
    if (tlsCert && tlsKey) {
      const secure = secured({ cert: readPem('BROKER_TLS_CERT', tlsCert), key: readPem('BROKER_TLS_KEY', tlsKey) }, gathering, take);
      const listener = await open(net.createServer(TCP, gate(places, secure.take)), { host, port: tlsPort }, 'BROKER_TLS_PORT');
      opened.push({ ...listener, close: () => Promise.all([listener.close(), secure.end()]).then(() => {}) });
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    throw error;
  }
}

/** Nothing is read of a connection that finds no place. */
function gate(places: Places, take: Take, isUnix = false): (socket: net.Socket) => void {
  return (socket) => {
    const place = places.admit(socket, isUnix, performance.now());
    if (place) take(socket, place);
  };
}

/** Takes connections once their handshake is done; `end` closes those that are still about it. */
function secured(pems: { cert: Buffer; key: Buffer }, gathering: ListenerParts['gathering'], take: Take): { take: Take; end(): void } {
  /** Those in their handshake, by the peer's address and port, which a connection has in common with what comes of it. */
  const begun = new Map<string, { socket: net.Socket; place: Place }>();
  const keyOf = ({ remoteAddress, remotePort }: net.Socket) => `${remoteAddress} ${remotePort}`;
  const server = tls.createServer({ ...pems, handshakeTimeout: HANDSHAKE_MS }, (socket) => {
    const place = begun.get(keyOf(socket))?.place;
    begun.delete(keyOf(socket));
    if (place) take(socket, place);
    else socket.destroy();
  });
  server.on('tlsClientError', ({ message }, socket) => {
    gathering.tell('info', HANDSHAKE_FAILED, { from: socket.remoteAddress, cause: message });
    socket.destroy();
  });
  return {
    take: (socket, place) => {
      const key = keyOf(socket);
      begun.set(key, { socket, place });
      socket.once('close', () => begun.delete(key));
      server.emit('connection', socket);
    },
    end: () => {
      for (const { socket } of begun.values()) socket.destroy();
    },
  };
}

async function openUnixSocket(path: string, places: Places, take: Take): Promise<Listener> {
  if (await isAnswered(path)) throw new FaultError(`another broker listens on ${path}: stop it, or set BROKER_SOCKET to another path`);
  try {
    // Only what a killed broker left over: a file that stands there by mistake is somebody's.
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // There was none; any other obstacle shows when we listen.
  }
  const listener = await open(net.createServer(gate(places, take, true)), { path }, 'BROKER_SOCKET');
  // The group shares the bus: in containers and under systemd the services have users of their own.
  chmodSync(path, 0o660);
  return listener;
}

function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect({ path });
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function open(server: net.Server, where: { host: string; port: number } | { path: string }, setting: string): Promise<Listener> {
  const name = 'path' in where ? where.path : `${where.host}:${where.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error: NodeJS.ErrnoException) => reject(new FaultError(explain(error, name, setting), { cause: error })));
  server.listen(where, resolve);
  await promise;
  const address = server.address();
  return {
    port: address && typeof address === 'object' ? address.port : 0,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

function explain(error: NodeJS.ErrnoException, name: string, setting: string): string {
  if (error.code === 'EADDRINUSE') return `${name} is taken by another program: stop that one, or set ${setting} to something else`;
  if (error.code === 'EACCES')
    return `the broker may not listen on ${name}: set ${setting} to something this user may use, such as a port above 1023`;
  return `the broker cannot listen on ${name} (${error.code}): set ${setting} or BROKER_HOST to something this machine has`;
}

function readPem(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new FaultError(`${setting} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
