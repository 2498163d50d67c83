import type { Bus } from '../../shared/bus.ts';
import type { cameraTopics } from '../../shared/contract.ts';
import { type Knobs, textOf } from '../../shared/knob.ts';

/** The settings' values on the bus: each is told when it is another one. */
export class Values {
  readonly #bus: Pick<Bus, 'announce'>;
  readonly #topics: Pick<ReturnType<typeof cameraTopics>, 'setting'>;
  /** Setting -> the value told last. */
  readonly #told = new Map<string, string>();

  constructor(bus: Pick<Bus, 'announce'>, topics: Pick<ReturnType<typeof cameraTopics>, 'setting'>) {
    this.#bus = bus;
    this.#topics = topics;
  }

  tell(knobs: Knobs): void {
    for (const [setting, knob] of Object.entries(knobs)) {
      const text = textOf(knob);
      if (text === null) continue;
      if (text !== this.#told.get(setting)) this.#bus.announce(this.#topics.setting(setting), text);
      this.#told.set(setting, text);
    }
  }
}
