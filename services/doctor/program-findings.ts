/** Programs -> findings. Pure. */
import { ffmpegAdvice } from '../camera/trouble/advice.ts';
import type { Scene } from '../camera/trouble/scene.ts';
import { type Finding, fault, hint, well } from './finding.ts';
import type { Program, Programs } from './programs.ts';

/** What the cameras of the settings want of ffmpeg (camera/job.ts). */
export interface Needs {
  /** Pictures have to be encoded: `-fps_mode` came with ffmpeg 5.1. */
  encoding: boolean;
  /** Pictures come by RTSP: before 5.0 its `-timeout` meant to wait for a caller. */
  rtsp: boolean;
}

export function judgePrograms(programs: Programs, needs: Needs, scene: Scene): Finding[] {
  return [
    judgeFfmpeg(programs.ffmpeg, needs, scene),
    judgeV4l2ctl(programs.v4l2ctl, scene),
    ...judgeSetpriv(programs.setpriv, scene),
    well('program', 'node', programs.node),
  ];
}

function judgeFfmpeg(ffmpeg: Program, needs: Needs, scene: Scene): Finding {
  if ('failed' in ffmpeg) {
    const text = ffmpeg.failed === 'missing' ? 'is missing, and cameras are read with it' : `does not run: ${ffmpeg.said}`;
    return fault('program', 'ffmpeg', text, ffmpegAdvice(scene));
  }
  const { version } = ffmpeg;
  if (!isBefore(version, 5, 1)) return well('program', 'ffmpeg', version);
  if (needs.encoding || (needs.rtsp && isBefore(version, 5, 0))) {
    return fault('program', 'ffmpeg', `${version} is too old for this camera: it has to be 5.1 or newer`, ffmpegAdvice(scene));
  }
  return hint('program', 'ffmpeg', `${version} copies the pictures of a webcam, but is too old to encode any`, ffmpegAdvice(scene));
}

/** `5.1.9-0+deb12u1` and `n7.1` have numbers; one that was built from a day's sources (`N-109542-g…`) has none, and is new. */
function isBefore(version: string, major: number, minor: number): boolean {
  const [, ofMajor, ofMinor] = /^n?(\d{1,2})\.(\d{1,3})/.exec(version) ?? [];
  if (!ofMajor || !ofMinor) return false;
  return Number(ofMajor) < major || (Number(ofMajor) === major && Number(ofMinor) < minor);
}

function judgeV4l2ctl(v4l2ctl: Program, scene: Scene): Finding {
  if ('version' in v4l2ctl) return well('program', 'v4l2-ctl', v4l2ctl.version);
  const text = v4l2ctl.failed === 'missing' ? 'is missing' : `does not run (${v4l2ctl.said})`;
  return hint('program', 'v4l2-ctl', `${text}: what a webcam offers and has to set cannot be read`, install('v4l-utils', scene));
}

/** Of no interest while it is there. */
function judgeSetpriv(setpriv: Program, scene: Scene): Finding[] {
  if ('version' in setpriv) return [];
  const text = 'is missing: were HomeGuard killed while the camera is silent, ffmpeg would keep the camera';
  return [hint('program', 'setpriv', text, install('util-linux', scene))];
}

function install(name: string, { place }: Scene): string {
  if (place.kind === 'container') return `Build the image again, for it lacks ${name}.`;
  return `Install it: \`sudo apt-get install ${name}\`.`;
}
