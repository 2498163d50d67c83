import type { ServerClock } from './server-clock.ts';

/** How it stands with the connection. */
export type Link =
  | { state: 'connecting' | 'open' }
  /** `retryIn` is ms from when this is told; `refused` counts the attempts that never got so far as to open. */
  | { state: 'waiting'; retryIn: number; reason: string; refused: number };

type Timer = 'retry' | 'ping' | 'silence' | 'proven';

export interface StreamListener {
  /** A text message: JSON. */
  onMessage(message: { type: string }): void;
  onFrame(message: ArrayBuffer): void;
  onLink(link: Link): void;
  onLoginNeeded(): void;
}

/** Close codes of the gateway's own. */
const LOGIN_NEEDED = 4401;

const FIRST_RETRY_MS = 500;
/** Whoever comes back is found again within so long. */
const LONGEST_RETRY_MS = 5_000;
/** A connection that lived so long was a good one: the next failure begins with short waits again. */
const PROVEN_MS = 5_000;
/** A slow line may take long over one picture, but a line on which nothing at all arrives for so long is dead. */
const SILENCE_MS = 20_000;
/** The clock is asked often at first, then now and then. */
const pingWait = (sent: number) => (sent < 6 ? 150 : 5_000);

/** Wait before attempt number `failures` (from 1), with jitter so that a thousand viewers do not come back at once. */
export function retryWait(failures: number, random = Math.random()): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.6 + 0.4 * random);
}

/** A WebSocket, opened again whenever it is lost, until it is closed. */
export class Stream {
  readonly #url: string;
  readonly #clock: ServerClock;
  readonly #listener: StreamListener;
  #socket: WebSocket | null = null;
  #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  #isOpen = false;
  #failures = 0;
  #refused = 0;

  constructor(url: string, clock: ServerClock, listener: StreamListener) {
    this.#url = url;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Opens it now, also while it waits for its next attempt; nothing happens when it is open. */
  open(): void {
    if (this.#socket) return;
    this.#listener.onLink({ state: 'connecting' });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.#read(data);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#expectNews();
  }

  close(): void {
    this.#drop();
    this.#failures = 0;
    this.#refused = 0;
  }

  /** Says something as JSON; while there is no connection it is not said. */
  send(message: object): void {
    if (this.#isOpen && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #opened(): void {
    this.#isOpen = true;
    this.#refused = 0;
    this.#after('proven', PROVEN_MS, () => {
      this.#failures = 0;
    });
    this.#ping(0);
    this.#listener.onLink({ state: 'open' });
  }

  #ping(sent: number): void {
    this.send({ ping: performance.now() });
    this.#after('ping', pingWait(sent), () => this.#ping(sent + 1));
  }

  #read(data: string | ArrayBuffer): void {
    this.#expectNews();
    if (typeof data !== 'string') {
      this.#listener.onFrame(data);
      return;
    }
    const received = performance.now();
    const message = JSON.parse(data) as { type: string; ping: number; now: number };
    if (message.type === 'pong') this.#clock.sample(message.ping, message.now, received);
    if (message.type === 'state') this.#clock.roughly(message.now, received);
    this.#listener.onMessage(message);
  }

  #lost(code: number, reason: string): void {
    this.#refused = this.#isOpen ? 0 : this.#refused + 1;
    this.#drop();
    if (code === LOGIN_NEEDED) {
      this.#listener.onLoginNeeded();
      return;
    }
    this.#failures += 1;
    const wait = retryWait(this.#failures);
    this.#after('retry', wait, () => this.open());
    this.#listener.onLink({ state: 'waiting', retryIn: wait, reason, refused: this.#refused });
  }

  #expectNews(): void {
    this.#after('silence', SILENCE_MS, () => this.#lost(0, ''));
  }

  /** Lets go of the socket without waiting for the other side, which may be gone. */
  #drop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#isOpen = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #after(name: Timer, ms: number, then: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(then, ms));
  }
}
