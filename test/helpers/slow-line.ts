import { connect, createServer, type Socket } from 'node:net';
import { defer, type Scope } from './cleanup.ts';
import { untilEvent } from './until.ts';

/** What a line lets through, each way. */
export interface Limit {
  bytesPerSecond: number;
  /** One way, in ms. */
  delay: number;
}

export interface SlowLine {
  port: number;
  /** From now on; null: at once. */
  limit: Limit | null;
  /** WebSockets that were asked for. */
  webSockets: number;
}

/** A router keeps so many bytes for a line; while they wait, the sender's kernel keeps the rest. */
const ROUTER_BYTES = 64 << 10;
/** About a packet: what is behind a picture on the line waits for no more than this. */
const PACKET_BYTES = 1460;

/**
 * A TCP line to a port of 127.0.0.1 that is as slow as it is told to be. The browser's own emulation (Network.emulateNetworkConditions) slows
 * WebSockets too, in a worker as well, but only what it has already received: a gateway would have a fast line to it.
 */
export async function startSlowLine(t: Scope, to: number): Promise<SlowLine> {
  const line: SlowLine = { port: 0, limit: null, webSockets: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true });
    near.setNoDelay();
    // A browser asks for one on a connection of its own.
    near.once('data', (data: Buffer) => {
      if (data.includes('Upgrade: websocket')) line.webSockets++;
    });
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      pass(line, from, into);
    }
  }).listen(0, '127.0.0.1');
  defer(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await untilEvent(server, 'listening');
  line.port = (server.address() as { port: number }).port;
  return line;
}

function pass(line: SlowLine, from: Socket, into: Socket): void {
  const waiting: { bytes: Buffer; due: number }[] = [];
  let queued = 0;
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = () => {
    timer = undefined;
    for (let next = waiting[0]; next && next.due <= performance.now(); next = waiting[0]) {
      waiting.shift();
      queued -= next.bytes.length;
      into.write(next.bytes);
    }
    if (queued < ROUTER_BYTES) from.resume();
    const [next] = waiting;
    if (next) timer = setTimeout(deliver, Math.max(0, next.due - performance.now()));
    else if (from.readableEnded) into.end();
  };
  from.on('data', (data: Buffer) => {
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const bytes = data.subarray(at, at + PACKET_BYTES);
      const { bytesPerSecond, delay } = line.limit ?? { bytesPerSecond: Number.POSITIVE_INFINITY, delay: 0 };
      freeAt = Math.max(freeAt, performance.now()) + (1000 * bytes.length) / bytesPerSecond;
      waiting.push({ bytes, due: freeAt + delay });
      queued += bytes.length;
    }
    if (queued >= ROUTER_BYTES) from.pause();
    if (timer === undefined) deliver();
  });
  from.on('end', () => timer === undefined && deliver());
  from.on('error', () => into.destroy());
  from.on('close', () => {
    clearTimeout(timer);
    into.destroy();
  });
}
