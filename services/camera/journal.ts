import type { CameraState } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';
import { readVersion } from '../shared/version.ts';
import type { Mode } from './device/mode.ts';
import type { Wanted } from './job.ts';

/** What the log says of a camera: where its picture comes from, what keeps it away and how to mend that, and when it is back. */
export class Journal {
  readonly log: Logger;
  #trouble: string | null = null;
  #picture = '';
  #nearest = '';
  #hint = '';

  constructor(log: Logger) {
    this.log = log;
  }

  /** The service has begun. @param source without secrets */
  begin(source: string): void {
    this.log.info({ version: readVersion(), source }, `begins; its picture comes from ${source}`);
  }

  /** A device is opened in a mode; where it is not the one that was asked for, that is said once. */
  nearest({ width, height, fps }: Mode, wanted: Wanted): void {
    if (width === wanted.size.width && height === wanted.size.height && Math.round(fps) === wanted.fps) return;
    const asked = `${wanted.size.width}x${wanted.size.height} at ${wanted.fps}`;
    const told = `${width}x${height} at ${fps} a second is the nearest that the camera offers to ${asked}`;
    if (told !== this.#nearest) this.log.info(told);
    this.#nearest = told;
  }

  tell({ condition, cause, advice, test, device, format }: CameraState): void {
    const isWell = condition === 'starting' || condition === 'live' || condition === 'idle';
    const fields = { condition, cause, advice };
    if (!isWell && this.#trouble !== condition) this.log.warn(fields, `${condition}: ${cause}. ${advice}`);
    if (!isWell) this.#trouble = condition;
    const hint = isWell && !test && cause ? `${cause}. ${advice}` : '';
    if (hint && hint !== this.#hint) this.log.warn({ cause, advice }, hint);
    this.#hint = hint;
    if (!format) return;
    const from = test ? `ffmpeg's test picture, since ${cause}: ${advice}` : [device?.name, device?.path].filter(Boolean).join(', ');
    const picture = `${format.width}x${format.height} at ${format.fps} a second, ${format.encoded ? 'encoded' : 'copied'}, from ${from}`;
    if (isWell && (this.#trouble || picture !== this.#picture)) {
      const fields = { condition, device: device?.path, size: `${format.width}x${format.height}` };
      this.log.info(fields, `${this.#trouble ? 'the picture is back' : 'the picture is there'}: ${picture}`);
    }
    this.#picture = picture;
    if (isWell) this.#trouble = null;
  }
}
