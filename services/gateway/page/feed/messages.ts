/** What the page and its feed say to each other, from thread to thread. */
import type { Camera } from '../camera.ts';
import type { Link } from './stream.ts';

/** What the page asks for. */
export type Order =
  /** Connects, also while it waits for its next attempt; or lets go, and nothing is fetched any more. */
  | { do: 'open' }
  | { do: 'close' }
  /** The cameras that are to be seen, and how. */
  | { do: 'watch'; wishes: Wishes }
  /** Where a camera is drawn; `key` names the place. */
  | { do: 'draw'; id: string; key: number; surface: Surface }
  | { do: 'leave'; id: string; key: number }
  | { do: 'freeze'; id: string; frozen: boolean }
  /** The picture on the screen as a file. */
  | { do: 'keep'; id: string };

/** A canvas, or the pictures of a video element. */
export type Surface = HTMLCanvasElement | OffscreenCanvas | WritableStream<VideoFrame>;

export type Wishes = Record<string, Wish>;

/** What can be shown of a camera: pictures a second, and device pixels across; null: all there are. */
export interface Wish {
  fps: number | null;
  width: number | null;
}

/** What the feed tells. */
export type News =
  /** It is there, and hears. */
  | { is: 'ready' }
  | { is: 'link'; link: Link }
  | { is: 'state'; camera: Camera }
  | { is: 'viewers'; id: string; viewers: number }
  /** How it looks on the screens, a few times a second; `now` is the server's time, and `isNews` says that the page should be drawn at once. */
  | { is: 'sights'; sights: Record<string, Seen>; now: number | null; isNews: boolean }
  | { is: 'kept'; id: string; file: { jpeg: Uint8Array<ArrayBuffer>; taken: number | null } | null }
  | { is: 'login' };

/** A picture on a screen, and the stream it is of. Times in ms. */
export interface Seen {
  width: number;
  height: number;
  /** Since it was drawn. */
  quiet: number;
  /** Since it was taken, by the server's clock; null when it does not tell. */
  age: number | null;
  fps: number | null;
  /** Bits a second. */
  bitrate: number | null;
  /** Pictures of the last minute that did not come; null when they bear no numbers. */
  dropped: number | null;
  frozen: boolean;
  /** Small ones have to do, since the line does not carry whole ones in time. */
  saves: boolean;
}
