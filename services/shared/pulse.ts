/** Does something again and again, and sooner when somebody asks. Nothing happens before `start`. */
export class Pulse {
  readonly #everyMs: number;
  readonly #soonMs: number;
  readonly #beat: () => void;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;

  /** @param soonMs from `soon()` to the beat; further calls until then ask for the same one */
  constructor({ everyMs, soonMs }: { everyMs: number; soonMs: number }, beat: () => void) {
    this.#everyMs = everyMs;
    this.#soonMs = soonMs;
    this.#beat = beat;
  }

  start(): void {
    this.#timer = setInterval(this.#beat, this.#everyMs);
  }

  soon(): void {
    if (!this.#timer || this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#beat();
    }, this.#soonMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
  }
}
