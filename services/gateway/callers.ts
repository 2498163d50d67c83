/**
 * The connections of the HTTP server, whoever has opened them: how many there may be, and which one goes when there are too many.
 *
 * An address is that of the connection's peer, also where that is a proxy: what a proxy passes on are whole requests, and whoever is behind it
 * waits there. So no number of connections is too many for one address, as all viewers of a house may come from one proxy; but when all
 * places are taken, the address that holds most of them has to give one back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../shared/login-limit.ts';
import { Progress } from '../shared/progress.ts';
import { STALLED_MS } from './mjpeg.ts';

/** So many connections there may be beside those of viewers (`GATEWAY_MAX_VIEWERS`), each of up to 50 kB with its request. */
export const MAX_CALLERS = 256;
/** Whoever sends more requests ahead of their answers (RFC 9112, 9.3.2: pipelining) is closed; browsers send none. */
const MAX_AHEAD = 16;
/** A peer that does not end its side of a connection that we have ended is given so long, in ms. */
const LINGER_MS = 2_000;

/** What of a socket is looked at here. */
export type CallerSocket = Pick<Socket, 'remoteAddress' | 'writableLength' | 'bytesWritten' | 'destroy' | 'destroySoon'> & {
  once(event: 'close' | 'finish', listener: () => void): unknown;
};

interface Caller {
  readonly socket: CallerSocket;
  readonly network: string;
  readonly progress: Progress;
  /** Requests that are not answered yet, the last of which is this one. */
  underWay: number;
  request: Pick<IncomingMessage, 'complete'> | null;
  response: Pick<ServerResponse, 'headersSent'> | null;
  isViewer: boolean;
  /** When we have ended it, ms, monotonic. */
  endedAt: number;
}

/** @param closed why a connection was closed by us, and whose: an address */
export type TellClosed = (why: 'too-many-connections' | 'stalled', address: string) => void;

export class Callers {
  readonly #max: number;
  readonly #closed: TellClosed;
  readonly #all = new Map<CallerSocket, Caller>();
  /** Those that are no viewers, by network; the one that has asked last stands last. */
  readonly #strangers = new Map<string, Set<Caller>>();
  #strangerCount = 0;

  constructor(closed: TellClosed, max = MAX_CALLERS) {
    this.#closed = closed;
    this.#max = max;
  }

  /** A connection has come. When there are too many, one goes that waits for its client; when none does, the new one. */
  admit(socket: CallerSocket): void {
    const network = networkOf(socket.remoteAddress ?? '');
    if (this.#strangerCount >= this.#max && !this.#makeRoom()) {
      this.#closed('too-many-connections', network);
      socket.destroy();
      return;
    }
    const progress = new Progress(performance.now());
    const caller: Caller = { socket, network, progress, underWay: 0, request: null, response: null, isViewer: false, endedAt: Infinity };
    this.#all.set(socket, caller);
    this.#add(caller);
    socket.once('finish', () => {
      caller.endedAt = performance.now();
    });
    socket.once('close', () => this.#forget(caller));
  }

  /** A request has come; false when too many of its connection are not answered yet. */
  ask(socket: CallerSocket, request: IncomingMessage, response: ServerResponse): boolean {
    const caller = this.#all.get(socket);
    if (!caller) return false;
    caller.underWay++;
    Object.assign(caller, { request, response });
    if (!caller.isViewer) {
      this.#remove(caller);
      this.#add(caller);
    }
    response.once('close', () => {
      caller.underWay--;
    });
    return caller.underWay <= MAX_AHEAD;
  }

  /** Whether part of an answer is out, so that nothing else may be written in between. */
  isAnswering(socket: CallerSocket): boolean {
    const caller = this.#all.get(socket);
    return caller !== undefined && caller.underWay > 0 && (caller.underWay > 1 || caller.response?.headersSent === true);
  }

  /** From now on its client watches, and counts as a viewer. */
  admitViewer(socket: CallerSocket): void {
    const caller = this.#all.get(socket);
    if (!caller || caller.isViewer) return;
    this.#remove(caller);
    caller.isViewer = true;
  }

  /** Closes those that do not go though we have ended them, or take nothing of their answer; `now` in ms, monotonic. To be called about once a second. */
  sweep(now: number): void {
    for (const { socket, network, progress, isViewer, endedAt } of this.#all.values()) {
      const isStalled = !isViewer && progress.stalledFor(socket as Socket, now) >= STALLED_MS;
      if (isStalled) this.#closed('stalled', network);
      if (isStalled || now - endedAt >= LINGER_MS) socket.destroy();
    }
  }

  /** Closes them all, once what they were given has been sent. */
  end(): void {
    for (const socket of this.#all.keys()) socket.destroySoon();
  }

  /** Closes the connection that waits longest for its client, of the network that has most. */
  #makeRoom(): boolean {
    for (const callers of [...this.#strangers.values()].sort((one, other) => other.size - one.size)) {
      for (const caller of callers) {
        if (!waitsForClient(caller)) continue;
        this.#closed('too-many-connections', caller.network);
        this.#forget(caller);
        caller.socket.destroy();
        return true;
      }
    }
    return false;
  }

  #forget(caller: Caller): void {
    this.#all.delete(caller.socket);
    if (!caller.isViewer) this.#remove(caller);
  }

  #add(caller: Caller): void {
    const callers = this.#strangers.get(caller.network) ?? new Set();
    this.#strangers.set(caller.network, callers.add(caller));
    this.#strangerCount++;
  }

  #remove(caller: Caller): void {
    const callers = this.#strangers.get(caller.network);
    if (!callers?.delete(caller)) return;
    this.#strangerCount--;
    if (callers.size === 0) this.#strangers.delete(caller.network);
  }
}

/** It has not asked yet, or not to the end, or does not take its answer: it is not we who keep it waiting. */
function waitsForClient({ underWay, request, socket }: Caller): boolean {
  return underWay === 0 || request?.complete === false || socket.writableLength > 0;
}
