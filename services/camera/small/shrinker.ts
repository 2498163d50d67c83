import { PassThrough } from 'node:stream';
import type { Stamp } from '../../shared/contract.ts';
import { type Exit, Ffmpeg, type FfmpegProgram } from '../ffmpeg.ts';
import { type Frame, FrameCutter } from '../frames.ts';
import { PART_END, partHead, smallJob, type Wanted } from '../job.ts';

/** For one frame it takes milliseconds, for its first one its start comes on top; after so long it hangs, in ms. */
const HANGS_MS = 5_000;

/** One ffmpeg that makes frames small. It has one at a time, so what comes out is of the one that went in, and nothing queues. */
export class Shrinker implements AsyncDisposable {
  /** Why it does not go on, in words for the log. */
  readonly ended: Promise<string>;
  readonly #ffmpeg: Ffmpeg;
  readonly #stdin = new PassThrough();
  readonly #send: (jpeg: Buffer, stamp: Stamp) => void;
  readonly #hang = Promise.withResolvers<string>();
  #stamp: Stamp | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param send takes each small frame, which bears the stamp of the one that it was made of */
  constructor(program: FfmpegProgram, size: Wanted['size'], maxBytes: number, send: (jpeg: Buffer, stamp: Stamp) => void) {
    this.#send = send;
    const sink = { wanted: () => true, whole: (frame: Frame) => this.#whole(frame), skipped: () => {}, corrupt: () => {} };
    const cutter = new FrameCutter(sink, maxBytes);
    const feed = (bytes: Buffer) => {
      if (!this.#isOver) cutter.feed(bytes);
    };
    this.#ffmpeg = new Ffmpeg(program, smallJob(size), false, feed, this.#stdin);
    this.ended = Promise.race([this.#ffmpeg.exited.then(whyOf), this.#hang.promise]);
  }

  /** Whether it has a frame; then it takes no other one. */
  get isBusy(): boolean {
    return this.#stamp !== null;
  }

  shrink(jpeg: Buffer, stamp: Stamp): void {
    this.#stamp = stamp;
    this.#timer = setTimeout(() => this.#hang.resolve(`ffmpeg has had a picture for ${HANGS_MS / 1000} s and gave none back`), HANGS_MS);
    this.#stdin.write(partHead(jpeg.length));
    this.#stdin.write(jpeg);
    this.#stdin.write(PART_END);
  }

  #whole(frame: Frame): void {
    const stamp = this.#stamp;
    this.#stamp = null;
    clearTimeout(this.#timer);
    if (stamp) this.#send(frame.stamped(stamp), stamp);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#ffmpeg[Symbol.asyncDispose]();
  }
}

function whyOf({ code, lines }: Exit): string {
  return `ffmpeg ${code === null ? 'was ended or could not be started' : `ended with code ${code}`}${lines.length > 0 ? ` (${lines.at(-1)})` : ''}`;
}
