/** What is wished for on `snapshot/set`. Pure. */
import { type Knob, parseSize } from '../../shared/knob.ts';

export interface Size {
  width: number;
  height: number;
}

/** The size wished for in a command: none, `1920x1080`, or JSON `{"size":"1920x1080"}`. Or why it is none. */
export function readSnapshotCommand(text: string): { size: Size | null } | { refused: string } {
  const wanted = sizeIn(text.trim());
  if (wanted === null) return { size: null };
  const size = parseSize(wanted);
  return size ? { size } : { refused: `The size of a snapshot is a width and a height such as 1920x1080, not "${wanted.slice(0, 40)}".` };
}

/** Anything that looks like no size is a press on the button. */
function sizeIn(text: string): string | null {
  if (!text.startsWith('{')) return /^\d+ *[x×*] *\d+$/i.test(text) ? text.replace(/ *[x×*] */i, 'x') : null;
  try {
    const { size } = JSON.parse(text) as { size?: unknown };
    return size === undefined || size === null ? null : String(size);
  } catch {
    return text; // Meant as JSON, and none: that is told.
  }
}

/** The size, where the source has to be opened anew for it; null for the present one. Or why the camera has no such size. */
export function otherSize(size: Size, resolution: Knob | undefined): { size: Size | null } | { refused: string } {
  const wanted = `${size.width}x${size.height}`;
  if (resolution?.type !== 'select' || resolution.value === wanted) return { size: null };
  if (resolution.options.includes(wanted)) return { size };
  return { refused: `This camera has no size ${wanted}: it has ${resolution.options.join(', ')}.` };
}
