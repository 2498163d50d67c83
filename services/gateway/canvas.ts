/** Fills outlines (letters, signs) with a colour, smooth at the edges: each pixel gets as much of it as the outline covers, exactly. */
import type { Colour, Picture } from './jpeg-encoder.ts';

/** A closed line of quadratic curves: first x, y, then for each curve its control point and its end. Its inside is told by its direction. */
export type Contour = ArrayLike<number>;

/** Contours, enlarged by `scale`, then moved to `x`, `y` in pixels; y runs downwards. */
export interface Shape {
  contours: readonly Contour[];
  x: number;
  y: number;
  scale: number;
}

/** Fills the shapes, which must run round their insides in one direction, and round their holes in the other; outside the picture nothing happens. */
export function fill(picture: Picture, shapes: readonly Shape[], colour: Colour): void {
  const box = boxAround(picture, shapes);
  if (box.width <= 0 || box.height <= 0) return;
  const coverage = new Coverage(box);
  for (const shape of shapes) for (const contour of shape.contours) coverage.add(contour, shape);
  coverage.integrate();
  blend(picture.y, picture.stride, box, coverage, colour.y, 1);
  blend(picture.cb, picture.stride / 2, box, coverage, colour.cb, 2);
  blend(picture.cr, picture.stride / 2, box, coverage, colour.cr, 2);
}

/** Pixels from `left`, `top`; all even, so that whole colour samples (2 × 2 pixels) lie in it. */
interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

function boxAround(picture: Picture, shapes: readonly Shape[]): Box {
  let [left, top, right, bottom] = [picture.width, picture.height, 0, 0];
  for (const { contours, x, y, scale } of shapes) {
    for (const contour of contours) {
      for (let i = 0; i < contour.length; i += 2) {
        const px = x + scale * (contour[i] as number);
        const py = y + scale * (contour[i + 1] as number);
        if (px < left) left = px;
        if (px > right) right = px;
        if (py < top) top = py;
        if (py > bottom) bottom = py;
      }
    }
  }
  left = Math.max(0, Math.floor(left)) & ~1;
  top = Math.max(0, Math.floor(top)) & ~1;
  // Up to the picture's edge or, where that is odd, one beyond: the rows and columns that fill up the last MCU are there.
  right = (Math.min(picture.width, Math.ceil(right)) + 1) & ~1;
  bottom = (Math.min(picture.height, Math.ceil(bottom)) + 1) & ~1;
  return { left, top, width: right - left, height: bottom - top };
}

/** How much of each pixel of a box is covered, 0–1. While outlines are added it holds differences from the pixel to the left. */
class Coverage {
  readonly rowLength: number;
  readonly values: Float32Array;
  #box: Box;

  constructor(box: Box) {
    this.#box = box;
    this.rowLength = box.width + 2; // an edge at the right end still writes one pixel on
    this.values = new Float32Array(this.rowLength * box.height);
  }

  /** Adds a contour, its curves as short straight edges that differ from them by less than an eighth of a pixel. */
  add(contour: Contour, { x, y, scale }: Shape): void {
    const ox = x - this.#box.left;
    const oy = y - this.#box.top;
    let x0 = ox + scale * (contour[0] as number);
    let y0 = oy + scale * (contour[1] as number);
    for (let i = 2; i < contour.length; i += 4) {
      const xc = ox + scale * (contour[i] as number);
      const yc = oy + scale * (contour[i + 1] as number);
      const x2 = ox + scale * (contour[i + 2] as number);
      const y2 = oy + scale * (contour[i + 3] as number);
      // A curve cut into n strays from its chords by a quarter of |P0 - 2 PC + P2| / n².
      const bend = Math.abs(x0 - 2 * xc + x2) + Math.abs(y0 - 2 * yc + y2);
      const pieces = Math.ceil(Math.sqrt(2 * bend)) || 1;
      let fromX = x0;
      let fromY = y0;
      for (let piece = 1; piece <= pieces; piece++) {
        const t = piece / pieces;
        const toX = (1 - t) * (1 - t) * x0 + 2 * t * (1 - t) * xc + t * t * x2;
        const toY = (1 - t) * (1 - t) * y0 + 2 * t * (1 - t) * yc + t * t * y2;
        this.#edge(fromX, fromY, toX, toY);
        fromX = toX;
        fromY = toY;
      }
      x0 = x2;
      y0 = y2;
    }
  }

  /** An edge covers, in each row it crosses, everything to its right as high as it is there; downwards adds, upwards takes away. */
  #edge(xa: number, ya: number, xb: number, yb: number): void {
    if (ya === yb) return;
    const sign = ya < yb ? 1 : -1;
    const [top, bottom] = ya < yb ? [ya, yb] : [yb, ya];
    const slope = (xb - xa) / (yb - ya);
    const last = Math.min(this.#box.height, Math.ceil(bottom));
    for (let row = Math.max(0, Math.floor(top)); row < last; row++) {
      const from = Math.max(top, row);
      const to = Math.min(bottom, row + 1);
      const x1 = xa + (from - ya) * slope;
      const x2 = xa + (to - ya) * slope;
      this.#span(row * this.rowLength, Math.min(x1, x2), Math.max(x1, x2), sign * (to - from));
    }
  }

  /** An edge's part within one row, `height` high, from `x1` to `x2`, told to each pixel that it crosses. */
  #span(row: number, x1: number, x2: number, height: number): void {
    const right = this.#box.width;
    const begin = Math.max(0, Math.min(right, x1));
    const end = Math.max(0, Math.min(right, x2));
    const first = Math.floor(begin);
    if (end <= first + 1) {
      this.#cell(row + first, height, (begin + end) / 2 - first);
      return;
    }
    const perPixel = height / (end - begin);
    for (let column = first, at = begin; at < end; column++) {
      const next = Math.min(end, column + 1);
      this.#cell(row + column, perPixel * (next - at), (at + next) / 2 - column);
      at = next;
    }
  }

  /** The pixel itself is covered from `offset` (0–1, where the edge stands in the middle of its height) on, the next ones wholly. */
  #cell(at: number, height: number, offset: number): void {
    this.values[at] = (this.values[at] as number) + height * (1 - offset);
    this.values[at + 1] = (this.values[at + 1] as number) + height * offset;
  }

  /** From differences to coverage. Shapes that overlap do not cover more than all. */
  integrate(): void {
    const values = this.values;
    for (let start = 0; start < values.length; start += this.rowLength) {
      let sum = 0;
      for (let i = start; i < start + this.rowLength; i++) {
        sum += values[i] as number;
        values[i] = Math.min(1, Math.abs(sum));
      }
    }
  }
}

/** Moves the samples of one plane towards `shade`, each by the mean coverage of its `size` × `size` pixels. */
function blend(samples: Uint8Array, stride: number, box: Box, coverage: Coverage, shade: number, size: 1 | 2): void {
  const { values, rowLength } = coverage;
  for (let y = 0; y < box.height; y += size) {
    let to = ((box.top + y) / size) * stride + box.left / size;
    for (let x = y * rowLength, end = x + box.width; x < end; x += size, to++) {
      let part = values[x] as number;
      if (size === 2)
        part = (part + (values[x + 1] as number) + (values[x + rowLength] as number) + (values[x + rowLength + 1] as number)) / 4;
      if (part === 0) continue;
      const before = samples[to] as number;
      samples[to] = before + (shade - before) * part + 0.5;
    }
  }
}
