/** The camera's `state`: what is known of it, put together, and when it changed. Pure: the clock is handed in. */
import type { CameraState, Condition } from '../shared/contract.ts';
import type { Diagnosis } from './diagnosis.ts';

export interface Facts {
  name: string;
  device: CameraState['device'];
  format: CameraState['format'];
  /** What keeps the picture away; null when nothing does. */
  trouble: Diagnosis | null;
  /** The test picture stands in for a camera. */
  standIn: boolean;
  /** The source is open, or we try to open it. */
  open: boolean;
  /** Somebody wants every frame. */
  watched: boolean;
}

const STAND_IN = {
  cause: 'no camera was found',
  advice: 'Plug in a USB camera: its picture then takes the place of the test picture by itself.',
};

export class Report {
  readonly #now: () => Date;
  readonly #changed: (state: CameraState) => void;
  #facts: Facts;
  #state: CameraState;

  /** @param changed is called with the first state, and with each that differs from the one before */
  constructor(name: string, now: () => Date, changed: (state: CameraState) => void) {
    this.#now = now;
    this.#changed = changed;
    this.#facts = { name, device: null, format: null, trouble: null, standIn: false, open: true, watched: false };
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

function compose({ name, device, format, trouble, standIn, open, watched }: Facts, since: string): CameraState {
  const shown = open ? trouble : null;
  const { cause = null, advice = null } = shown ?? (standIn ? STAND_IN : {});
  return { condition: conditionOf(open, shown, format !== null, watched), cause, advice, since, name, test: standIn, device, format };
}

function conditionOf(open: boolean, trouble: Diagnosis | null, hasFrames: boolean, watched: boolean): Condition {
  if (trouble) return trouble.condition;
  if (!open) return 'idle';
  if (!hasFrames) return 'starting';
  return watched ? 'live' : 'idle';
}
