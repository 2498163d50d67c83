import type { Camera } from '../../services/gateway/page/camera.ts';
import { stamped } from '../helpers/pictures.ts';

/** What a stub camera sends: stamped frames, nothing, or a placeholder each 200 ms, marked as one or, as an older gateway's, not. */
export type Playing = 'frames' | 'nothing' | 'placeholder' | 'unmarked';

/** The gateway that it is a camera of: its clock, ms since 1970, and how many frames a second it asks for. */
interface Pace {
  readonly now: number;
  readonly fps: number;
}

/** A camera of the stub gateway: what is told of it, and what it plays. */
export class StubCamera {
  readonly view: Camera;
  playing: Playing = 'frames';
  /** How long ago its frames were taken, in ms. */
  lag = 0;
  /** Pictures, to all its viewers. */
  sent = 0;
  /** When the last one was, monotonic ms. */
  sentAt = 0;
  readonly #frames: Buffer[];
  readonly #pace: Pace;

  constructor(camera: Partial<Camera>, frames: Buffer[], pace: Pace) {
    this.#frames = frames;
    this.#pace = pace;
    this.view = {
      ...{ id: 'front', name: 'Front door', online: true, condition: 'live', cause: null, advice: null, test: false, default: false },
      control: true,
      ...{
        since: new Date(pace.now).toISOString(),
        device: null,
        size: { width: 640, height: 360 },
        fps: pace.fps,
        viewers: 1,
        settings: {},
      },
      topic: `homeguard/${camera.id ?? 'front'}`,
      format: { pixel: 'MJPG', width: 640, height: 360, fps: 30, encoded: false },
      ...camera,
    };
  }

  /** What it sends as the `seq`-th picture; null: nothing. */
  picture(seq: number): Buffer | null {
    if (this.playing === 'nothing') return null;
    if (this.playing === 'frames') return this.frame(seq);
    if (seq % Math.round(this.#pace.fps / 5) !== 0) return null;
    return this.playing === 'unmarked' ? this.#jpeg(seq) : marked(this.#jpeg(seq));
  }

  /** A frame with its stamp, whatever it plays. */
  frame(seq: number): Buffer {
    return stamped(this.#jpeg(seq), seq, Math.round((this.#pace.now - this.lag) * 1000));
  }

  #jpeg(seq: number): Buffer {
    return this.#frames[seq % this.#frames.length] ?? Buffer.alloc(0);
  }
}

function marked(frame: Buffer): Buffer {
  const mark = Buffer.from('homeguard placeholder');
  return Buffer.concat([frame.subarray(0, 2), Buffer.from([0xff, 0xfe, 0, mark.length + 2]), mark, frame.subarray(2)]);
}
