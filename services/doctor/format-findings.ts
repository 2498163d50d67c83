/** What a camera's device offers -> findings. Pure. */

import type { Capabilities, FrameSize, PixelFormat } from '../camera/device/capabilities.ts';
import { chooseMode, type Size } from '../camera/device/mode.ts';
import type { V4l2Failure } from '../camera/device/v4l2.ts';
import { faultAdvice } from '../camera/trouble/advice.ts';
import { diagnose } from '../camera/trouble/diagnosis.ts';
import type { Scene } from '../camera/trouble/scene.ts';
import type { DeviceFacts } from './devices.ts';
import { type Finding, fault, hint, well } from './finding.ts';

/** More formats than these nobody reads. */
const MAX_FORMATS = 4;
const ANY = { size: { width: 1280, height: 720 }, fps: 30 };
const NAME_A_CAMERA = 'Name a camera in CAMERA_SOURCE, such as `/dev/video0`, or leave it out.';

/** @param isRead HomeGuard's camera service reads it at this moment */
export function judgeFormats({ path, said }: DeviceFacts, scene: Scene, isRead: boolean): Finding[] {
  if (!said) return [];
  if ('failed' in said) return judgeFailure(path, said, scene, isRead);
  if (!said.capture) return [refused(path, 'is no camera', 'Not a video capture device', scene)];
  if (said.formats.length === 0) return [well('formats', path, 'does not tell what it offers; ffmpeg takes what comes')];
  const mode = chooseMode(said.formats, ANY);
  if (mode) return [well('formats', path, `offers ${formatsInWords(said, mode.fourcc)}`)];
  const names = said.formats.slice(0, MAX_FORMATS).map(({ fourcc }) => fourcc);
  return [fault('formats', path, `offers no format that can be read, only ${names.join(', ')}`, 'Take another camera: USB webcams do.')];
}

/** Why it did not answer, where no other finding says so. */
function judgeFailure(path: string, { failed, errno, said }: V4l2Failure, scene: Scene, isRead: boolean): Finding[] {
  switch (failed) {
    case 'missing':
      return [];
    case 'silent':
      return [(isRead ? hint : fault)('formats', path, `does not answer: ${said}`, faultAdvice(scene))];
    case 'unreadable':
      return [fault('formats', path, `is no camera: ${said}`, NAME_A_CAMERA)];
    case 'errno':
      if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EBUSY') return [];
      return [refused(path, 'cannot be asked', said, scene)];
  }
}

/** In the words of the camera service. */
function refused(path: string, what: string, said: string, scene: Scene): Finding {
  const { cause, advice } = diagnose({ kind: 'device', label: path, code: 1, lines: [said], scene });
  return fault('formats', path, `${what}: ${cause}`, advice);
}

/** `MJPG up to 1920x1080 at 30, YUYV up to 640x480 at 30`, the one that is taken first. */
function formatsInWords({ formats }: Capabilities, taken: string): string {
  const sorted = [...formats].sort((a, b) => Number(b.fourcc === taken) - Number(a.fourcc === taken));
  const told = sorted.slice(0, MAX_FORMATS).map(formatInWords);
  const more = formats.length - told.length;
  return [...told, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function formatInWords({ fourcc, sizes }: PixelFormat): string {
  const largest = sizes.reduce<FrameSize | null>((best, each) => (best && area(best) >= area(each) ? best : each), null);
  if (!largest) return fourcc;
  const [fastest] = largest.rates;
  return `${fourcc} up to ${largest.width}x${largest.height}${fastest === undefined ? '' : ` at ${rate(fastest)}`}`;
}

function area({ width, height }: Size): number {
  return width * height;
}

/** Frames a second, as people write them. */
export function rate(fps: number): string {
  return String(Math.round(fps * 10) / 10);
}
