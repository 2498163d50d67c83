import { MAX_SMALL_FPS, type Stamp } from '../../shared/contract.ts';
import type { Logger } from '../../shared/log.ts';
import { Pace } from '../../shared/pace.ts';
import { Backoff } from '../backoff.ts';
import type { FfmpegProgram } from '../ffmpeg.ts';
import type { Wanted } from '../job.ts';
import type { Taken } from '../knobs/outcome.ts';
import { Shrinker } from './shrinker.ts';
import { smallSize } from './small-size.ts';

/** A page that is loaded again leaves for a moment: ffmpeg stays for so long, in ms. */
const LINGER_MS = 3_000;

export interface SmallStreamParts {
  program: FfmpegProgram;
  /** The longest frame that is taken. */
  maxBytes: number;
  log: Logger;
  send: (jpeg: Buffer, stamp: Stamp) => void;
}

interface Run {
  shrinker: Shrinker;
  /** Of the camera's frames, in pixels. */
  from: Wanted['size'];
  beganAt: number;
}

/**
 * A camera's small frames, made only while somebody wants them, of the newest frame there is, by an ffmpeg of their own: when that
 * fails, they are missing for a while, and the camera's own frames go on.
 */
export class SmallStream {
  readonly #parts: SmallStreamParts;
  readonly #pace = new Pace(0);
  readonly #backoff = new Backoff(Math.random);
  #fps = 0;
  #isDue = false;
  #run: Run | null = null;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #lingerTimer: NodeJS.Timeout | undefined;
  #hasFailed = false;

  constructor(parts: SmallStreamParts) {
    this.#parts = parts;
  }

  /** So many a second are wanted from now on; 0: none, and after a while ffmpeg ends. */
  want(fps: number): void {
    const wanted = Math.min(fps, MAX_SMALL_FPS);
    if (wanted === this.#fps) return;
    this.#fps = wanted;
    this.#pace.fps = wanted;
    clearTimeout(this.#lingerTimer);
    if (wanted === 0) this.#lingerTimer = setTimeout(() => void this.close(), LINGER_MS);
  }

  /** Whether the next frame is to be made small. */
  get isDue(): boolean {
    const now = performance.now();
    if (this.#fps === 0 || this.#run?.shrinker.isBusy || now < this.#restsUntil) return false;
    this.#isDue ||= this.#pace.admit(now);
    return this.#isDue;
  }

  /** Makes a frame small if it is its turn, and it is larger than that. */
  offer({ jpeg, stamp }: Taken, { width, height }: Wanted['size']): void {
    const to = smallSize({ width, height });
    if (!to || !this.isDue) return;
    this.#isDue = false;
    if (this.#run && (this.#run.from.width !== width || this.#run.from.height !== height)) void this.close();
    this.#run ??= this.#begin({ width, height }, to);
    this.#run.shrinker.shrink(jpeg, stamp);
  }

  /** Ends ffmpeg, and no small frame comes any more until one is offered again. Resolves when it has ended. */
  async close(): Promise<void> {
    clearTimeout(this.#lingerTimer);
    const run = this.#run;
    this.#run = null;
    await run?.shrinker[Symbol.asyncDispose]();
  }

  #begin(from: Wanted['size'], to: Wanted['size']): Run {
    const { program, maxBytes } = this.#parts;
    const run = {
      shrinker: new Shrinker(program, to, maxBytes, (jpeg, stamp) => this.#send(jpeg, stamp)),
      from,
      beganAt: performance.now(),
    };
    void run.shrinker.ended.then((why) => this.#failed(run, why));
    return run;
  }

  #send(jpeg: Buffer, stamp: Stamp): void {
    if (this.#hasFailed) this.#parts.log.info('the small pictures for tiles are back');
    this.#hasFailed = false;
    this.#parts.send(jpeg, stamp);
  }

  #failed(run: Run, why: string): void {
    if (this.#run !== run) return;
    void this.close();
    const now = performance.now();
    this.#backoff.ran(now - run.beganAt);
    this.#restsUntil = now + this.#backoff.next();
    const remedy = 'Tiles show full ones meanwhile, and it is tried again. If this stays so, look whether memory is short (free -h)';
    if (!this.#hasFailed) this.#parts.log.warn({ cause: why }, `The small pictures for tiles have stopped: ${why}. ${remedy}.`);
    this.#hasFailed = true;
  }
}
