import type { Sight } from '../../services/camera/discovery/message.ts';
import type { Subject } from '../../services/camera/discovery/standing.ts';
import { type CameraState, cameraTopics } from '../../services/shared/contract.ts';
import type { Knobs } from '../../services/shared/knob.ts';

export const subject: Subject = {
  id: 'front',
  topics: cameraTopics('homeguard', 'front'),
  name: undefined,
  previewFps: 1,
  telemetryMs: 30_000,
  version: '0.1.0',
};

export const knobs: Knobs = {
  capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' },
  fps: { type: 'number', label: 'Frame rate', value: 30, default: 30, min: 1, max: 30, step: 1, unit: 'fps' },
  resolution: { type: 'select', label: 'Resolution', value: '1280x720', default: '1280x720', options: ['1280x720', '640x480'] },
  'controls/brightness': { type: 'number', label: 'Brightness', value: 128, default: 128, min: 0, max: 255, step: 1 },
  'controls/focus_automatic_continuous': { type: 'switch', label: 'Focus automatic continuous', value: 'ON', default: 'ON' },
  'controls/power_line_frequency': {
    type: 'select',
    label: 'Power line frequency',
    value: '50 Hz',
    default: '60 Hz',
    options: ['Disabled', '50 Hz', '60 Hz'],
  },
};

export function stateOf(settings: Knobs, more: Partial<CameraState> = {}): CameraState {
  return {
    condition: 'live',
    cause: null,
    advice: null,
    since: '2026-11-22T10:38:45.120Z',
    name: 'C922 Pro Stream Webcam',
    test: false,
    device: { path: '/dev/video0', name: 'C922 Pro Stream Webcam', bus: 'usb-1' },
    format: { pixel: 'MJPG', width: 1280, height: 720, fps: 30, encoded: false },
    settings,
    ...more,
  };
}

/** A camera whose pictures have come. */
export function sightOf(settings: Knobs, more: Partial<Sight> = {}): Sight {
  return { state: stateOf(settings), insight: 'all', page: null, ...more };
}
