/**
 * Looks for cameras that tell nothing of themselves but their pictures. Our own broker counts the viewers of every camera that has
 * published a frame, so it names them, and one picture of each that is named is enough. No other broker names anybody: there all frames
 * are subscribed to for a few seconds, now and then. It has a connection of its own, so that what it gets by the way delays nothing else.
 */
import type { Bus } from '../shared/bus.ts';
import { cameraTopics, MAX_CAMERAS, parseTopic } from '../shared/contract.ts';
import { readJpegHead } from '../shared/jpeg.ts';
import type { Message } from '../shared/message.ts';
import { isJpeg } from './picture.ts';

/** Our own broker tells of itself half a second after a subscription; so long is waited for that, in ms. */
export const OURS_MS = 1_500;
/** All frames are looked at for so long after a connection, and later so often for so long, in ms. */
export const FIRST_WINDOW_MS = 10_000;
export const WINDOW_EVERY_MS = 60_000;
export const WINDOW_MS = 5_000;
/** One that sends no pictures, or for which there is no room, is looked at again after so long, in ms. */
export const REST_MS = 10_000;
/** So many are waited for: our broker names those that have shown themselves, and as many again that somebody asks for. */
const MAX_NAMED = 2 * MAX_CAMERAS;

export type ScoutBus = Pick<Bus, 'subscribe' | 'unsubscribe' | 'close'>;

export interface ScoutOptions {
  prefix: string;
  /** Opens the connection, once it is needed. */
  open: () => ScoutBus;
  /** Whether the broker is our own. */
  isOurs: (now: number) => boolean;
  /** Whether a camera needs no looking for. */
  isKnown: (id: string) => boolean;
  /** Takes a camera by one of its pictures; false when there is no room for it. */
  found: (id: string, jpeg: Buffer) => boolean;
}

export class Scout {
  readonly #options: ScoutOptions;
  /** Those our broker has named -> not to be looked at before, in ms. */
  readonly #named = new Map<string, number>();
  /** What is subscribed to. */
  readonly #filters = new Set<string>();
  readonly #everyFrame: string;
  #bus: ScoutBus | undefined;
  #connectedAt: number | null = null;

  constructor(options: ScoutOptions) {
    this.#options = options;
    this.#everyFrame = `${options.prefix}/+/frame`;
  }

  /** The bus was connected at `now` (ms, monotonic), or, null, lost. */
  connected(now: number | null): void {
    this.#connectedAt = now;
  }

  /** Our broker counts the viewers of a camera; an empty count says that it does not any more. */
  named(id: string, count: string): void {
    if (count === '') this.#named.delete(id);
    else if (!this.#named.has(id) && this.#named.size < MAX_NAMED) this.#named.set(id, Number.NEGATIVE_INFINITY);
  }

  /** To be called a few times a second. */
  tick(now: number): void {
    const wanted = new Set(this.#isWindow(now) ? [this.#everyFrame] : []);
    for (const [id, restsUntil] of this.#named) {
      if (now >= restsUntil && !this.#options.isKnown(id)) wanted.add(this.#frameOf(id));
    }
    for (const filter of this.#filters) if (!wanted.has(filter)) this.#leave(filter);
    for (const filter of wanted) if (!this.#filters.has(filter)) this.#listen(filter);
  }

  async close(): Promise<void> {
    await this.#bus?.close();
  }

  #isWindow(now: number): boolean {
    if (this.#connectedAt === null || this.#options.isOurs(now)) return false;
    const since = now - this.#connectedAt - OURS_MS;
    return since >= 0 && (since < FIRST_WINDOW_MS || since % WINDOW_EVERY_MS < WINDOW_MS);
  }

  #frameOf(id: string): string {
    return cameraTopics(this.#options.prefix, id).frame;
  }

  #listen(filter: string): void {
    this.#bus ??= this.#options.open();
    this.#filters.add(filter);
    this.#bus.subscribe(filter, (message) => this.#take(message));
  }

  #leave(filter: string): void {
    this.#filters.delete(filter);
    this.#bus?.unsubscribe(filter);
  }

  #take({ topic, payload, retain }: Message): void {
    const id = parseTopic(this.#options.prefix, topic)?.id;
    // A retained picture was taken who knows when: it is no sign of life.
    if (!id || retain || this.#options.isKnown(id)) return;
    const isFound = isJpeg(payload) && readJpegHead(payload) !== null && this.#options.found(id, payload);
    if (!this.#named.has(id)) return;
    if (!isFound) this.#named.set(id, performance.now() + REST_MS);
    this.#leave(topic);
  }
}
