/**
 * A camera of which nothing is known but the pictures on its topic: an ESP32, another Pi, a detector. It publishes whether or not anybody
 * wants them, so while nobody watches the gateway only takes a look now and then. Pure: the clock is handed in.
 */
import type { Darkness } from './darkness.ts';
import { FrameSize } from './frame-size.ts';
import { isJpeg } from './picture.ts';

/** A look begins so long after the last one began, in ms, and is over with so many pictures: enough to tell their rate. */
export const LOOK_EVERY_MS = 10_000;
export const LOOK_FRAMES = 6;
/** Without a picture for so long it counts as silent, in ms, or for so many of its own intervals if it is slower … */
export const SILENT_MS = 15_000;
const SILENT_INTERVALS = 2.5;
/** … but not beyond this, in ms. */
export const MAX_SILENT_MS = 120_000;
/** And after so much silence it is no camera any more, in ms. */
export const GONE_MS = 600_000;
/** Slower ones are slow, in ms between two pictures. */
const SLOW_MS = 700;

export class Sighting {
  readonly #topic: string;
  readonly #wall: () => number;
  readonly #size = new FrameSize();
  /** When the last pictures of one look came, at most `LOOK_FRAMES`. */
  #times: number[] = [];
  /** Between two pictures, in ms; null while only one was seen. */
  #interval: number | null = null;
  /** When the last picture came, or waiting for one began. */
  #heardAt: number;
  #lookBegan: number;
  /** What came in this look, pictures or not. */
  #looked = 0;
  #isSilent = false;
  /** What came last was no picture. */
  #isNoise = false;
  #since: string;
  /** What `tick` has told of last. */
  #told = '';

  /**
   * @param topic where its pictures come
   * @param now ms, monotonic, as everywhere below
   * @param wall ms since 1970
   */
  constructor(topic: string, now: number, wall: () => number) {
    this.#topic = topic;
    this.#wall = wall;
    this.#heardAt = now;
    this.#lookBegan = now;
    this.#since = new Date(wall()).toISOString();
  }

  /**
   * Whether its pictures are wanted though nobody watches. A look has no end in time: a topic on which nothing comes costs nothing, and
   * the next picture of a slow camera is seen as soon as it comes.
   */
  get isLooking(): boolean {
    return this.#looked < LOOK_FRAMES;
  }

  get size(): { width: number; height: number } | null {
    return this.#size.last;
  }

  /** Pictures a second as measured last; 0 while that is not known, and while none come. */
  get fps(): number {
    return this.#interval && !this.#isSilent ? Math.round(100_000 / this.#interval) / 100 : 0;
  }

  /** Since when it has been as it is, ISO 8601 in UTC. */
  get since(): string {
    return this.#since;
  }

  /** Why no picture is to be expected, once it has been silent for long; null before. */
  get silence(): Darkness | null {
    return this.#isSilent ? { ...this.complaint, since: this.#since } : null;
  }

  /** What there is to say when no picture comes. */
  get complaint(): Darkness {
    if (this.#isNoise) {
      return {
        condition: 'no-frames',
        cause: `What comes on the topic ${this.#topic} is no picture that can be read.`,
        advice: 'Have its publisher send one whole JPEG file in each message, with nothing around it.',
      };
    }
    return {
      condition: 'no-frames',
      cause: `No picture comes on the topic ${this.#topic}.`,
      advice: 'Look whether the device or program that publishes them is switched on and connected to the message bus.',
    };
  }

  /** Something came on its topic; returns whether it is a picture to be passed on. */
  take(bytes: Buffer, now: number): boolean {
    this.#looked++;
    this.#isNoise = !isJpeg(bytes) || !this.#size.read(bytes);
    if (this.#isNoise) return false;
    if (this.#isSilent) this.#comeBack(now);
    this.#heardAt = now;
    this.#times.push(now);
    if (this.#times.length > LOOK_FRAMES) this.#times.shift();
    const first = this.#times[0] ?? now;
    if (now > first) this.#interval = (now - first) / (this.#times.length - 1);
    return true;
  }

  /** To be called a few times a second while the bus is there; returns whether there is news of it. */
  tick(now: number): boolean {
    if (!this.isLooking && now - this.#lookBegan >= LOOK_EVERY_MS) this.#look(now);
    const silentAfter = Math.min(MAX_SILENT_MS, Math.max(SILENT_MS, SILENT_INTERVALS * (this.#interval ?? 0)));
    if (!this.#isSilent && now - this.#heardAt >= silentAfter) {
      this.#isSilent = true;
      this.#since = new Date(this.#wall() - (now - this.#heardAt)).toISOString();
    }
    const told = this.#news();
    const isNew = told !== this.#told;
    this.#told = told;
    return isNew;
  }

  /** The topic was left, so what comes next does not tell what came in between. */
  left(): void {
    this.#times = [];
  }

  /** The bus is back: what did not come meanwhile tells nothing. */
  resume(now: number): void {
    this.#heardAt = now;
    this.left();
    this.#look(now);
  }

  /** Silent for so long that it is to be forgotten. */
  isGone(now: number): boolean {
    return now - this.#heardAt >= GONE_MS;
  }

  /** Without a picture for how long, in ms. */
  silentFor(now: number): number {
    return now - this.#heardAt;
  }

  /** Rates are no news, but a page has to know how long it is to wait for the next picture of a slow one. */
  #news(): string {
    const { width = 0, height = 0 } = this.size ?? {};
    const slowness = Math.round(Math.log2(Math.max(SLOW_MS, this.#interval ?? 0)));
    return `${this.#isSilent && this.complaint.cause} ${width}x${height} ${slowness}`;
  }

  #comeBack(now: number): void {
    // One before the silence tells the interval of a very slow camera, unless it is from another time.
    this.#times = now - this.#heardAt <= MAX_SILENT_MS ? this.#times.slice(-1) : [];
    this.#isSilent = false;
    this.#since = new Date(this.#wall()).toISOString();
    this.#look(now);
    this.#looked = 1;
  }

  #look(now: number): void {
    this.#lookBegan = now;
    this.#looked = 0;
  }
}
