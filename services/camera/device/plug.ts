import { type FSWatcher, watch } from 'node:fs';

/** Tells when nodes appear, vanish or change their rights in the folders of devices. Where that cannot be watched it says nothing. */
export class Plug implements Disposable {
  readonly #watchers: FSWatcher[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(folders: string[]) {
    for (const folder of new Set(folders)) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#wake());
        watcher.on('error', () => watcher.close()); // The folder went; who waits looks again by the clock.
        this.#watchers.push(watcher);
      } catch {
        // There is no such folder, or no watch is left: who waits looks again by the clock.
      }
    }
  }

  /** Resolves at the next change, after `ms`, or when `signal` comes. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const timer = setTimeout(end, ms);
    this.#waiting.add(end);
    signal.addEventListener('abort', end);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(end);
    signal.removeEventListener('abort', end);
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#wake();
  }

  #wake(): void {
    for (const end of this.#waiting) end();
  }
}
