/** The sign in the placeholder picture, a video camera crossed out, and the outlines it is made of. */
import type { Contour } from './canvas.ts';

/** The middle of a straight line and its end, as a curve. */
const line = (x0: number, y0: number, x1: number, y1: number) => [(x0 + x1) / 2, (y0 + y1) / 2, x1, y1];

/** A polygon through x, y, x, y, … */
function polygon(points: readonly number[]): Contour {
  const corners = points.length / 2;
  const at = (i: number): [number, number] => [points[2 * (i % corners)] ?? 0, points[2 * (i % corners) + 1] ?? 0];
  return [...at(0), ...Array.from({ length: corners }, (_, i) => line(...at(i), ...at(i + 1))).flat()];
}

/** A box with its upper left corner at `x`, `y`, its corners rounded with radius `r`. */
export function box(x: number, y: number, width: number, height: number, r = 0): Contour {
  const [right, bottom] = [x + width, y + height];
  return [
    ...[x + r, y, ...line(x + r, y, right - r, y), right, y, right, y + r],
    ...[...line(right, y + r, right, bottom - r), right, bottom, right - r, bottom],
    ...[...line(right - r, bottom, x + r, bottom), x, bottom, x, bottom - r],
    ...[...line(x, bottom - r, x, y + r), x, y, x + r, y],
  ];
}

/** A stroke with round ends, of half width `r`, from `x`, `y` down to the right at 45°, `span` units wide and high. */
function fallingStroke(x: number, y: number, span: number, r: number): Contour {
  const lying = Array.from(box(-r, -r, span * Math.SQRT2 + 2 * r, 2 * r, r));
  return lying.map((value, i) => {
    const other = lying[i ^ 1] ?? 0;
    return i % 2 === 0 ? x + (value - other) * Math.SQRT1_2 : y + (value + other) * Math.SQRT1_2;
  });
}

/** Three layers in a square of 48 × 48 units: the camera, the gap that is cut out of it, the stroke in the gap. */
export const CAMERA_OFF: { camera: Contour[]; gap: Contour[]; stroke: Contour[] } = {
  camera: [box(2, 13, 29, 22, 4.5), polygon([34, 21.5, 43.5, 15.5, 46, 17, 46, 31, 43.5, 32.5, 34, 26.5])],
  gap: [fallingStroke(6, 6, 36, 4.4)],
  stroke: [fallingStroke(6, 6, 36, 1.75)],
};
