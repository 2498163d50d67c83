/** How tiles are laid out. Pure. */

/** Below a picture stands its caption; between tiles is a gap; in CSS pixels, as style/wall.css has them. */
export const CAPTION = 44;
export const GAP = 14;
/** Smaller ones are no use: then the wall is scrolled. */
const MIN_WIDTH = 260;
const RATIO = 16 / 9;

export interface Grid {
  columns: number;
  /** Of a tile, in CSS pixels. */
  width: number;
}

/** The largest tiles of which all `count` fit into the room, or, where they would be too small, as many columns as fit. */
export function layOut(count: number, room: { width: number; height: number }): Grid {
  let best: Grid = { columns: 1, width: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (room.width - GAP * (columns - 1)) / columns;
    const byHeight = ((room.height - GAP * (rows - 1)) / rows - CAPTION) * RATIO;
    const width = Math.floor(Math.min(byWidth, byHeight));
    if (width > best.width) best = { columns, width };
  }
  if (best.width >= Math.min(MIN_WIDTH, room.width)) return best;
  const columns = Math.max(1, Math.floor((room.width + GAP) / (MIN_WIDTH + GAP)));
  return { columns, width: Math.max(1, Math.floor((room.width - GAP * (columns - 1)) / columns)) };
}

/** Finer screens show more pixels of a tile than anybody sees in passing, for four times the bytes and more. */
const FINENESS = 1.5;
/** In steps, so that not each pixel of a window that is drawn larger is a wish of its own. */
const STEP = 64;

/** How many pixels across a tile asks for. @param width in CSS pixels @param ratio device pixels in each */
export function tilePixels(width: number, ratio: number): number {
  return STEP * Math.ceil((width * Math.min(ratio, FINENESS)) / STEP);
}

/** How many pictures a second a tile asks for: the more there are, the less each of them is looked at. */
export function tileFps(count: number): number {
  if (count <= 4) return 10;
  return count <= 9 ? 5 : 2;
}
