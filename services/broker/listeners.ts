import { chmodSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { FaultError } from '../shared/fault.ts';
import type { Logger } from '../shared/log.ts';
import type { BrokerSettings } from '../shared/settings.ts';

/** Connections at once on each listener; one more is closed at once, and the log says so. */
const MAX_CONNECTIONS = 1_000;
/** Such logs come at most once in this time, in ms. */
const DROP_LOG_MS = 10_000;

export interface Listener {
  port: number;
  close(): Promise<void>;
}

type Take = (socket: net.Socket) => void;

/** Opens TCP first, then the Unix socket and TLS where set. Throws FaultError naming the address that cannot be had; then none is open. */
export async function openListeners(settings: BrokerSettings['broker'], take: Take, log: Logger): Promise<Listener[]> {
  const { host, port, socket, tlsCert, tlsKey, tlsPort } = settings;
  const opened: Listener[] = [];
  try {
    opened.push(await open(net.createServer({ noDelay: true }, take), { host, port }, 'BROKER_PORT', log));
    if (socket) opened.push(await openUnixSocket(socket, take, log));
    if (tlsCert && tlsKey) {
      const server = tls.createServer(
        { cert: readPem('BROKER_TLS_CERT', tlsCert), key: readPem('BROKER_TLS_KEY', tlsKey), noDelay: true },
        take,
      );
      opened.push(await open(server, { host, port: tlsPort }, 'BROKER_TLS_PORT', log));
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    throw error;
  }
}

async function openUnixSocket(path: string, take: Take, log: Logger): Promise<Listener> {
  if (await isAnswered(path)) throw new FaultError(`another broker listens on ${path}: stop it, or set BROKER_SOCKET to another path`);
  try {
    // Only what a killed broker left over: a file that stands there by mistake is somebody's.
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // There was none; any other obstacle shows when we listen.
  }
  const listener = await open(net.createServer(take), { path }, 'BROKER_SOCKET', log);
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

async function open(
  server: net.Server,
  where: { host: string; port: number } | { path: string },
  setting: string,
  log: Logger,
): Promise<Listener> {
  const name = 'path' in where ? where.path : `${where.host}:${where.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.maxConnections = MAX_CONNECTIONS;
  let droppedAt = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    if (performance.now() - droppedAt < DROP_LOG_MS) return;
    droppedAt = performance.now();
    log.warn(`more than ${MAX_CONNECTIONS} connections on ${name}: further ones are closed`);
  });
  server.on('tlsClientError', () => {}); // A peer that fails its handshake is closed by Node; it is no fault of ours.
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
