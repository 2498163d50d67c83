import { Backoff } from './backoff.ts';
import type { Finder } from './device/finder.ts';
import { chooseMode, type Mode } from './device/mode.ts';
import type { Plug } from './device/plug.ts';
import type { Wanted } from './job.ts';
import type { Shot } from './knobs/shot.ts';
import { type CaptureListener, probe, Session, type SessionOptions } from './session.ts';
import type { Source } from './source.ts';
import { type Absence, findTarget, isTarget, type Target } from './target.ts';
import { type Diagnosis, noDevice } from './trouble/diagnosis.ts';
import { lookAround } from './trouble/look.ts';

/** So often a device that is not there is looked for, in ms; mostly the change in its folder tells sooner. */
const LOOK_MS = 1_000;
/** So often is looked around for why it is not there, in ms. */
const EXPLAIN_MS = 10_000;
/** The longest waits where the fault goes away by itself: a device is plugged in again, another program lets it go. */
const LONGEST_WAIT_MS: Partial<Record<Diagnosis['condition'], number>> = { 'no-device': 3_000, 'device-busy': 5_000 };

const CLOSED = 'the camera was closed';

export interface SourceListener extends CaptureListener {
  /** A source is about to be opened; a device in the mode that is nearest to what is wanted. `again`: not for the first time. */
  opening(target: Target, wanted: Wanted, mode: Mode | null, again: boolean): Promise<void>;
}

export interface CaptureOptions extends SessionOptions {
  finder: Finder;
  plug: Plug;
}

/** Keeps a source open while that is wanted: finds it, opens it, and after a fault opens it again. The one place where it is retried. */
export class Capture {
  readonly #source: Source;
  readonly #options: CaptureOptions;
  readonly #listener: SourceListener;
  readonly #backoff = new Backoff(Math.random);
  /** Source's label -> its codec, once it is known: a network camera is not asked each time. */
  readonly #codecs = new Map<string, string>();
  /** Why there was no device, and when that was found out. */
  #absence: { absent: string; at: number; diagnosis: Diagnosis } | null = null;
  #wanted: Wanted;
  #shot: Shot | null = null;
  #stop: AbortController | null = null;
  /** Ends what is under way now: a run of ffmpeg, or a wait. */
  #next = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #hasOpened = false;

  constructor(source: Source, wanted: Wanted, options: CaptureOptions, listener: SourceListener) {
    this.#source = source;
    this.#wanted = wanted;
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
    this.#shot?.fail(CLOSED);
    this.#shot = null;
    this.#next.abort();
    return this.#done;
  }

  /** What is wanted from now on; an open source is opened anew for it. */
  want(wanted: Wanted): void {
    this.#wanted = wanted;
    this.reopen();
  }

  /** Opens the source anew at once, whatever it was waiting for. */
  reopen(): void {
    this.#backoff.reset();
    this.#next.abort();
  }

  /** Opens the source for one picture of another size, and then again as it was. */
  take(shot: Shot): void {
    this.#shot = shot;
    this.reopen();
  }

  /** The source as it is found now; null where there is none. For those who want to know it without opening it. */
  async look(): Promise<{ target: Target; mode: Mode | null } | null> {
    const target = await this.#find();
    return isTarget(target) ? { target, mode: modeOf(target, this.#wanted) } : null;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#next = new AbortController();
      const target = await this.#find();
      if (signal.aborted) break;
      if (isTarget(target)) await this.#use(target, signal);
      else {
        this.#listener.trouble(await this.#explain(target.absent));
        this.#shot?.fail(target.absent);
        this.#backoff.reset();
        await this.#options.plug.pause(LOOK_MS, this.#next.signal);
      }
    }
  }

  #find(): Promise<Target | Absence> {
    return findTarget(this.#source, this.#options.finder);
  }

  /** Looks around for why there is none, but not each time that it is looked for. */
  async #explain(absent: string): Promise<Diagnosis> {
    const now = performance.now();
    if (this.#absence?.absent === absent && now - this.#absence.at < EXPLAIN_MS) return this.#absence.diagnosis;
    const diagnosis = noDevice(absent, await lookAround(null, null, this.#options.roots));
    this.#absence = { absent, at: now, diagnosis };
    return diagnosis;
  }

  /** Opens it until it fails, and waits for as long as that calls for. */
  async #use(target: Target, signal: AbortSignal): Promise<void> {
    const next = this.#next;
    const shot = this.#shot;
    this.#shot = null;
    const wanted = shot ? { ...this.#wanted, size: shot.size } : this.#wanted;
    const mode = modeOf(target, wanted);
    await this.#listener.opening(target, wanted, mode, this.#hasOpened);
    this.#hasOpened = true;
    if (signal.aborted) shot?.fail(CLOSED);
    else if (next.signal.aborted) this.#shot ??= shot;
    if (next.signal.aborted) return;
    using _watching = this.#watchForCamera(target, next);
    if (shot) shot.over(() => next.abort());
    const trouble = await this.#read(target, mode, wanted, shot ?? this.#listener, next.signal);
    if (signal.aborted) shot?.fail(CLOSED);
    if (trouble && !signal.aborted) await this.#wait(this.#backoff.next(LONGEST_WAIT_MS[trouble.condition]), target, next.signal);
  }

  async #read(
    target: Target,
    mode: Mode | null,
    wanted: Wanted,
    listener: CaptureListener,
    signal: AbortSignal,
  ): Promise<Diagnosis | null> {
    const codec = await this.#codecOf(target, mode, signal);
    if (codec !== null && typeof codec !== 'string') listener.trouble(codec);
    if (typeof codec !== 'string') return codec;
    const plan = { copy: mode?.copy ?? (codec === 'mjpeg' || codec === 'MJPG'), mode };
    const { trouble, ranMs, needsEncoding } = await new Session(target, codec, wanted, plan, this.#options, listener).run(signal);
    this.#backoff.ran(ranMs);
    // What did not give one frame may be another camera by now.
    if (trouble && ranMs === 0) this.#codecs.delete(target.label);
    if (!needsEncoding) return trouble;
    this.#codecs.set(target.label, 'raw');
    return null;
  }

  async #codecOf(target: Target, mode: Mode | null, signal: AbortSignal): Promise<string | Diagnosis | null> {
    if (mode) return mode.fourcc;
    const known = this.#codecs.get(target.label);
    if (known) return known;
    if (target.input.kind === 'device') return 'MJPG';
    if (target.input.kind === 'test') return 'raw';
    const codec = await probe(target, this.#wanted, this.#options, signal);
    if (typeof codec === 'string') this.#codecs.set(target.label, codec);
    return codec;
  }

  /** Ends the test picture when a camera appears whose place it holds. */
  #watchForCamera(target: Target, next: AbortController): Disposable {
    const look = async () => {
      const found = await this.#find();
      if (isTarget(found) && !found.standIn) next.abort();
    };
    const timer = target.standIn ? setInterval(look, LOOK_MS) : undefined;
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** Waits, but not on when the source has become another, or a device is gone: then it is the next one's turn. */
  async #wait(ms: number, target: Target, signal: AbortSignal): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
      await this.#options.plug.pause(Math.min(left, LOOK_MS), signal);
      const found = await this.#find();
      if (isTarget(found) && found.label === target.label) continue;
      this.#backoff.reset();
      return;
    }
  }
}

function modeOf(target: Target, wanted: Wanted): Mode | null {
  return chooseMode(target.found?.capabilities?.formats ?? [], wanted);
}
