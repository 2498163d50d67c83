/** Work that is done one at a time; of what comes meanwhile only the newest is done, the rest never. Pure. */
export class Latest {
  #waiting: (() => Promise<unknown>) | null = null;
  #isBusy = false;

  /** Does `work` now, or once what is under way has ended, unless something newer comes. It must not reject. */
  offer(work: () => Promise<unknown>): void {
    this.#waiting = work;
    if (!this.#isBusy) void this.#run();
  }

  /** What waits is not done. */
  drop(): void {
    this.#waiting = null;
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    for (let work = this.#take(); work; work = this.#take()) await work();
    this.#isBusy = false;
  }

  #take(): (() => Promise<unknown>) | null {
    const work = this.#waiting;
    this.#waiting = null;
    return work;
  }
}
