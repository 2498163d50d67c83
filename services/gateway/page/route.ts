import type { Camera } from './camera.ts';

/** What the address asks for: `#front` is that camera, without one all of them; the browser's way back then works by itself. */
export function chosen(cameras: Camera[], hash: string): Camera | null {
  // Of a single camera there is no wall.
  if (cameras.length === 1) return cameras[0] ?? null;
  return cameras.find(({ id }) => id === decode(hash.slice(1))) ?? null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Somebody typed a lone %.
  }
}
