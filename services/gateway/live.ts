import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Allowance } from '../shared/allowance.ts';
import { NewestWins } from '../shared/newest.ts';
import { Pace } from '../shared/pace.ts';
import { Progress } from '../shared/progress.ts';
import type { Channel, Viewer } from './channel.ts';
import { STALLED_MS } from './mjpeg.ts';
import type { Picture } from './picture.ts';

/** Text for a client that takes none piles up to so many bytes; then it hears no more until it has taken them. */
const MAX_TEXT_BACKLOG = 1 << 20;
/** Whoever says more in so many ms, pings included, is closed. The page says a few things a minute. */
const MAX_MESSAGES = 100;
const MESSAGES_MS = 10_000;
/** Going away, and policy violation (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
const SAYS_TOO_MUCH = 1008;
/** Our own (RFC 6455, 7.4.2): who watches is let in no more. */
const LOGIN_NEEDED = 4401;
const MAX_FPS = 240;

/** What a client may say: a rate, the cameras it wants (only where all are served), a ping for its clock. */
interface Wish {
  fps?: unknown;
  watch?: unknown;
  ping?: unknown;
}

/** What a camera tells a page: its state, and the time here, since the client's clock may be wrong. */
export type DescribeCamera = (channel: Channel) => object;

export interface LiveOptions {
  describe: DescribeCamera;
  /** Null when the client watches the one camera of its address; then pictures come without an id. */
  find: ((id: string) => Channel | undefined) | null;
  /** Whether one more camera to watch is one viewer too many. */
  isFull: () => boolean;
  /** Is told when the client is closed since it takes nothing. */
  slow: (channel: Channel) => void;
  /** Is told when the client is closed since it says too much. */
  noisy: () => void;
}

/** One WebSocket: binary messages are pictures, text messages JSON. It watches one camera or several. */
export class LiveClient {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #options: LiveOptions;
  readonly #newest = new NewestWins();
  readonly #progress = new Progress(performance.now());
  readonly #watched = new Map<string, Disposable>();
  readonly #allowance = new Allowance(MAX_MESSAGES, MESSAGES_MS);
  #isClosed = false;
  #fps = Number.POSITIVE_INFINITY;
  readonly #paces = new Map<string, Pace>();

  constructor(socket: WebSocket, tcp: Socket, options: LiveOptions) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#options = options;
    socket.on('ping', () => this.#hears());
    socket.on('pong', () => this.#hears());
    socket.on('close', () => this.#leave());
  }

  /** Begins to watch a camera. */
  watch(channel: Channel): void {
    const { id } = channel.camera;
    if (this.#watched.has(id)) return;
    this.#paces.set(id, new Pace(this.#fps));
    const viewer: Viewer = {
      show: (picture, now) => this.#show(channel, picture, now),
      tell: () => this.#say(this.#options.describe(channel)),
      remove: () => this.#removed(id),
      end: () => this.#socket.close(GOING_AWAY),
    };
    viewer.tell?.();
    this.#watched.set(id, channel.watch(viewer));
  }

  /** Ends what the client may not see any more; null: he is let in no more. */
  keep(mayView: ((id: string) => boolean) | null): void {
    if (!mayView) this.#socket.close(LOGIN_NEEDED, 'log in again');
    else for (const id of [...this.#watched.keys()]) if (!mayView(id)) this.#removed(id);
  }

  /** Takes a message of the client; what cannot be understood is answered with why, and changes nothing. */
  take(text: string): void {
    if (!this.#hears()) return;
    const wish = parse(text);
    if (!wish) {
      this.#complain('a message has to be a JSON object');
      return;
    }
    if (wish.ping !== undefined) this.#say({ type: 'pong', ping: wish.ping, now: Date.now() });
    if (wish.fps !== undefined) this.#setFps(wish.fps);
    if (wish.watch !== undefined) this.#setWatched(wish.watch);
  }

  /** Something came; false when it is too much, or nothing of what was said to the client is taken: then it is closed. */
  #hears(): boolean {
    const now = performance.now();
    if (this.#isClosed) return false;
    if (this.#allowance.take(now) && this.#progress.stalledFor(this.#tcp, now) < STALLED_MS) return true;
    this.#isClosed = true;
    this.#options.noisy();
    this.#socket.close(SAYS_TOO_MUCH, 'too many messages');
    return false;
  }

  #show(channel: Channel, picture: Picture, now: number): void {
    const { id } = channel.camera;
    const backlog = this.#socket.bufferedAmount;
    if (this.#progress.stalledFor(this.#tcp, now) >= STALLED_MS) {
      if (!this.#isClosed) this.#options.slow(channel);
      this.#isClosed = true;
      this.#socket.terminate();
      return;
    }
    if (!this.#newest.admit(id, picture.jpeg.length, backlog)) {
      if (!picture.isPlaceholder) channel.traffic.missed++;
      return;
    }
    if (!picture.isPlaceholder && !this.#paces.get(id)?.admit(now)) return;
    if (!picture.isPlaceholder) channel.traffic.sent++;
    this.#socket.send(this.#options.find ? picture.named(id) : picture.jpeg, { binary: true, compress: false });
  }

  #say(message: object): void {
    if (this.#socket.bufferedAmount < MAX_TEXT_BACKLOG) this.#socket.send(JSON.stringify(message));
  }

  #complain(detail: string): void {
    this.#say({ type: 'error', detail });
  }

  #setFps(fps: unknown): void {
    if (typeof fps !== 'number' || !(fps > 0 && fps <= MAX_FPS)) {
      this.#complain(`fps has to be a number above 0, at most ${MAX_FPS}`);
      return;
    }
    this.#fps = fps;
    for (const pace of this.#paces.values()) pace.fps = fps;
  }

  #setWatched(ids: unknown): void {
    const { find } = this.#options;
    if (!find) {
      this.#complain('this address serves one camera; watch works at /ws');
      return;
    }
    const channels = Array.isArray(ids) ? ids.map((id) => (typeof id === 'string' ? find(id) : undefined)) : [];
    const known = channels.filter((channel) => channel !== undefined);
    if (!Array.isArray(ids) || known.length < ids.length) this.#complain('watch has to be a list of ids of known cameras');
    const wanted = new Set(known.map((channel) => channel.camera.id));
    for (const id of this.#watched.keys()) if (!wanted.has(id)) this.#unwatch(id);
    for (const channel of known) {
      if (this.#watched.has(channel.camera.id)) continue;
      if (this.#options.isFull()) {
        this.#complain('there are too many viewers already; GATEWAY_MAX_VIEWERS sets how many there may be');
        return;
      }
      this.watch(channel);
    }
  }

  /** A camera was taken off the bus; whoever watches others, too, goes on with those. */
  #removed(id: string): void {
    const detail = `the camera "${id}" was removed from the message bus`;
    if (!this.#options.find) {
      this.#socket.close(GOING_AWAY, detail);
      return;
    }
    this.#unwatch(id);
    this.#complain(detail);
  }

  #unwatch(id: string): void {
    this.#watched.get(id)?.[Symbol.dispose]();
    this.#watched.delete(id);
    this.#paces.delete(id);
  }

  #leave(): void {
    for (const watching of this.#watched.values()) watching[Symbol.dispose]();
    this.#watched.clear();
  }
}

function parse(text: string): Wish | null {
  try {
    const wish: unknown = JSON.parse(text);
    return typeof wish === 'object' && wish !== null ? wish : null;
  } catch {
    // The client is told by the caller.
    return null;
  }
}
