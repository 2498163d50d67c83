/** How large small frames are. Pure. */

interface Size {
  width: number;
  height: number;
}

/** At most so wide, in pixels: a tile of a wall on most screens. */
export const SMALL_WIDTH = 640;
/** A picture that is not this many times as wide gains too little by being made small. */
const WORTHWHILE = 1.3;

/** The size of the small frames of a camera's, both sides even; null: they are small as they are. */
export function smallSize({ width, height }: Size): Size | null {
  if (width <= SMALL_WIDTH * WORTHWHILE) return null;
  return { width: SMALL_WIDTH, height: Math.max(2, 2 * Math.round((SMALL_WIDTH * height) / width / 2)) };
}
