import type { Stamp } from '../shared/contract.ts';
import { parseSize } from '../shared/knob.ts';
import type { Frame } from './frames.ts';
import { Shot } from './shot.ts';

/** From the command to the picture at the present size, in ms; a source that is closed is opened for it. */
const LONGEST_MS = 6_000;

/** The size wished for in a command: none, `1920x1080`, or JSON `{"size":"1920x1080"}`. Or why it is none. */
export function readSnapshotCommand(text: string): { size: { width: number; height: number } | null } | { refused: string } {
  const wanted = sizeIn(text.trim());
  if (wanted === null) return { size: null };
  const size = parseSize(wanted);
  return size ? { size } : { refused: `The size of a snapshot is a width and a height such as 1920x1080, not "${wanted.slice(0, 40)}".` };
}

/** Anything that looks like no size is a press on the button. */
function sizeIn(text: string): string | null {
  if (!text.startsWith('{')) return /^\d+ *[x×*] *\d+$/i.test(text) ? text.replace(/ *[x×*] */i, 'x') : null;
  try {
    const { size } = JSON.parse(text) as { size?: unknown };
    return size === undefined || size === null ? null : String(size);
  } catch {
    return text; // Meant as JSON, and none: that is told.
  }
}

/** A frame as it goes out. */
export interface Taken {
  jpeg: Buffer;
  stamp: Stamp;
}

/** So many may wait for their turn; more are refused. */
const MAX_QUEUED = 8;

/** Takes pictures out of the run of frames, one at a time. */
export class Snapshots {
  readonly #take: (shot: Shot) => void;
  readonly #stamp: (frame: Frame) => Taken;
  #waiting: { resolve: (taken: Taken) => void } | null = null;
  /** Those that wait for their turn, and the one that is taken. */
  #queued = 0;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param take opens the source for a shot of another size
   * @param stamp makes its frame ready to go out
   */
  constructor(take: (shot: Shot) => void, stamp: (frame: Frame) => Taken) {
    this.#take = take;
    this.#stamp = stamp;
  }

  /** One is to be taken: the source has to be open. */
  get isBusy(): boolean {
    return this.#queued > 0;
  }

  /** The next frame is wanted, whoever else wants it. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** A frame of the usual size. */
  offer(taken: Taken): void {
    this.#waiting?.resolve(taken);
  }

  /**
   * The next frame, or one of another size.
   * @throws Error with the reason when none comes
   */
  async one(size: { width: number; height: number } | null, begun: () => void): Promise<Taken> {
    if (this.#queued >= MAX_QUEUED) throw new Error(`${MAX_QUEUED} others are being taken`);
    this.#queued++;
    const turn = this.#last.then(() => {
      begun();
      return size ? this.#ofSize(size) : this.#next();
    });
    this.#last = turn.catch(() => {}); // Told to who waits for it.
    return await turn.finally(() => {
      this.#queued--;
    });
  }

  async #ofSize(size: { width: number; height: number }): Promise<Taken> {
    const shot = new Shot(size);
    this.#take(shot);
    return this.#stamp(await shot.taken);
  }

  async #next(): Promise<Taken> {
    const { promise, resolve, reject } = Promise.withResolvers<Taken>();
    const timer = setTimeout(() => reject(new Error(`no picture came within ${LONGEST_MS / 1000} s`)), LONGEST_MS);
    this.#waiting = { resolve };
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting = null;
    });
  }
}
