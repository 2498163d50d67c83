/** What people have set on a camera, kept over restarts in `DATA_DIR/cameras/{id}.json`. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import type { OnOff } from '../../shared/knob.ts';

/** Values are kept for so many devices; the one set longest ago goes first. */
const MAX_DEVICES = 16;
const MAX_CONTROLS = 256;

const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const isNoList = (given: unknown) => !Array.isArray(given);
/** The library takes a list for an object. */
const noList = v.pipe(v.unknown(), v.check(isNoList));
/** A value, and what the environment said when it was set: who changes CAMERA_SIZE later means that. */
const chosen = v.object({ value: text(64), over: text(64) });
const values = v.record(v.picklist(['fps', 'resolution', 'quality']), chosen);
const controls = v.record(text(128), v.pipe(noList, v.record(text(64), text(256))));
const kept = v.pipe(
  noList,
  v.object({
    capture: v.optional(v.picklist(['ON', 'OFF']), 'ON'),
    values: v.optional(v.pipe(noList, values), {}),
    controls: v.optional(v.pipe(noList, controls), {}),
  }),
);
type Kept = v.InferOutput<typeof kept>;
export type Choice = 'fps' | 'resolution' | 'quality';

export class Choices {
  readonly #file: string;
  readonly #given: Record<Choice, string>;
  readonly #warn: (text: string) => void;
  #kept: Kept;
  #toldUnwritable = false;

  /**
   * @param given what the environment says
   * @param warn is told, in a sentence, when values cannot be read or kept; everything else goes on
   */
  constructor(dataDir: string, id: string, given: Record<Choice, string>, warn: (text: string) => void) {
    this.#file = path.join(dataDir, 'cameras', `${id}.json`);
    this.#given = given;
    this.#warn = warn;
    this.#kept = this.#read();
  }

  get capture(): OnOff {
    return this.#kept.capture;
  }

  set capture(value: OnOff) {
    this.#kept.capture = value;
    this.#write();
  }

  /** The value that was set, unless the environment has changed since; else the environment's. */
  value(name: Choice): string {
    const set = this.#kept.values[name];
    return set && set.over === this.#given[name] ? set.value : this.#given[name];
  }

  choose(name: Choice, value: string): void {
    this.#kept.values[name] = { value, over: this.#given[name] };
    this.#write();
  }

  /** The controls that were set on the device of this name: name -> text. */
  controls(device: string): Record<string, string> {
    return this.#kept.controls[device] ?? {};
  }

  chooseControl(device: string, name: string, value: string): void {
    const { [device]: before = {}, ...others } = this.#kept.controls;
    const controls = Object.entries({ ...before, [name]: value }).slice(-MAX_CONTROLS);
    // The one set last stands last.
    const devices = [...Object.entries(others), [device, Object.fromEntries(controls)] as const].slice(-MAX_DEVICES);
    this.#kept.controls = Object.fromEntries(devices);
    this.#write();
  }

  /** Forgets what was set, but not that the camera was switched off. */
  reset(device: string): void {
    const { [device]: _, ...others } = this.#kept.controls;
    this.#kept = { capture: this.#kept.capture, values: {}, controls: others };
    this.#write();
  }

  #read(): Kept {
    try {
      return v.parse(kept, JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#setAside(error);
      return v.parse(kept, {});
    }
  }

  /** A file that is none of ours any more is left for who wants to mend it. */
  #setAside(error: unknown): void {
    const why = (error as Error).message;
    try {
      renameSync(this.#file, `${this.#file}.broken`);
      this.#warn(`what was set for the camera cannot be read and was put aside as ${this.#file}.broken (${why}): set it again`);
    } catch {
      // Not ours to move, perhaps not even to read: the reason above says it.
      this.#warn(`what was set for the camera cannot be read from ${this.#file} (${why}): going on with the defaults`);
    }
  }

  /** Whole or not at all: a machine that loses its power while it writes keeps the older file. */
  #write(): void {
    const draft = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(draft, `${JSON.stringify(this.#kept, null, 2)}\n`, { mode: 0o600 });
      renameSync(draft, this.#file);
      this.#toldUnwritable = false;
    } catch (error) {
      if (!this.#toldUnwritable) {
        const code = (error as NodeJS.ErrnoException).code;
        this.#warn(`what is set for the camera cannot be kept in ${this.#file} (${code}): it holds until the next start`);
      }
      this.#toldUnwritable = true;
    }
  }
}
