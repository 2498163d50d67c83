import { Demand } from './demand.ts';

/** Keeps the count of who wants which camera's frames, and tells what changed of it: once for all changes of a turn of the event loop. */
export class Viewers {
  readonly #demand: Demand;
  readonly #tell: (camera: string, count: number | null) => void;
  #isQueued = false;

  /** @param tell publishes a camera's new count; null takes the last one back */
  constructor(prefix: string, tell: (camera: string, count: number | null) => void) {
    this.#demand = new Demand(prefix);
    this.#tell = tell;
  }

  /** A client's subscriptions, all of them, and what it may read of it; none: it has gone, or is not to be counted. */
  setFilters(clientId: string, filters: string[], mayRead?: (topic: string) => boolean): void {
    this.#demand.setFilters(clientId, filters, mayRead);
    this.#queue();
  }

  /** Something was published, by which a camera may show itself. */
  notice(topic: string, isEmpty: boolean): void {
    if (this.#demand.notice(topic, isEmpty)) this.#queue();
  }

  /** Lets cameras go that have fallen silent; to be called about once a second, with ms of the monotonic clock. */
  sweep(now: number): void {
    if (this.#demand.sweep(now)) this.#queue();
  }

  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    setImmediate(() => {
      this.#isQueued = false;
      for (const [camera, count] of this.#demand.changes()) this.#tell(camera, count);
    });
  }
}
