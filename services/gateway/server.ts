/** Node's HTTP server, with its bounds: what may come in, how long it may take, and how many there may be. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import type { Client, Sender } from './access/proxy.ts';
import { type Callers, MAX_CALLERS } from './callers.ts';
import type { Env } from './context.ts';
import { problem, problemParts, problemText } from './problem.ts';
import type { Refusals } from './refusals.ts';
import { boundExceeded, isWebSocket, MAX_HEADERS, type Refused } from './request-bounds.ts';

/** Request line and headers together, in bytes. */
const MAX_HEADER_BYTES = 16 << 10;
/** A request has to be there after so long, its body included, in ms; looked at so often. */
const REQUEST_MS = 15_000;
const REQUEST_CHECK_MS = 2_000;
/** A connection may wait for its next request for so long, in ms; nginx's configuration in deploy/ counts on it. */
const KEEP_ALIVE_MS = 5_000;
/** After so long without a word a peer's kernel is asked whether it is still there; 10 s later it is taken for gone. In ms. */
const PROBE_AFTER_MS = 30_000;
/** Whoever sends a body that is not read has so long to read why, in ms. */
const REFUSED_MS = 500;
/** A WebSocket message of a client, in bytes, and in how many fragments it may come. */
const MAX_MESSAGE_BYTES = 4_096;
const MAX_FRAGMENTS = 16;
/** A WebSocket client has so long to answer a Close frame, in ms. */
const CLOSE_MS = 2_000;

export interface ServerParts {
  app: Hono<Env>;
  callers: Callers;
  maxViewers: number;
  refusals: Refusals;
  clientOf: (sender: Sender) => Client;
}

const SERVER_OPTIONS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: REQUEST_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: REQUEST_CHECK_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAlive: true,
  keepAliveInitialDelay: PROBE_AFTER_MS,
  shouldUpgradeCallback: (request: IncomingMessage) => isWebSocket(request) && !boundExceeded(request),
};
const WEBSOCKET_OPTIONS = {
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: MAX_FRAGMENTS,
  closeTimeout: CLOSE_MS,
};

/** What breaks HTTP itself (Node's error code): its answer. */
const FAULTS = new Map([
  ['HPE_HEADER_OVERFLOW', { status: 431, detail: `The headers of a request are at most ${MAX_HEADER_BYTES} bytes long.` }],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', { status: 413, detail: 'The extensions of a chunk are too long.' }],
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, detail: `A request has to be there within ${REQUEST_MS / 1000} s.` }],
]);
const NO_REQUEST = { status: 400, detail: 'This is no HTTP request that can be understood.' };

/** Makes the server; it does not listen yet. */
export function createBoundedServer(parts: ServerParts): Server {
  const { app, callers, maxViewers, refusals } = parts;
  const answer = getRequestListener(app.fetch, { errorHandler: () => problem(400, NO_REQUEST.detail) });
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const exceeded = boundExceeded(request);
    if (!callers.ask(request.socket, request, response)) request.socket.destroy();
    else if (exceeded) refuse(request, response, exceeded, parts);
    else void answer(request, response);
  };
  const server = createAdaptorServer({
    fetch: app.fetch,
    websocket: { server: new WebSocketServer(WEBSOCKET_OPTIONS) as never },
    createServer: ((options: object) => createServer(options, take)) as typeof createServer,
    serverOptions: SERVER_OPTIONS,
  }) as Server;
  // One more, so that it shows.
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.maxConnections = maxViewers + MAX_CALLERS;
  server.on('drop', (peer) => refusals.add('too-many-connections', { client: peer?.remoteAddress }));
  server.on('connection', (socket) => callers.admit(socket));
  server.on('checkContinue', (request, response) => {
    if (!boundExceeded(request)) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('clientError', (error, socket) => answerFault(error, socket as Socket, parts));
  return server;
}

/** Answers at once, and closes a moment later: whoever is still writing then would lose the answer over it. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, detail }: Refused,
  { refusals, clientOf }: ServerParts,
): void {
  refusals.add('bad-request', { client: clientOf(request).address, status });
  const { headers, body } = problemParts(status, detail);
  response.writeHead(status, { ...headers, Connection: 'close' });
  response.write(body);
  setTimeout(() => response.end(), request.complete ? 0 : REFUSED_MS).unref();
}

/** Answers what is no request, or never became one, unless an answer to an earlier one is under way. */
function answerFault(error: NodeJS.ErrnoException, socket: Socket, { callers, refusals, clientOf }: ServerParts): void {
  if (!socket.writable || error.code === 'ECONNRESET' || callers.isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const { status, detail } = FAULTS.get(error.code ?? '') ?? NO_REQUEST;
  refusals.add('bad-request', { client: clientOf({ headers: {}, socket }).address, status });
  socket.write(problemText(status, detail));
  socket.destroySoon();
}
