/** A camera that gives fewer frames than its mode promises -> why, and what to do. Pure. */
import type { Knobs } from '../../shared/knob.ts';
import type { Mode } from '../device/mode.ts';
import type { Format } from '../format-meter.ts';
import type { Hint } from '../report.ts';

/** Below this part of the promised rate something holds the frames back; low light takes half of them. */
const SLOW = 0.7;
/** The control by which a webcam may expose longer than a frame lasts, as kernels since 5.12 and before call it. */
const DYNAMIC_RATE = ['controls/exposure_dynamic_framerate', 'controls/exposure_auto_priority'];

export function slowness(format: Format, mode: Mode | null, knobs: Knobs): Hint | null {
  if (!mode || format.fps >= SLOW * mode.fps) return null;
  const cause = `only ${format.fps} of ${Math.round(mode.fps)} pictures a second come`;
  const control = DYNAMIC_RATE.find((name) => knobs[name]?.type === 'switch' && knobs[name].value === 'ON');
  if (control) {
    return {
      cause: `${cause}: in low light the camera exposes each one longer`,
      advice: `Give it more light, or set ${control} to OFF: the rate comes back, and the picture gets darker.`,
    };
  }
  return { cause, advice: 'Give the camera more light, plug it into another USB port, or set a smaller resolution.' };
}
