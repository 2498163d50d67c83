import { type Knobs, parseSize, readKnob, textOf } from '../../shared/knob.ts';
import type { Logger } from '../../shared/log.ts';
import type { Control } from '../device/capabilities.ts';
import type { Finder, Found } from '../device/finder.ts';
import { chooseMode } from '../device/mode.ts';
import { isAutomatic, setControls } from '../device/v4l2.ts';
import type { Format } from '../format-meter.ts';
import type { Input, Wanted } from '../job.ts';
import type { Choice, Choices } from './choices.ts';
import { controlKnob, controlValue } from './control-knob.ts';
import { absence, knobsOf } from './knobs.ts';

/** So many commands for one control may wait for it; more are refused. */
const MAX_WAITING = 32;

export interface PanelParts {
  choices: Choices;
  /** What the environment says. */
  given: Wanted;
  finder: Finder;
  log: Logger;
  /** The knobs, or their values, have changed. */
  changed: (knobs: Knobs) => void;
  /** The source is to be opened with this. */
  want: (wanted: Wanted) => void;
  /** The camera was switched on or off. */
  switched: () => void;
}

/** How much the knobs tell: nothing of the camera that is meant, since it is not there; what it has; or all that it has, since pictures came. */
export type Insight = 'none' | 'some' | 'all';

/** A wish for a control, and who waits for its end: with null, or the reason why not. */
interface Wish {
  text: string;
  waiting: ((refused: string | null) => void)[];
}

/** What people can set on the camera: its knobs, and what turning one does. */
export class Panel {
  readonly #parts: PanelParts;
  /** The test picture is what is meant, and stands in for nothing. */
  readonly #isTest: boolean;
  #kind: Input['kind'];
  #found: Found | null = null;
  #format: Format | null = null;
  #knobs: Knobs;
  /** Controls to be set, newest value only. */
  #wishes = new Map<string, Wish>();
  #isSetting = false;

  constructor(kind: Input['kind'], parts: PanelParts) {
    this.#kind = kind;
    this.#isTest = kind === 'test';
    this.#parts = parts;
    this.#knobs = this.#compose();
  }

  get knobs(): Knobs {
    return this.#knobs;
  }

  get insight(): Insight {
    const isAbsent = this.#kind === 'test' ? !this.#isTest : this.#kind === 'device' && !this.#found?.capabilities;
    if (isAbsent) return 'none';
    return this.#format ? 'all' : 'some';
  }

  get wanted(): Wanted {
    const { choices, given } = this.#parts;
    return {
      size: parseSize(choices.value('resolution')) ?? given.size,
      fps: Number(choices.value('fps')),
      quality: Number(choices.value('quality')),
    };
  }

  /** The source is about to be opened: a device gets the values that were set for it, which it lost when it was unplugged. */
  async opening(kind: Input['kind'], found: Found | null): Promise<void> {
    if (kind !== this.#kind || (found && found.body !== this.#found?.body)) this.#format = null;
    this.#kind = kind;
    this.#found = found ?? (kind === 'device' ? this.#found : null);
    const lost = found ? this.#lostValues(found) : new Map();
    if (found && lost.size > 0) await this.#apply(found, lost);
    this.#update();
  }

  /** What comes has turned out to be this. */
  measured(format: Format): void {
    this.#format = format;
    this.#update();
  }

  /** Sets a value. Resolves when it was tried: with null, or with the reason why not, a sentence. */
  async turn(setting: string, text: string): Promise<string | null> {
    const knob = this.#knobs[setting];
    if (!knob) return absence(setting);
    const read = readKnob(knob, text);
    if ('refused' in read) return `${setting} ${read.refused}.`;
    if (setting.startsWith('controls/')) return this.#wish(setting.slice('controls/'.length), read.text);
    if (setting === 'capture') {
      this.#parts.choices.capture = read.text === 'ON' ? 'ON' : 'OFF';
      this.#update();
      this.#parts.switched();
    } else {
      this.#parts.choices.choose(setting as Choice, read.text);
      this.#rewant(textOf(knob) !== read.text);
    }
    return null;
  }

  /** Takes everything that was set back, but not that the camera is off. */
  async reset(): Promise<null> {
    this.#parts.choices.reset(nameOf(this.#found));
    // What an automatic rules can be set only while it is off, so it goes first here.
    for (const automatic of [false, true]) {
      const found = this.#found;
      const astray = (found?.capabilities?.controls ?? []).filter(
        (control) => isAstray(control) && isAutomatic(control.name) === automatic,
      );
      if (found && astray.length > 0) await this.#apply(found, new Map(astray.map((control) => [control.name, control.default])));
    }
    this.#rewant(true);
    return null;
  }

  #rewant(isOther: boolean): void {
    this.#update();
    if (isOther) this.#parts.want(this.wanted);
  }

