/** How a picture is enlarged and pushed. Pure; all in CSS pixels, from the upper left corner. */

/** A picture is drawn `scale` times as large, with its corner at `x`, `y`: 0 or left of and above the corner of its room. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export interface Spot {
  x: number;
  y: number;
}

interface Room {
  width: number;
  height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
export const MAX_SCALE = 8;

/** Enlarges by `factor`, so that what is under `spot` stays there, as far as the picture reaches. */
export function zoomAt({ scale, x, y }: Zoom, factor: number, spot: Spot, room: Room): Zoom {
  const wanted = Math.min(MAX_SCALE, Math.max(1, scale * factor));
  const by = wanted / scale;
  return keepIn({ scale: wanted, x: spot.x - (spot.x - x) * by, y: spot.y - (spot.y - y) * by }, room);
}

export function move({ scale, x, y }: Zoom, push: Spot, room: Room): Zoom {
  return keepIn({ scale, x: x + push.x, y: y + push.y }, room);
}

/** No edge of the picture comes into its room. */
function keepIn({ scale, x, y }: Zoom, { width, height }: Room): Zoom {
  const within = (value: number, size: number) => Math.min(0, Math.max(size * (1 - scale), value));
  return { scale, x: within(x, width), y: within(y, height) };
}
