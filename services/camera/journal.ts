import type { CameraState } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';

/** What the log says of a camera: where its picture comes from, what keeps it away and how to mend that, and when it is back. */
export class Journal {
  readonly log: Logger;
  #trouble: string | null = null;
  #picture = '';

  constructor(log: Logger) {
    this.log = log;
  }

  tell({ condition, cause, advice, test, device, format }: CameraState): void {
    const isWell = condition === 'starting' || condition === 'live' || condition === 'idle';
    if (!isWell && this.#trouble !== condition) this.log.warn(`${condition}: ${cause}. ${advice}`);
    if (!isWell) this.#trouble = condition;
    if (!format) return;
    const from = test ? `ffmpeg's test picture, since ${cause}: ${advice}` : [device?.name, device?.path].filter(Boolean).join(', ');
    const picture = `${format.width}x${format.height} at ${format.fps} a second, ${format.encoded ? 'encoded' : 'copied'}, from ${from}`;
    if (isWell && (this.#trouble || picture !== this.#picture)) {
      this.log.info(`${this.#trouble ? 'the picture is back' : 'the picture is there'}: ${picture}`);
    }
    this.#picture = picture;
    if (isWell) this.#trouble = null;
  }
}
