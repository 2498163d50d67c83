import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Allowance } from '../shared/allowance.ts';
import { NewestWins } from '../shared/newest.ts';
import { Pace } from '../shared/pace.ts';
import { Progress } from '../shared/progress.ts';
import type { Channel } from './channel.ts';
import { STALLED_MS } from './mjpeg.ts';
import type { Picture } from './picture.ts';
import { UnderWay } from './under-way.ts';
import type { Viewer } from './viewer.ts';
import { type Look, readWish, WATCH_COMPLAINT } from './wish.ts';

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

/** A camera that is watched, and the viewer who does. */
interface Watched {
  channel: Channel;
  viewer: Viewer;
  watching: Disposable;
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
  readonly #watched = new Map<string, Watched>();
  readonly #allowance = new Allowance(MAX_MESSAGES, MESSAGES_MS);
  #isClosed = false;
  #fps = Number.POSITIVE_INFINITY;
  readonly #paces = new Map<string, Pace>();
  /** How each is to be seen. */
  #looks = new Map<string, Look>();
  /** Null for a client that acknowledges nothing. */
  #underWay: UnderWay | null = null;

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
    this.#paces.set(id, new Pace(this.#fpsOf(id)));
    const viewer: Viewer = {
      show: (picture, now) => this.#show(channel, picture, now),
      room: () => this.#roomFor(id),
      tell: () => this.#say(this.#options.describe(channel)),
      count: (viewers) => this.#say({ type: 'viewers', id, viewers }),
      remove: () => this.#removed(id),
      end: () => this.#socket.close(GOING_AWAY),
    };
    viewer.tell?.();
    this.#watched.set(id, { channel, viewer, watching: channel.watch(viewer) });
  }

  /** Ends what the client may not see any more; null: he is let in no more. */
  keep(mayView: ((id: string) => boolean) | null): void {
    if (!mayView) this.#socket.close(LOGIN_NEEDED, 'log in again');
    else for (const id of [...this.#watched.keys()]) if (!mayView(id)) this.#removed(id);
  }

  /** Takes a message of the client; what cannot be understood is answered with why, and changes nothing. */
  take(text: string): void {
    if (this.#isClosed) return;
    const { ping, fps, watch, acks, ack, complaints } = readWish(text);
    // As many of these come as pictures were sent, so they are no more than was asked for; any other counts.
    const isDue = ack !== undefined && this.#arrived(ack);
    if (!isDue && !this.#hears()) return;
    for (const complaint of complaints) this.#complain(complaint);
    if (ping !== undefined) this.#say({ type: 'pong', ping, now: Date.now() });
    if (acks !== undefined) this.#underWay = acks ? (this.#underWay ?? new UnderWay()) : null;
    if (fps !== undefined) this.#fps = fps;
    if (watch !== undefined) this.#setWatched(watch);
    if (fps !== undefined || watch !== undefined) this.#fit();
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
    const isFull = this.#underWay?.admits(id, this.#watched.size) === false;
    if (isFull || !this.#newest.admit(id, picture.jpeg.length, backlog)) {
      if (!picture.isPlaceholder) channel.traffic.missed++;
      return;
    }
    if (!picture.isPlaceholder && !this.#paces.get(id)?.admit(now)) return;
    if (!picture.isPlaceholder) channel.traffic.sent++;
    this.#underWay?.sent(id, now);
    this.#socket.send(this.#options.find ? picture.named(id) : picture.jpeg, { binary: true, compress: false });
  }

  #say(message: object): void {
    if (this.#socket.bufferedAmount < MAX_TEXT_BACKLOG) this.#socket.send(JSON.stringify(message));
  }

  #complain(detail: string): void {
    this.#say({ type: 'error', detail });
  }

  /** A picture has come: of the camera that is named, or of the only one; false when none was under way. */
  #arrived(ack: string | true): boolean {
    const [only] = this.#options.find ? [] : this.#watched.keys();
    const id = ack === true ? only : ack;
    return id !== undefined && this.#underWay?.arrived(id, performance.now()) === true;
  }

  /** What is wanted of the cameras has changed. */
  #fit(): void {
    for (const [id, pace] of this.#paces) pace.fps = this.#fpsOf(id);
    for (const { channel, viewer } of this.#watched.values()) channel.fit(viewer);
  }

  #fpsOf(id: string): number {
    return this.#looks.get(id)?.fps ?? this.#fps;
  }

  #roomFor(id: string): { width: number; fps: number } | null {
    const { width = null } = this.#looks.get(id) ?? {};
    return width === null ? null : { width, fps: this.#fpsOf(id) };
  }

  #setWatched(looks: Map<string, Look>): void {
    const { find } = this.#options;
    if (!find) {
      this.#complain('this address serves one camera; watch works at /ws');
      return;
    }
    const known = [...looks.keys()].flatMap((id) => find(id) ?? []);
    if (known.length < looks.size) this.#complain(WATCH_COMPLAINT);
    this.#looks = looks;
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
    this.#watched.get(id)?.watching[Symbol.dispose]();
    this.#watched.delete(id);
    this.#paces.delete(id);
    this.#underWay?.forget(id);
  }

  #leave(): void {
    for (const { watching } of this.#watched.values()) watching[Symbol.dispose]();
    this.#watched.clear();
  }
}
