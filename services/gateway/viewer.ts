import type { Picture } from './picture.ts';

/** Someone who watches one camera. */
export interface Viewer {
  /** Shows a picture if the viewer has room for it; `now` in ms, monotonic. A picture it has no room for is gone for it. */
  show(picture: Picture, now: number): void;
  /** So many device pixels it can show across, so many pictures a second; null, or without this: all there are. */
  room?(): { width: number; fps: number } | null;
  /** The camera's state has changed. */
  tell?(): void;
  /** The number of viewers is another one. */
  count?(viewers: number): void;
  /** The camera was taken off the bus: ends the viewer, if it is to end otherwise than at a stop. */
  remove?(): void;
  /** Ends the viewer, as at a stop of the gateway. */
  end(): void;
}
