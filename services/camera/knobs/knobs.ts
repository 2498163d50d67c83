/** What can be set on a camera as it is now -> its knobs. Pure. */
import type { Knob, Knobs, OnOff } from '../../shared/knob.ts';
import type { Control, PixelFormat } from '../device/capabilities.ts';
import { type Mode, ratesOf, sizesOf } from '../device/mode.ts';
import type { Format } from '../format-meter.ts';
import type { Input, Wanted } from '../job.ts';
import { controlKnob } from './control-knob.ts';

export interface Subject {
  kind: Input['kind'];
  capture: OnOff;
  /** Chosen from `formats` by what is wanted, and by what the environment says; null for what is no device, or cannot be asked. */
  mode: Mode | null;
  givenMode: Mode | null;
  wanted: Wanted;
  given: Wanted;
  formats: PixelFormat[];
  controls: Control[];
  /** What comes. */
  format: Format | null;
}

/** What the test picture is drawn in. */
const TEST_SIZES = ['320x240', '640x360', '640x480', '1280x720', '1920x1080'];
const TEST_MAX_FPS = 60;
const DEFAULT_QUALITY = 90;

export function knobsOf(subject: Subject): Knobs {
  const knobs: Knobs = {
    capture: { type: 'switch', label: 'Capture', value: subject.capture, default: 'ON' },
    fps: fpsKnob(subject),
    resolution: resolutionKnob(subject),
  };
  const { kind, mode, format, wanted } = subject;
  const isEncoded = format?.encoded ?? (kind === 'test' || mode?.copy === false);
  if (isEncoded) {
    knobs.quality = {
      type: 'number',
      label: 'Quality',
      value: wanted.quality,
      default: DEFAULT_QUALITY,
      min: 1,
      max: 100,
      step: 1,
      unit: '%',
    };
  }
  for (const control of subject.controls) knobs[`controls/${control.name}`] = controlKnob(control);
  return knobs;
}

/** Why a setting that others have is not there. */
export function absence(setting: string): string {
  if (setting === 'quality') return 'quality is set only where HomeGuard encodes: this camera makes its JPEG pictures itself.';
  if (setting.startsWith('controls/')) return `This camera has no control "${setting.slice('controls/'.length)}" now.`;
  return `There is no setting "${setting}".`;
}

function fpsKnob({ kind, mode, givenMode, wanted, given, formats, format }: Subject): Knob {
  const common = { type: 'number' as const, label: 'Frame rate', unit: 'fps', step: 1 };
  if (mode && givenMode) {
    const rates = ratesOf(formats, mode);
    const max = Math.max(1, Math.round(Math.max(mode.fps, ...rates)));
    return { ...common, value: Math.round(mode.fps), default: Math.round(givenMode.fps), min: 1, max };
  }
  if (kind === 'test') return { ...common, value: wanted.fps, default: given.fps, min: 1, max: Math.max(TEST_MAX_FPS, given.fps) };
  const fps = Math.round(format?.fps ?? wanted.fps);
  return { ...common, value: fps, default: fps, min: fps, max: fps, readOnly: true };
}

function resolutionKnob({ kind, mode, givenMode, wanted, given, formats, format }: Subject): Knob {
  const common = { type: 'select' as const, label: 'Resolution' };
  if (mode && givenMode) {
    const options = sizesOf(formats).map(sizeText);
    if (!options.includes(sizeText(mode))) options.push(sizeText(mode)); // A device that does not tell its sizes takes what is wanted.
    return { ...common, value: sizeText(mode), default: sizeText(givenMode), options };
  }
  if (kind === 'test') {
    const options = [...new Set([...TEST_SIZES, sizeText(given.size)])];
    return { ...common, value: sizeText(wanted.size), default: sizeText(given.size), options };
  }
  const size = sizeText(format ?? wanted.size);
  return { ...common, value: size, default: size, options: [size], readOnly: true };
}

export function sizeText({ width, height }: { width: number; height: number }): string {
  return `${width}x${height}`;
}
