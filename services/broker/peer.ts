import { NewestWins } from '../shared/newest.ts';
import { Progress } from '../shared/progress.ts';
import { type PacketStream, SocketPackets } from '../shared/transport.ts';
import { Guard } from './guard/guard.ts';
import type { Place } from './places.ts';
import { Repeats } from './repeats.ts';
import type { Visitor } from './visitor.ts';

/** Before its CONNECT was accepted a peer may send so much in one packet: a will and a login, not a picture. */
const MAX_LOGIN_BYTES = 64 << 10;
/** So much may wait for a peer that reads slowly, on top of pictures; what would go beyond closes it. */
const MAX_BACKLOG_BYTES = 16 << 20;
/** A peer that takes nothing of what waits for it for so long is closed, in ms. */
const STALLED_MS = 10_000;

/** One MQTT connection as the broker sees it: how much it may send, and whether it takes what it is sent. */
export class Peer {
  readonly stream: PacketStream;
  readonly address: string;
  /** Among all connections; one within the process has none. */
  readonly place: Place | undefined;
  readonly newest = new NewestWins();
  readonly repeats = new Repeats();
  /** As it has named itself. */
  clientId: string | undefined;
  username: string | undefined;
  /** Who it is and what it may, from the moment that it is let in. */
  visitor: Visitor | undefined;
  /** How many it has. */
  subscriptions = 0;
  readonly #guard = new Guard();
  #limit = MAX_LOGIN_BYTES;
  readonly #progress = new Progress(performance.now());

  /** Over a socket, or, when `stream` is given, within the process. */
  constructor(from: { socket: SocketPackets['socket']; place: Place } | { stream: PacketStream }) {
    this.stream = 'stream' in from ? from.stream : new SocketPackets(from.socket, () => this.#limit);
    // Our own clients, within the process, need no guard.
    if (this.stream instanceof SocketPackets) this.stream.check = (packet) => this.#guard.check(packet);
    this.place = 'place' in from ? from.place : undefined;
    this.address = 'stream' in from ? 'this process' : (from.socket.remoteAddress ?? 'unix socket');
  }

  /** Lets packets up to `bytes` through, once the peer has logged in. */
  allow(bytes: number): void {
    this.#limit = bytes;
    this.#guard.isAnswered = true;
  }

  /** Why the peer has to be closed at `now` (ms, monotonic), or null while it is well. */
  complaint(now: number): string | null {
    if (this.stream.backlog > MAX_BACKLOG_BYTES) return `${this.stream.backlog} bytes wait for it, ${MAX_BACKLOG_BYTES} may`;
    if (!(this.stream instanceof SocketPackets)) return null;
    return this.#progress.stalledFor(this.stream.socket, now) >= STALLED_MS ? `it took nothing for ${STALLED_MS / 1000} s` : null;
  }
}
