/** The cameras of the settings -> findings: what each means, and in which mode its device would be opened. Pure. */

import type { Mode } from '../camera/device/mode.ts';
import { noDevice } from '../camera/trouble/diagnosis.ts';
import { type CameraFacts, modeOf } from './cameras.ts';
import { type Finding, fault, well } from './finding.ts';
import { rate } from './format-findings.ts';

const SWITCH_ON = 'Switch the camera on again on the page, or set its capture to ON over MQTT.';

/** @param before the cameras that stand before it in the settings */
export function judgeCamera(camera: CameraFacts, before: CameraFacts[]): Finding[] {
  const off = camera.isOff ? [fault('camera', camera.id, 'is switched off', SWITCH_ON)] : [];
  return [...off, judgeSource(camera, before)];
}

function judgeSource(camera: CameraFacts, before: CameraFacts[]): Finding {
  const { id, source, label, absent } = camera;
  switch (source.kind) {
    case 'test':
      return well('camera', id, "is ffmpeg's test picture");
    case 'url':
      return well('camera', id, `is the network camera ${label}, which is not asked here`);
    case 'file':
      return absent ? judgeFile(id, absent) : well('camera', id, `is the video file ${label}`);
    default:
      return judgeDevice(camera, before);
  }
}

/** What is said of a file has its remedy behind a colon. */
function judgeFile(id: string, absent: string): Finding {
  const [what = '', name = 'name a video file'] = absent.split(/: (?=name )/);
  return fault('camera', id, `has no picture: ${what}`, `${name[0]?.toUpperCase()}${name.slice(1)}.`);
}

function judgeDevice(camera: CameraFacts, before: CameraFacts[]): Finding {
  const { id, device, absent, scene } = camera;
  if (!device) {
    const { cause, advice } = noDevice(absent ?? 'nothing was found', scene);
    return fault('camera', id, `has no device: ${cause}`, advice);
  }
  const rival = before.find((other) => other.device?.place === device.place);
  if (rival) {
    const remedy = `Name another device for ${id} in CAMERAS: only one of them can read it.`;
    return fault('camera', id, `means the same device as ${rival.id}: ${device.path}`, remedy);
  }
  const mode = modeOf(device, camera.wanted);
  return well('camera', id, `is ${device.path}${mode ? `, taken in ${modeInWords(mode, camera)}` : ''}`);
}

/** `1280x720 at 30, copied`. */
function modeInWords({ width, height, fps, copy, fourcc }: Mode, { wanted: { size, fps: wantedFps } }: CameraFacts): string {
  const isWanted = width === size.width && height === size.height && Math.round(fps) === wantedFps;
  const nearest = isWanted ? '' : ` (the nearest to ${size.width}x${size.height} at ${wantedFps})`;
  return `${width}x${height} at ${rate(fps)}${nearest}, ${copy ? 'copied' : `encoded from ${fourcc}`}`;
}
