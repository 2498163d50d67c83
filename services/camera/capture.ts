import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import type { Diagnosis } from './diagnosis.ts';
import { type CaptureListener, probe, Session, type SessionOptions } from './session.ts';
import type { Source } from './source.ts';
import { findTarget, isTarget, type Target } from './target.ts';

/** So often a device that is not there is looked for, in ms. */
const LOOK_MS = 1_000;
/** The longest waits where the fault goes away by itself: a device is plugged in again, another program lets it go. */
const LONGEST_WAIT_MS: Partial<Record<Diagnosis['condition'], number>> = { 'no-device': 3_000, 'device-busy': 5_000 };

export interface SourceListener extends CaptureListener {
  /** A source is about to be opened; `again`: not for the first time. */
  opening(target: Target, again: boolean): void;
}

/** Keeps a source open while that is wanted: finds it, opens it, and after a fault opens it again. The one place where it is retried. */
export class Capture {
  readonly #source: Source;
  readonly #options: SessionOptions;
  readonly #listener: SourceListener;
  readonly #backoff = new Backoff(Math.random);
  /** Source's label -> its codec, once it is known: a network camera is not asked each time. */
  readonly #codecs = new Map<string, string>();
  #stop: AbortController | null = null;
  #done: Promise<void> = Promise.resolve();
  #hasOpened = false;

  constructor(source: Source, options: SessionOptions, listener: SourceListener) {
    this.#source = source;
    this.#options = options;
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#stop !== null;
  }

  open(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#done = this.#done.then(() => this.#run(stop.signal));
  }

  /** Resolves when ffmpeg has ended. */
  close(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    return this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const target = await this.#find();
      if (signal.aborted) return;
      if (isTarget(target)) await this.#use(target, signal);
      else {
        this.#listener.trouble(target);
        this.#backoff.reset();
        await pause(LOOK_MS, signal);
      }
    }
  }

  #find(): Promise<Target | Diagnosis> {
    return findTarget(this.#source, this.#options.roots);
  }

  /** Opens it until it fails, and waits for as long as that calls for. */
  async #use(target: Target, signal: AbortSignal): Promise<void> {
    this.#listener.opening(target, this.#hasOpened);
    this.#hasOpened = true;
    using changed = this.#watchForCamera(target, signal);
    const trouble = await this.#read(target, changed.signal);
    if (trouble && !signal.aborted) await this.#wait(this.#backoff.next(LONGEST_WAIT_MS[trouble.condition]), target, signal);
  }

  async #read(target: Target, signal: AbortSignal): Promise<Diagnosis | null> {
    const codec = await this.#codecOf(target, signal);
    if (codec !== null && typeof codec !== 'string') this.#listener.trouble(codec);
    if (typeof codec !== 'string') return codec;
    const { trouble, ranMs, needsEncoding } = await new Session(target, codec, this.#options, this.#listener).run(signal);
    this.#backoff.ran(ranMs);
    // What did not give one frame may be another camera by now.
    if (trouble && ranMs === 0) this.#codecs.delete(target.label);
    if (!needsEncoding) return trouble;
    this.#codecs.set(target.label, 'raw');
    return null;
  }

  async #codecOf(target: Target, signal: AbortSignal): Promise<string | Diagnosis | null> {
    const known = this.#codecs.get(target.label);
    if (known) return known;
    if (target.input.kind === 'device') return 'mjpeg';
    if (target.input.kind === 'test') return 'raw';
    const codec = await probe(target, this.#options, signal);
    if (typeof codec === 'string') this.#codecs.set(target.label, codec);
    return codec;
  }

  /** A signal that also comes when a camera appears whose place the test picture holds. */
  #watchForCamera(target: Target, signal: AbortSignal): Disposable & { signal: AbortSignal } {
    const changed = new AbortController();
    const abort = () => changed.abort();
    const look = async () => {
      const found = await this.#find();
      if (isTarget(found) && !found.standIn) abort();
    };
    const timer = target.standIn ? setInterval(look, LOOK_MS) : undefined;
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    return {
      signal: changed.signal,
      [Symbol.dispose]: () => {
        clearInterval(timer);
        signal.removeEventListener('abort', abort);
      },
    };
  }

  /** Waits, but not on when the source has become another, or a device is gone: then it is the next one's turn. */
  async #wait(ms: number, target: Target, signal: AbortSignal): Promise<void> {
    for (let left = ms; left > 0 && !signal.aborted; left -= LOOK_MS) {
      await pause(Math.min(left, LOOK_MS), signal);
      const found = await this.#find();
      if (isTarget(found) && found.label === target.label) continue;
      this.#backoff.reset();
      return;
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}); // It was ended: the caller looks at the signal.
}