  #update(): void {
    const before = JSON.stringify(this.#knobs);
    this.#knobs = this.#compose();
    if (JSON.stringify(this.#knobs) !== before) this.#parts.changed(this.#knobs);
  }

  #compose(): Knobs {
    const { choices, given } = this.#parts;
    const { formats = [], controls = [] } = this.#found?.capabilities ?? {};
    const wanted = this.wanted;
    const modes = { mode: chooseMode(formats, wanted), givenMode: chooseMode(formats, given) };
    return knobsOf({ kind: this.#kind, capture: choices.capture, ...modes, wanted, given, formats, controls, format: this.#format });
  }

  /** Values that were set for this device and that it has not. */
  #lostValues({ name, capabilities }: Found): Map<string, number | string> {
    const lost = new Map<string, number | string>();
    const set = this.#parts.choices.controls(name ?? '');
    for (const control of capabilities?.controls ?? []) {
      const text = set[control.name];
      const value = text === undefined ? null : keptValue(control, text);
      if (value !== null && value !== (control.text ?? control.value)) lost.set(control.name, value);
    }
    return lost;
  }

  #wish(name: string, text: string): Promise<string | null> {
    const wish = this.#wishes.get(name) ?? { text, waiting: [] };
    if (wish.waiting.length >= MAX_WAITING) return Promise.resolve(`Too many values for ${name} at once: send them more slowly.`);
    wish.text = text;
    this.#wishes.set(name, wish);
    const { promise, resolve } = Promise.withResolvers<string | null>();
    wish.waiting.push(resolve);
    void this.#work();
    return promise;
  }

  /** One run of v4l2-ctl after the other; what is wished for meanwhile goes into the next. */
  async #work(): Promise<void> {
    if (this.#isSetting) return;
    this.#isSetting = true;
    while (this.#wishes.size > 0) {
      const wishes = this.#wishes;
      this.#wishes = new Map();
      const refused = await this.#grant(wishes);
      this.#update();
      for (const [name, { waiting }] of wishes) {
        const why = refused.get(name);
        for (const done of waiting) done(why === undefined ? null : `controls/${name} ${why}.`);
      }
    }
    this.#isSetting = false;
  }

  async #grant(wishes: Map<string, Wish>): Promise<Map<string, string>> {
    const found = this.#found;
    const values = new Map<string, number | string>();
    for (const control of found?.capabilities?.controls ?? []) {
      const wish = wishes.get(control.name);
      if (wish) values.set(control.name, controlValue(control, wish.text));
    }
    const gone = 'cannot be set while the camera is not there';
    const refused = found ? await this.#apply(found, values) : new Map([...wishes.keys()].map((name) => [name, gone]));
    for (const [name, { text }] of wishes) if (found && !refused.has(name)) this.#parts.choices.chooseControl(nameOf(found), name, text);
    return refused;
  }

  async #apply(found: Found, values: Map<string, number | string>): Promise<Map<string, string>> {
    const { refused } = await setControls(found.path, values);
    for (const [name, why] of refused) this.#parts.log.warn(`${found.path}: ${name} = ${values.get(name)} ${why}`);
    const capabilities = (await this.#parts.finder.ask(found)) ?? found.capabilities;
    if (this.#found?.path === found.path || this.#found === null) this.#found = { ...found, capabilities };
    return refused;
  }
}

function isAstray({ type, value, default: usual, readOnly, inactive }: Control): boolean {
  return type !== 'button' && type !== 'string' && !readOnly && !inactive && value !== usual;
}

function nameOf(found: Found | null): string {
  return found?.name ?? '';
}

/** The number for a text that was set some time ago; null when the device does not offer it any more. */
function keptValue(control: Control, text: string): number | string | null {
  const { inactive: _, ...knob } = controlKnob(control);
  const read = readKnob(knob, text);
  return 'refused' in read || knob.type === 'button' ? null : controlValue(control, read.text);
}
