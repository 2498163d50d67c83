import type { Camera } from '../camera.ts';
import { isDark, isLate, LOOK_MS } from '../liveness.ts';
import type { Seen, Surface } from './messages.ts';
import { Meter } from './meter.ts';
import { type Jpeg, Painter } from './painter.ts';
import { Rate } from './rate.ts';
import type { ServerClock } from './server-clock.ts';
import { isPlaceholder, readStamp } from './stamp.ts';
import { Thrift } from './thrift.ts';

interface Drawn {
  jpeg: Jpeg;
  /** Monotonic ms. */
  at: number;
  /** Server time in ms since 1970; null when it does not tell. */
  taken: number | null;
}

/** One camera as it is watched: its canvas, the picture on it, and what is measured of its stream. */
export class Screen {
  readonly #clock: ServerClock;
  readonly #onSeldom: () => void;
  readonly #painter = new Painter();
  readonly #rate = new Rate();
  readonly #meter = new Meter();
  readonly #thrift = new Thrift();
  #camera: Camera | null = null;
  #drawn: Drawn | null = null;
  #key = 0;
  /** Its pictures bear stamps, so one without is none of its own. */
  #stamps = false;
  #frozen = false;

  /** @param onSeldom is told of a picture that came after a pause: what is said of the one before it is wrong at once */
  constructor(clock: ServerClock, onSeldom: () => void) {
    this.#clock = clock;
    this.#onSeldom = onSeldom;
  }

  /** From now on it is drawn there, at once what was seen last. */
  attach(key: number, surface: Surface): void {
    this.#key = key;
    this.#painter.surface = surface;
    if (this.#drawn) this.#painter.show(this.#drawn.jpeg, () => {});
  }

  /** The place is gone; another one may have come in its place before. */
  detach(key: number): void {
    if (key === this.#key) this.#painter.surface = null;
  }

  get isAttached(): boolean {
    return this.#painter.isAttached;
  }

  /** The picture stands still, though others come. */
  set frozen(frozen: boolean) {
    this.#frozen = frozen;
  }

  /** What the camera says. */
  tell(camera: Camera): void {
    const isNews = camera.condition !== this.#camera?.condition;
    this.#camera = camera;
    // What was seen last is not what is there now, and with `off` somebody does not want to be seen.
    if (isNews && isDark(camera)) this.clear();
  }

  /** A picture came; `done` is called when its turn is over, drawn or not. */
  take(jpeg: Jpeg, done: () => void): void {
    const stamp = readStamp(jpeg);
    const taken = stamp && stamp.t / 1000;
    this.#stamps ||= stamp !== null;
    // What a placeholder says, the page says itself, and better.
    if (isPlaceholder(jpeg) || (this.#stamps && !stamp) || (this.#isDark && this.#isOld(taken))) {
      done();
      return;
    }
    this.#meter.mark(performance.now(), jpeg.length, stamp?.seq ?? null);
    if (this.#frozen) {
      this.#rate.mark(performance.now());
      done();
      return;
    }
    this.#painter.show(jpeg, (isDrawn) => {
      done();
      if (!isDrawn) return;
      const at = performance.now();
      const isSeldom = this.#drawn !== null && at - this.#drawn.at > LOOK_MS;
      this.#drawn = { jpeg, at, taken };
      this.#rate.mark(at);
      if (isSeldom) this.#onSeldom();
    });
  }

  clear(): void {
    this.#frozen = false;
    this.#painter.clear();
    this.#rate.clear();
    this.#meter.pause();
    this.#drawn = null;
  }

  /** Nothing comes from now on, or at another rate, and that is no loss. */
  pause(): void {
    this.#meter.pause();
  }

  /** The picture on the screen, as the file that came. */
  get file(): { jpeg: Jpeg; taken: number | null } | null {
    return this.#drawn && { jpeg: this.#drawn.jpeg, taken: this.#drawn.taken };
  }

  /** The width of the small frames that have to do on this line, in pixels; null: whole ones come in time, or there are no others. */
  get saving(): number | null {
    return this.#thrift.saves ? (this.#camera?.small?.width ?? null) : null;
  }

  /** Looks whether the line carries whole pictures; tells whether that is another matter than it was. */
  weigh(now: number): boolean {
    if (!this.#drawn || !this.#camera?.small || this.#frozen) return false;
    const { at, taken } = this.#drawn;
    const server = this.#clock.at(at);
    const delay = taken === null || server === null ? null : server - taken;
    return this.#thrift.look(now, { delay, fps: this.#rate.fps(now), most: this.#camera.format?.fps ?? 0 });
  }

  seen(now: number): Seen | null {
    if (!this.#drawn) return null;
    const { at, taken } = this.#drawn;
    const server = this.#clock.at(now);
    return {
      ...this.#painter.size,
      quiet: now - at,
      age: taken === null || server === null ? null : Math.max(0, server - taken),
      fps: this.#rate.fps(now),
      bitrate: this.#meter.bitrate(now),
      dropped: this.#stamps ? this.#meter.dropped(now) : null,
      frozen: this.#frozen,
      saves: this.saving !== null,
    };
  }

  get #isDark(): boolean {
    return this.#camera !== null && isDark(this.#camera);
  }

  /** As one that the bus has kept since before the camera went dark; one that does not tell is taken for old. */
  #isOld(taken: number | null): boolean {
    const now = this.#clock.at(performance.now());
    return taken === null || (now !== null && isLate(now - taken));
  }
}
