import type { CameraState } from '../../shared/contract.ts';
import type { Frame } from '../frames.ts';
import type { Outcome, Taken } from './outcome.ts';
import { Shot } from './shot.ts';
import { otherSize, readSnapshotCommand, type Size } from './snapshot-command.ts';

/** From the command to the picture at the present size, in ms; a source that is closed is opened for it. */
const LONGEST_MS = 6_000;

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

  /** Does what a command wishes for. */
  async obey(text: string): Promise<Outcome> {
    const command = readSnapshotCommand(text);
    const { id } = command;
    const wanted = 'refused' in command ? command : this.#possible(command.size);
    if ('refused' in wanted) return { refused: wanted.refused, id };
    try {
      const taken = { ...(await this.#inTurn(wanted.size)), id };
      const isOut = await this.#parts.send(taken);
      if (!isOut) return { refused: 'The snapshot did not go out: the connection to the message bus was lost.', id };
      return { refused: null, id, taken };
    } catch (error) {
      return { refused: `No snapshot could be taken: ${(error as Error).message}.`, id };
    } finally {
      this.#parts.changed();
    }
  }

  /** The size, where the source has to be opened anew for it, else null. Or why no picture can be taken now. */
  #possible(wanted: Size | null): { size: Size | null } | { refused: string } {
    const { condition, cause, advice, settings } = this.#parts.state();
    const other = wanted ? otherSize(wanted, settings?.resolution) : { size: null };
    if ('refused' in other) return other;
    if (!SHOWING.includes(condition)) return { refused: `No snapshot can be taken: ${cause}. ${advice}` };
    if (this.#queued >= MAX_QUEUED) return { refused: `No snapshot can be taken: ${MAX_QUEUED} others are being taken.` };
    return other;
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
