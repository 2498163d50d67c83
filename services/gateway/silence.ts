/** When frames do not come though the camera says that they do. Pure. */
import type { Camera } from './camera.ts';
import type { Darkness } from './darkness.ts';

/** Without a frame for so long the camera counts as silent, or 2.5 times its own interval if that is longer, in ms. */
const SILENT_MS = 1_200;
/** But never for longer than this, whatever rate the camera promises, in ms; a rate that was measured is believed further. */
const MAX_SILENT_MS = 5_000;
const MAX_SILENT_MEASURED_MS = 60_000;

const SILENCE: Darkness = {
  condition: 'no-frames',
  cause: 'The camera service is there, but no frame arrives.',
  advice: 'Wait a moment; if it stays dark, look at the log of the camera service.',
};

/** How long a camera's frames are waited for, in ms. */
export function patienceFor({ sighting, promisedFps }: Pick<Camera, 'sighting' | 'promisedFps'>): number {
  return Math.min(sighting ? MAX_SILENT_MEASURED_MS : MAX_SILENT_MS, Math.max(SILENT_MS, 2500 / promisedFps));
}

/** What is said of a camera whose frames do not come. */
export function silenceOf({ sighting }: Pick<Camera, 'sighting'>): Darkness {
  return sighting?.complaint ?? SILENCE;
}
