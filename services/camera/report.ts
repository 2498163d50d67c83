/** The camera's `state`: what is known of it, put together, and when it changed. Pure: the clock is handed in. */
import type { CameraState, Condition } from '../shared/contract.ts';
import type { Knobs } from '../shared/knob.ts';
import { smallSize } from './small/small-size.ts';
import type { Diagnosis } from './trouble/diagnosis.ts';

export interface Facts {
  name: string;
  device: CameraState['device'];
  format: CameraState['format'];
  /** What keeps the picture away; null when nothing does. */
  trouble: Diagnosis | null;
  /** The test picture stands in for a camera. */
  standIn: boolean;
  /** People have switched the camera off. */
  off: boolean;
  /** The source is open, or we try to open it. */
  open: boolean;
  /** Somebody wants every frame. */
  watched: boolean;
  /** What could be better, though pictures come. */
  hint: Hint | null;
  settings: Knobs;
}

/** What was seen, and what to do about it. */
export interface Hint {
  cause: string;
  advice: string;
}

const OFF: Hint = { cause: 'the camera was switched off (capture is OFF)', advice: 'Switch it on again: set capture to ON.' };
const STAND_IN: Hint = {
  cause: 'no camera was found',
  advice: 'Plug in a USB camera: its picture then takes the place of the test picture by itself.',
};

export class Report {
  readonly #now: () => Date;
  readonly #changed: (state: CameraState) => void;
  #facts: Facts;
  #state: CameraState;

  /** @param changed is called with the first state, and with each that differs from the one before */
  constructor(first: Pick<Facts, 'name' | 'settings' | 'off'>, now: () => Date, changed: (state: CameraState) => void) {
    this.#now = now;
    this.#changed = changed;
    const none = { device: null, format: null, trouble: null, hint: null, standIn: false, watched: false };
    this.#facts = { ...none, ...first, open: !first.off };
    this.#state = compose(this.#facts, now().toISOString());
    changed(this.#state);
  }

  get state(): CameraState {
    return this.#state;
  }

  /** A whole frame has come: what kept it away is over. */
  settle(): void {
    if (this.#facts.trouble) this.update({ trouble: null });
  }

  update(news: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...news };
    const same = compose(this.#facts, this.#state.since);
    if (JSON.stringify(same) === JSON.stringify(this.#state)) return;
    this.#state = same.condition === this.#state.condition ? same : { ...same, since: this.#now().toISOString() };
    this.#changed(this.#state);
  }
}

function compose({ name, device, format, trouble, standIn, off, open, watched, hint, settings }: Facts, since: string): CameraState {
  const shown = open && !off ? trouble : null;
  const { cause = null, advice = null } = shown ?? (off ? OFF : null) ?? (standIn ? STAND_IN : null) ?? hint ?? {};
  const condition = off ? 'off' : conditionOf(open, shown, format !== null, watched);
  const small = format && !off ? smallSize(format) : null;
  return { condition, cause, advice, since, name, test: standIn, device, format: off ? null : format, small, settings };
}

function conditionOf(open: boolean, trouble: Diagnosis | null, hasFrames: boolean, watched: boolean): Condition {
  if (trouble) return trouble.condition;
  if (!open) return 'idle';
  if (!hasFrames) return 'starting';
  return watched ? 'live' : 'idle';
}
