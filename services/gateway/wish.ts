/** What a client of a WebSocket says. Pure. */

export const MAX_FPS = 240;
export const WATCH_COMPLAINT =
  'watch has to be a list of ids of known cameras, or an object with ids as keys and {"fps":…,"width":…} as values';

/** No screen is wider, in pixels. */
const MAX_WIDTH = 65_536;

/** How a camera is to be seen. */
export interface Look {
  /** Pictures a second; null: as many as of the others. */
  fps: number | null;
  /** So many device pixels the client can show across; null: as many as there are. */
  width: number | null;
}

/** A message that was understood; what it does not name stays as it is. */
export interface Wish {
  /** Is sent back, for the client's clock. */
  ping?: unknown;
  /** Pictures a second, of each camera that has no rate of its own. */
  fps?: number;
  /** The cameras that are wanted from now on (only where all are served), and how. */
  watch?: Map<string, Look>;
  /** From now on each picture is acknowledged. */
  acks?: boolean;
  /** A picture of this camera has come, or of the only one. */
  ack?: string | true;
  /** What of it was not understood, and changes nothing. */
  complaints: string[];
}

/** Stands for what is no id: no camera has it. */
const NO_ID = '';
const ALL: Look = { fps: null, width: null };
const isFps = (value: unknown): value is number => typeof value === 'number' && value > 0 && value <= MAX_FPS;
const isWidth = (value: unknown): value is number => typeof value === 'number' && value > 0 && value <= MAX_WIDTH;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a message. */
export function readWish(text: string): Wish {
  const said = parse(text);
  if (!said) return { complaints: ['a message has to be a JSON object'] };
  const wish: Wish = { complaints: [] };
  if (said.ping !== undefined) wish.ping = said.ping;
  if (typeof said.acks === 'boolean') wish.acks = said.acks;
  if (said.ack === true || typeof said.ack === 'string') wish.ack = said.ack;
  if (isFps(said.fps)) wish.fps = said.fps;
  else if (said.fps !== undefined) wish.complaints.push(`fps has to be a number above 0, at most ${MAX_FPS}`);
  const watch = said.watch === undefined ? undefined : readWatch(said.watch);
  if (watch) wish.watch = watch;
  else if (watch === null) wish.complaints.push(WATCH_COMPLAINT);
  return wish;
}

/** `["front","door"]`, or `{"front":{"fps":5,"width":480},"door":{}}`; null when it is neither. */
function readWatch(watch: unknown): Map<string, Look> | null {
  if (Array.isArray(watch)) return new Map(watch.map((id) => [typeof id === 'string' ? id : NO_ID, ALL]));
  if (!isObject(watch)) return null;
  const wanted = new Map<string, Look>();
  for (const [id, wish] of Object.entries(watch)) {
    const look = readLook(wish);
    if (!look) return null;
    wanted.set(id, look);
  }
  return wanted;
}

function readLook(wish: unknown): Look | null {
  if (!isObject(wish)) return null;
  const { fps = null, width = null } = wish;
  return (fps === null || isFps(fps)) && (width === null || isWidth(width)) ? { fps, width } : null;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const said: unknown = JSON.parse(text);
    return isObject(said) ? said : null;
  } catch {
    // The client is told by the caller.
    return null;
  }
}
