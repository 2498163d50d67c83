/** Fires when it was not calmed for `patience` ms, or when `signal` comes. Disposing of it lets it sleep. */
export class Watchdog implements Disposable {
  readonly fired: Promise<null>;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal;
  readonly #fire: () => void;

  constructor(patience: number, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<null>();
    this.fired = promise;
    this.#signal = signal;
    this.#fire = () => resolve(null);
    this.#timer = setTimeout(this.#fire, patience);
    signal.addEventListener('abort', this.#fire);
    if (signal.aborted) this.#fire();
  }

  /** There was a sign of life. */
  calm(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#fire);
  }
}
