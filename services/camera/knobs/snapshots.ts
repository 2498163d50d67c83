import type { CameraState, Stamp } from '../../shared/contract.ts';
import type { Frame } from '../frames.ts';
import { Shot } from './shot.ts';
import { otherSize, readSnapshotCommand, type Size } from './snapshot-command.ts';

/** From the command to the picture at the present size, in ms; a source that is closed is opened for it. */
const LONGEST_MS = 6_000;

/** A frame as it goes out. */
export interface Taken {
  jpeg: Buffer;
  stamp: Stamp;
}

/** So many may wait for their turn; more are refused. */
const MAX_QUEUED = 8;

export interface SnapshotParts {
  /** Opens the source for a shot of another size. */
  take: (shot: Shot) => void;
  /** Makes a shot's frame ready to go out. */
  stamp: (frame: Frame) => Taken;
  state: () => CameraState;
  /** One begins, or has ended: the source may have to be opened for it, or closed. */
  changed: () => void;
  /** Sends it; false when the bus did not take it. */
  send: (taken: Taken) => Promise<boolean>;
}

/** In these conditions pictures come, or will. */
const SHOWING: CameraState['condition'][] = ['live', 'idle', 'starting'];

/** Takes pictures out of the run of frames, one at a time. */
export class Snapshots {
  readonly #parts: SnapshotParts;
  #waiting: { resolve: (taken: Taken) => void } | null = null;
  /** Those that wait for their turn, and the one that is taken. */
  #queued = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
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

  /** Does what a command wishes for. Resolves with null, or with the reason why not, a sentence. */
  async obey(text: string): Promise<string | null> {
    const { condition, cause, advice, settings } = this.#parts.state();
    const command = readSnapshotCommand(text);
    const wanted = 'refused' in command || !command.size ? command : otherSize(command.size, settings?.resolution);
    if ('refused' in wanted) return wanted.refused;
    if (!SHOWING.includes(condition)) return `No snapshot can be taken: ${cause}. ${advice}`;
    if (this.#queued >= MAX_QUEUED) return `No snapshot can be taken: ${MAX_QUEUED} others are being taken.`;
    try {
      const isOut = await this.#parts.send(await this.#inTurn(wanted.size));
      return isOut ? null : 'The snapshot did not go out: the connection to the message bus was lost.';
    } catch (error) {
      return `No snapshot could be taken: ${(error as Error).message}.`;
    } finally {
      this.#parts.changed();
    }
  }

  async #inTurn(size: Size | null): Promise<Taken> {
    this.#queued++;
    const turn = this.#last.then(() => {
      this.#parts.changed();
      return size ? this.#ofSize(size) : this.#next();
    });
    this.#last = turn.catch(() => {}); // Told to who waits for it.
    return await turn.finally(() => {
      this.#queued--;
    });
  }

  async #ofSize(size: Size): Promise<Taken> {
    const shot = new Shot(size);
    this.#parts.take(shot);
    return this.#parts.stamp(await shot.taken);
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
