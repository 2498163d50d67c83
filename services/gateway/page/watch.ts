import type { Camera } from './camera.ts';
import type { Picture } from './picture.ts';
import { reasonOf } from './problem.ts';
import { Rate } from './rate.ts';
import { ServerClock } from './server-clock.ts';
import { isPlaceholder, readStamp } from './stamp.ts';
import { isDark, isLate, type Sight } from './status.ts';
import { type Link, Stream } from './stream.ts';

/** So many attempts that never got through while the gateway answers otherwise: something between does not let WebSockets pass. */
const REFUSED_ENOUGH = 2;

export interface WatchListener {
  /** The camera's state or the connection changed. */
  onChange(): void;
  onLoginNeeded(): void;
}

/** One camera being watched: what it said, the connection, the picture on the screen. */
export class Watch {
  readonly id: string;
  readonly #picture: Picture;
  readonly #fallback: HTMLImageElement;
  readonly #listener: WatchListener;
  readonly #clock = new ServerClock();
  readonly #rate = new Rate();
  readonly #stream: Stream;
  #camera: Camera;
  #link: Link = { state: 'connecting' };
  #drawn: { at: number; taken: number | null } | null = null;
  /** Why the gateway serves no stream to us, if it said so: a browser does not tell what a WebSocket was refused for. */
  #refusal: string | null = null;
  /** Its pictures bear stamps, so one without is none of its own. */
  #stamps = false;

  constructor(camera: Camera, picture: Picture, fallback: HTMLImageElement, listener: WatchListener) {
    this.id = camera.id;
    this.#camera = camera;
    this.#picture = picture;
    this.#fallback = fallback;
    this.#listener = listener;
    this.#stream = new Stream(`cameras/${camera.id}/ws`, this.#clock, {
      onState: (state) => this.tell(state),
      onFrame: (jpeg) => this.#take(jpeg),
      onLink: (link) => this.#linked(link),
      onLoginNeeded: () => listener.onLoginNeeded(),
    });
  }

  start(): void {
    this.#stream.open();
  }

  /** Nobody looks: nothing is fetched any more. What was seen stays, and gets older. */
  pause(): void {
    this.#stream.close();
    this.#stopFallback();
    this.#link = { state: 'connecting' };
  }

  /** Another camera's turn. */
  stop(): void {
    this.pause();
    this.#forgetPicture();
  }

  /** The camera's state, from the stream or, without one, from the list of cameras. */
  tell(camera: Camera): void {
    const isNews = camera.condition !== this.#camera.condition;
    this.#camera = camera;
    // What was seen last is not what is there now, and with `off` somebody does not want to be seen.
    if (isNews && isDark(camera)) this.#forgetPicture();
    this.#listener.onChange();
  }

  /** Should the MJPEG stream stand in? To be asked when the gateway has answered something else. */
  get needsFallback(): boolean {
    return this.refused >= REFUSED_ENOUGH;
  }

  /** How many attempts in a row never got through. */
  get refused(): number {
    return this.#link.state === 'waiting' ? this.#link.refused : 0;
  }

  get inFallback(): boolean {
    return !this.#fallback.hidden;
  }

  /** Shows the MJPEG stream, or, when that shows already, begins it anew: a picture that stands still does not say that it does. */
  async fallBack(): Promise<void> {
    const path = `cameras/${this.id}/stream`;
    this.#refusal = await refusalOf(path);
    if (this.#refusal || !(this.needsFallback || this.inFallback)) return;
    this.#forgetPicture();
    this.#fallback.hidden = false;
    this.#fallback.src = `${path}?${Date.now()}`;
  }

  sight(reachable: boolean): Sight {
    const now = performance.now();
    const server = this.#clock.at(now);
    const { width, height } = this.inFallback ? sizeOf(this.#fallback) : this.#picture.size;
    const taken = this.#drawn?.taken ?? null;
    const age = taken === null || server === null ? null : Math.max(0, server - taken);
    return {
      camera: this.#camera,
      reachable,
      link: this.#link.state === 'waiting' && this.#refusal ? { ...this.#link, reason: this.#refusal } : this.#link,
      fallback: this.inFallback,
      picture: this.#drawn && { width, height, quiet: now - this.#drawn.at, age },
      fps: this.#drawn && this.#rate.fps(now),
      now: server ?? (this.inFallback ? Date.now() : null),
      retryIn: this.#link.state === 'waiting' ? this.#link.retryAt - now : 0,
    };
  }

  #linked(link: Link): void {
    this.#link = link;
    if (link.state === 'open') {
      this.#refusal = null;
      this.#stopFallback();
    }
    this.#listener.onChange();
  }

  #take(jpeg: ArrayBuffer): void {
    const stamp = readStamp(jpeg);
    const taken = stamp && stamp.t / 1000;
    this.#stamps ||= stamp !== null;
    // What a placeholder says, the page says itself, and better.
    if (isPlaceholder(jpeg) || (this.#stamps && !stamp) || (isDark(this.#camera) && this.#isOld(taken))) return;
    this.#picture.show(jpeg, () => {
      const at = performance.now();
      this.#drawn = { at, taken };
      this.#rate.mark(at);
    });
  }

  /** As one that the bus has kept since before the camera went dark; one that does not tell is taken for old. */
  #isOld(taken: number | null): boolean {
    const now = this.#clock.at(performance.now());
    return taken === null || (now !== null && isLate(now - taken));
  }

  #forgetPicture(): void {
    this.#picture.clear();
    this.#rate.clear();
    this.#drawn = null;
  }

  #stopFallback(): void {
    if (!this.inFallback) return;
    this.#fallback.hidden = true;
    this.#fallback.removeAttribute('src');
  }
}

/** Why there is no stream at this address; null when there is one. */
async function refusalOf(path: string): Promise<string | null> {
  const enough = new AbortController();
  try {
    const response = await fetch(path, { cache: 'no-store', signal: enough.signal });
    return response.ok ? null : await reasonOf(response);
  } catch {
    return 'HomeGuard does not answer';
  } finally {
    enough.abort();
  }
}

function sizeOf({ naturalWidth, naturalHeight }: HTMLImageElement): { width: number; height: number } {
  return { width: naturalWidth, height: naturalHeight };
}
