/**
 * The connections of all listeners, whoever has opened them: how many there may be, in all and from one address, how many come in a minute, and
 * which one goes when there are too many. Connections within the process have no place here, and always find one.
 */
import type { Socket } from 'node:net';
import { Allowance } from '../shared/allowance.ts';
import type { GatheringLog } from '../shared/gathering-log.ts';
import { networkOf } from '../shared/login-limit.ts';

/**
 * So many connections an address may open in a minute; whoever opens more is closed unread. A house of programs that all come back every few
 * seconds stays below.
 */
export const MAX_CONNECTS = 120;
const CONNECTS_MS = 60_000;
/** Addresses whose connects are counted; for one more the one that has opened none for longest is forgotten. */
const MAX_ADDRESSES = 10_000;
/** Where our own services, and proxies on this machine, come from: one address, or none, stands for many. */
const OWN_ADDRESSES = new Set(['127.0.0.1', '::ffff:127.0.0.1', '::1']);
const THIS_MACHINE = 'this machine';

/** What of a socket is looked at here. */
export type PlaceSocket = Pick<Socket, 'remoteAddress' | 'destroy'> & { once(event: 'close', listener: () => void): unknown };

/** A connection's place among all. */
export interface Place {
  /** Its peer has logged in: nobody takes the place from it any more. */
  settle(): void;
}

export interface PlacesParts {
  /** Connections at once: in all (`BROKER_MAX_CONNECTIONS`), and from one address (`BROKER_MAX_CONNECTIONS_PER_ADDRESS`). */
  max: number;
  maxPerAddress: number;
  gathering: Pick<GatheringLog, 'tell'>;
}

interface Held {
  readonly socket: PlaceSocket;
  readonly network: string;
  isOver: boolean;
}

export class Places {
  readonly #parts: PlacesParts;
  /** Connections by network: an address, or an IPv6 household. */
  readonly #counts = new Map<string, number>();
  /** Those that have not logged in, by network; the one that came last stands last. */
  readonly #strangers = new Map<string, Set<Held>>();
  readonly #rates = new Map<string, Allowance>();
  #count = 0;

  constructor(parts: PlacesParts) {
    this.#parts = parts;
  }

  /**
   * A connection has come, and nothing of it was read.
   * @param isUnix by the Unix socket, where nobody has an address
   * @param now ms, monotonic
   * @returns null: it was closed
   */
  admit(socket: PlaceSocket, isUnix: boolean, now: number): Place | null {
    const network = isUnix || OWN_ADDRESSES.has(socket.remoteAddress ?? '') ? THIS_MACHINE : networkOf(socket.remoteAddress ?? '');
    // Without an address it has gone already.
    if (!network || (network !== THIS_MACHINE && this.#isTooMuch(network, now)) || !this.#findRoom(network)) {
      socket.destroy();
      return null;
    }
    const held = { socket, network, isOver: false };
    this.#count++;
    this.#counts.set(network, this.#countOf(network) + 1);
    this.#strangers.set(network, (this.#strangers.get(network) ?? new Set()).add(held));
    socket.once('close', () => this.#leave(held));
    return { settle: () => this.#settle(held) };
  }

  #isTooMuch(network: string, now: number): boolean {
    const { maxPerAddress } = this.#parts;
    if (!this.#rateOf(network).take(now)) {
      const sentence = `more than ${MAX_CONNECTS} connections in a minute from one address: further ones are closed until the minute is over; let what runs there wait longer before it comes back`;
      this.#tell(sentence, network);
      return true;
    }
    if (this.#countOf(network) < maxPerAddress) return false;
    const sentence = `more than ${maxPerAddress} connections from one address: further ones are closed; where they are wanted, set BROKER_MAX_CONNECTIONS_PER_ADDRESS`;
    this.#tell(sentence, network);
    return true;
  }

  /** When all places are taken the network that has most peers without a login loses the one of them that came first. */
  #findRoom(network: string): boolean {
    const { max } = this.#parts;
    if (this.#count < max) return true;
    let most = new Set<Held>();
    for (const strangers of this.#strangers.values()) if (strangers.size > most.size) most = strangers;
    const [first] = most;
    const who = first ? 'the oldest one that has not logged in is closed' : 'all have logged in, so further ones are closed';
    this.#tell(`more than ${max} connections: ${who}; where they are wanted, set BROKER_MAX_CONNECTIONS`, first?.network ?? network);
    if (!first) return false;
    this.#leave(first);
    first.socket.destroy();
    return true;
  }

  #settle(held: Held): void {
    const strangers = this.#strangers.get(held.network);
    if (strangers?.delete(held) && strangers.size === 0) this.#strangers.delete(held.network);
  }

  #leave(held: Held): void {
    if (held.isOver) return;
    held.isOver = true;
    this.#settle(held);
    this.#count--;
    const left = this.#countOf(held.network) - 1;
    if (left > 0) this.#counts.set(held.network, left);
    else this.#counts.delete(held.network);
  }

  #countOf(network: string): number {
    return this.#counts.get(network) ?? 0;
  }

  #rateOf(network: string): Allowance {
    const rate = this.#rates.get(network) ?? new Allowance(MAX_CONNECTS, CONNECTS_MS);
    this.#rates.delete(network);
    this.#rates.set(network, rate);
    const [oldest] = this.#rates.keys();
    if (this.#rates.size > MAX_ADDRESSES && oldest !== undefined) this.#rates.delete(oldest);
    return rate;
  }

  #tell(sentence: string, from: string): void {
    this.#parts.gathering.tell('warn', sentence, { from });
  }
}
