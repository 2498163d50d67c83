import type { Frame } from '../frames.ts';
import type { CaptureListener } from '../session.ts';
import type { Diagnosis } from '../trouble/diagnosis.ts';

/** A webcam that was just opened first finds its exposure and colours, in ms. */
const SETTLE_MS = 300;
/** A shot takes no longer: opening, settling, one picture. */
const LONGEST_MS = 8_000;

/** One picture at a size of its own: listens to a source that is opened for it alone. */
export class Shot implements CaptureListener {
  readonly size: { width: number; height: number };
  readonly taken: Promise<Frame>;
  readonly #settled = Promise.withResolvers<Frame>();
  readonly #timer: NodeJS.Timeout;
  #first = 0;
  #end = () => {};

  /** `taken` is rejected with the reason when no picture came. */
  constructor(size: { width: number; height: number }) {
    this.size = size;
    this.taken = this.#settled.promise;
    this.#timer = setTimeout(() => this.fail(`no picture came within ${LONGEST_MS / 1000} s`), LONGEST_MS);
  }

  /** `end` closes the source once the picture is there, or cannot come. */
  over(end: () => void): void {
    this.#end = end;
  }

  fail(why: string): void {
    clearTimeout(this.#timer);
    this.#settled.reject(new Error(why));
    this.#end();
  }

  whole(frame: Frame): void {
    const now = performance.now();
    this.#first ||= now;
    if (now - this.#first < SETTLE_MS) return;
    clearTimeout(this.#timer);
    this.#settled.resolve(frame);
    this.#end();
  }

  trouble({ cause }: Diagnosis): void {
    this.fail(cause);
  }

  wanted(): boolean {
    return true;
  }

  skipped(): void {}

  corrupt(): void {}

  format(): void {}
}
