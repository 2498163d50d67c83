import { describeDevice } from './device/device.ts';
import { type Mode, nextSmaller } from './device/mode.ts';
import { type Exit, Ffmpeg, type FfmpegProgram } from './ffmpeg.ts';
import { type Format, FormatMeter } from './format-meter.ts';
import { type Corruption, type Frame, FrameCutter } from './frames.ts';
import { captureJob, type Plan, probedCodec, probeJob, type Wanted } from './job.ts';
import { withoutSecretsOf } from './source.ts';
import type { Target } from './target.ts';
import { type Diagnosis, diagnose, noDevice, noFrames, noPictures } from './trouble/diagnosis.ts';
import { type LookRoots, lookAround } from './trouble/look.ts';
import type { Scene } from './trouble/scene.ts';
import { Watchdog } from './watchdog.ts';

/** A device or file without a frame for so long is silent. */
const SILENT_MS = 4_000;
/** A network source may begin with its next key frame only. */
const SILENT_URL_MS = 15_000;
/** At least so often a frame is looked at, wanted or not: else nobody would notice that only noise comes. */
const LOOK_MS = 900;

/** What a source tells while it is open. */
export interface CaptureListener {
  /** Is the next frame wanted? */
  wanted(): boolean;
  whole(frame: Frame): void;
  skipped(bytes: number): void;
  corrupt(reason: Corruption): void;
  format(format: Format): void;
  /** The picture has gone, and why. */
  trouble(trouble: Diagnosis): void;
}

export interface SessionOptions {
  program: FfmpegProgram;
  maxBytes: number;
  roots: LookRoots;
}

export interface Outcome {
  /** Why it ended; null when we ended it. */
  trouble: Diagnosis | null;
  /** From the first to the last frame, in ms. */
  ranMs: number;
  /** The device, which could not be asked, has no MJPEG: open it again and encode. */
  needsEncoding: boolean;
}

/** The codec of a file or network source, in ffmpeg's words, or why it cannot be told; null when `signal` was faster. */
export async function probe(
  target: Target,
  wanted: Wanted,
  { program, roots }: SessionOptions,
  signal: AbortSignal,
): Promise<string | Diagnosis | null> {
  await using ffmpeg = new Ffmpeg(program, probeJob(target.input, wanted), target.input.kind === 'url', () => {});
  using watchdog = new Watchdog(SILENT_URL_MS, signal);
  const exit = await Promise.race([ffmpeg.exited, watchdog.fired]);
  if (signal.aborted) return null;
  const scene = () => lookAround(null, null, roots);
  if (exit === null) return noFrames(target.input.kind, target.label, SILENT_URL_MS / 1000, await scene());
  return probedCodec(exit.lines) ?? diagnoseExit(target, exit, await scene());
}

/** One run of ffmpeg on an open source: frames go to `listener` until it fails, falls silent, or `signal` comes. */
export class Session {
  readonly #target: Target;
  readonly #wanted: Wanted;
  readonly #plan: Plan;
  readonly #options: SessionOptions;
  readonly #listener: CaptureListener;
  readonly #meter: FormatMeter;
  #firstWhole = 0;
  #lastWhole = 0;
  /** Since the last whole frame. */
  #lastCorruption: Corruption | null = null;
  #calm = () => {};
  #hasEnded = false;

  /** @param codec of the source, for people */
  constructor(target: Target, codec: string, wanted: Wanted, plan: Plan, options: SessionOptions, listener: CaptureListener) {
    this.#target = target;
    this.#wanted = wanted;
    this.#plan = plan;
    this.#options = options;
    this.#listener = listener;
    this.#meter = new FormatMeter({ fps: plan.mode?.fps ?? wanted.fps, pixel: codec.toUpperCase(), encoded: !plan.copy });
  }

  async run(signal: AbortSignal): Promise<Outcome> {
    const { program, maxBytes } = this.#options;
    const { input } = this.#target;
    const cutter = new FrameCutter(this.#sink(), maxBytes);
    await using ffmpeg = new Ffmpeg(program, captureJob(input, this.#wanted, this.#plan), input.kind === 'url', (bytes) => {
      if (!this.#hasEnded) cutter.feed(bytes);
    });
    using watchdog = new Watchdog(this.#patience(), signal);
    this.#calm = () => watchdog.calm();
    const exit = await Promise.race([ffmpeg.exited, watchdog.fired]);
    this.#hasEnded = true;
    const outcome = await this.#outcome(exit, signal);
    // Told before ffmpeg is waited for, which may not want to end.
    if (outcome.trouble && !outcome.needsEncoding) this.#listener.trouble(outcome.trouble);
    return outcome;
  }

  #sink() {
    const listener = this.#listener;
    return {
      wanted: () => listener.wanted() || performance.now() - this.#lastWhole >= LOOK_MS || this.#firstWhole === 0,
      whole: (frame: Frame) => {
        this.#lastWhole = performance.now();
        this.#firstWhole ||= this.#lastWhole;
        this.#lastCorruption = null;
        this.#calm();
        this.#tellFormat(this.#meter.measure(frame.width, frame.height));
        this.#tellFormat(this.#meter.count(this.#lastWhole));
        listener.whole(frame);
      },
      skipped: (bytes: number) => {
        this.#tellFormat(this.#meter.count(performance.now()));
        listener.skipped(bytes);
      },
      corrupt: (reason: Corruption) => {
        this.#lastCorruption = reason;
        listener.corrupt(reason);
      },
    };
  }

  #tellFormat(format: Format | null): void {
    if (format) this.#listener.format(format);
  }

  #patience(): number {
    return this.#target.input.kind === 'url' ? SILENT_URL_MS : SILENT_MS;
  }

  async #outcome(exit: Exit | null, signal: AbortSignal): Promise<Outcome> {
    const ranMs = this.#firstWhole ? this.#lastWhole - this.#firstWhole : 0;
    if (signal.aborted) return { trouble: null, ranMs, needsEncoding: false };
    const { input, label } = this.#target;
    const { mode } = this.#plan;
    const scene = await sceneOf(this.#target, mode, this.#options.roots);
    if (await isGone(this.#target, this.#options.roots)) {
      return { trouble: noDevice(`${label} is not there any more`, scene), ranMs, needsEncoding: false };
    }
    if (exit === null) {
      const trouble = this.#lastCorruption
        ? noPictures(input.kind, label, this.#lastCorruption, scene)
        : noFrames(input.kind, label, Math.round(this.#patience() / 1000), scene);
      return { trouble, ranMs, needsEncoding: false };
    }
    const trouble = diagnoseExit(this.#target, exit, scene);
    const isGuess = input.kind === 'device' && mode === null && this.#plan.copy;
    return { trouble, ranMs, needsEncoding: isGuess && trouble.condition === 'bad-format' };
  }
}

function diagnoseExit({ input, label }: Target, { code, lines }: Exit, scene: Scene): Diagnosis {
  const said = input.kind === 'url' ? lines.map((line) => withoutSecretsOf(input.url, line)) : lines;
  return diagnose({ kind: input.kind, label, code, lines: said, scene });
}

async function sceneOf({ input, device, found }: Target, mode: Mode | null, roots: LookRoots): Promise<Scene> {
  const scene = await lookAround(input.kind === 'device' ? input.path : null, device.bus, roots);
  return { ...scene, fits: mode && nextSmaller(found?.capabilities?.formats ?? [], mode) };
}

/** The kernel takes the node away before it ends the stream, and a driver may end it with any error. */
async function isGone({ found }: Target, roots: LookRoots): Promise<boolean> {
  return found !== null && (await describeDevice(found.path, roots))?.body !== found.body;
}
