/** What is wished for on `snapshot/set`. Pure. */
import { type Knob, parseSize } from '../../shared/knob.ts';
import { isCommandId } from './command-id.ts';

export interface Size {
  width: number;
  height: number;
}

/** So much of a wish that is none is repeated, in characters. */
const MAX_SHOWN = 42;

/**
 * What is wished for in a command: nothing, a size `1920x1080`, or JSON `{"size":"1920x1080","id":"abc"}`, of which either may be left out.
 * Or why it is none.
 */
export function readSnapshotCommand(text: string): { size: Size | null; id?: string } | { refused: string; id?: string } {
  const { size: wanted = null, id = null } = wishIn(text.trim());
  if (id !== null && !isCommandId(id)) {
    return { refused: 'The id of a snapshot is a text of 1 to 64 characters that can be printed.' };
  }
  const named = id === null ? {} : { id };
  if (wanted === null) return { size: null, ...named };
  const size = typeof wanted === 'string' ? parseSize(wanted) : null;
  if (size) return { size, ...named };
  const shown = JSON.stringify(wanted).slice(0, MAX_SHOWN);
  return { refused: `The size of a snapshot is a width and a height such as 1920x1080, not ${shown}.`, ...named };
}

/** Anything that looks like no size is a press on the button. */
function wishIn(text: string): { size?: unknown; id?: unknown } {
  if (!text.startsWith('{')) return /^\d+ *[x×*] *\d+$/i.test(text) ? { size: text.replace(/ *[x×*] */i, 'x') } : {};
  try {
    return JSON.parse(text) as { size?: unknown; id?: unknown };
  } catch {
    return { size: text }; // Meant as JSON, and none: that is told.
  }
}

/** The size, where the source has to be opened anew for it; null for the present one. Or why the camera has no such size. */
export function otherSize(size: Size, resolution: Knob | undefined): { size: Size | null } | { refused: string } {
  const wanted = `${size.width}x${size.height}`;
  if (resolution?.type !== 'select' || resolution.value === wanted) return { size: null };
  if (resolution.options.includes(wanted)) return { size };
  return { refused: `This camera has no size ${wanted}: it has ${resolution.options.join(', ')}.` };
}
