/** Whether what is seen is what happens now. */
import type { Camera } from './camera.ts';

/** How often it is looked how old the pictures are. */
export const LOOK_MS = 200;
/** An older one, even if it moves, is not what happens now. */
const LATE_MS = 2_000;

/** Conditions that pass by themselves, and soon. */
const PASSING = ['live', 'idle', 'starting'];

/** Is there something to be mended before a picture can come? */
export function isDark(camera: Camera): boolean {
  return !PASSING.includes(camera.condition);
}

export function isLate(age: number | null): boolean {
  return age !== null && age > LATE_MS;
}
