import type { Bus } from '../shared/bus.ts';
import { wallMicroseconds } from '../shared/clock.ts';
import type { cameraTopics } from '../shared/contract.ts';
import { Pace } from '../shared/pace.ts';
import type { Frame } from './frames.ts';
import type { Taken } from './knobs/outcome.ts';
import { type Drop, Tally } from './tally.ts';

/** A preview that is older than this is none (MQTT 5 brokers then forget it). */
const PREVIEW_EXPIRY_S = 10;

export interface OutletParts {
  bus: Pick<Bus, 'connected' | 'publishPicture'>;
  topics: Pick<ReturnType<typeof cameraTopics>, 'frame' | 'preview'>;
  /** Previews a second; 0 for none. */
  previewFps: number;
  /** Somebody wants every frame. */
  isWatched: () => boolean;
  /** Somebody else waits for the next frame. */
  isAwaited: () => boolean;
  /** Is given each frame as it goes out. */
  offer: (taken: Taken, size: Pick<Frame, 'width' | 'height'>) => void;
}

/** Where a camera's frames leave it: each is numbered and stamped, those that somebody wants go to the bus, and all are counted. */
export class Outlet {
  readonly tally = new Tally(performance.now());
  readonly #parts: OutletParts;
  readonly #previewPace: Pace;
  #isPreviewDue = false;

  constructor(parts: OutletParts) {
    this.#parts = parts;
    this.#previewPace = new Pace(parts.previewFps);
  }

  /** Whether the next frame is to be handed over; else `skip` it. */
  get isOpen(): boolean {
    const { bus, isWatched, isAwaited } = this.#parts;
    if (!bus.connected) return false;
    this.#isPreviewDue ||= this.#previewPace.admit(performance.now());
    return this.#isPreviewDue || isWatched() || isAwaited();
  }

  /** A frame that somebody wants. */
  pass(frame: Frame): void {
    const { bus, topics, isWatched, offer } = this.#parts;
    const taken = this.stamp(frame);
    const { jpeg, stamp } = taken;
    offer(taken, frame);
    if (isWatched() && !bus.publishPicture(topics.frame, jpeg, stamp)) this.tally.dropped(this.#why);
    if (this.#isPreviewDue && bus.publishPicture(topics.preview, jpeg, stamp, { expirySeconds: PREVIEW_EXPIRY_S }))
      this.#isPreviewDue = false;
  }

  /** A frame of `bytes` bytes that was not handed over. */
  skip(bytes: number): void {
    this.tally.frame(bytes);
    if (this.#parts.isWatched()) this.tally.dropped(this.#why);
  }

  /** Numbers a frame, which is thereby counted, and writes when it was whole. */
  stamp(frame: Frame): Taken {
    const stamp = { seq: this.tally.frame(frame.bytes), t: wallMicroseconds() };
    return { jpeg: frame.stamped(stamp), stamp };
  }

  /** Why a frame does not go out. */
  get #why(): Drop {
    return this.#parts.bus.connected ? 'bus-busy' : 'bus-away';
  }
}
