/**
 * What bridges say of themselves at the house's broker: whose is heard on our own bus goes round in a circle, and of another one's it shows
 * whether it brings a camera of the same id. Pure.
 */
import * as v from 'valibot';
import { CAMERA_ID, MAX_CAMERAS } from '../../shared/contract.ts';

/** Longer ones are none, in bytes: `MAX_CAMERAS` ids and a host's name. */
const MAX_BYTES = 4_096;

const hello = v.object({
  /** Tells this bridge from others. */
  bridge: v.pipe(v.string(), v.maxLength(64)),
  /** The machine's name, for people. */
  host: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
  /** Ids of the cameras that it brings. */
  cameras: v.pipe(v.array(v.pipe(v.string(), v.regex(CAMERA_ID))), v.maxLength(MAX_CAMERAS)),
});
export type Hello = v.InferOutput<typeof hello>;

/** Null for what is none: anyone may publish anything. */
export function readHello(payload: Buffer): Hello | null {
  if (payload.length > MAX_BYTES) return null;
  try {
    return v.parse(hello, JSON.parse(payload.toString()));
  } catch {
    return null; // Somebody else's payload.
  }
}

/** The cameras that both bring; none when it is our own. */
export function twins(ours: Hello, theirs: Hello): string[] {
  return ours.bridge === theirs.bridge ? [] : theirs.cameras.filter((id) => ours.cameras.includes(id));
}
