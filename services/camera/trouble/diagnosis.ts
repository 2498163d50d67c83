/** What went wrong with the source -> condition, cause and advice for people. Pure; the texts are those of ffmpeg 5.1 and 7.1. */
import type { Condition } from '../../shared/contract.ts';
import { accessAdvice, describeAccess } from './access.ts';
import {
  absenceAdvice,
  bandwidthAdvice,
  busyAdvice,
  describeHolders,
  faultAdvice,
  ffmpegAdvice,
  formatAdvice,
  memoryAdvice,
  reasonOf,
} from './advice.ts';
import { signOf } from './kernel-log.ts';
import type { Scene } from './scene.ts';
import { streamFault } from './stream-fault.ts';

export interface Diagnosis {
  condition: Condition;
  /** What was seen. */
  cause: string;
  /** What to do about it, in one sentence; what is to be typed or pasted stands between backticks. */
  advice: string;
}

/** A source's end, as it was seen. */
export interface Failure {
  kind: 'device' | 'file' | 'url' | 'test';
  /** What people know the source by: the device's path, the file, the address without its secrets. */
  label: string;
  /** ffmpeg's exit code; null when a signal ended it. 7.1 gives 256 - errno where 5.1 gives 1. */
  code: number | null;
  /** What ffmpeg said last. */
  lines: string[];
  /** What was seen around it. */
  scene: Scene;
}

interface Rule {
  /** Of all sources; devices only otherwise. */
  ofAll?: boolean;
  said: RegExp;
  /** 7.1's exit code for it, where no other fault has the same. */
  code?: number;
  tell: (label: string, line: string, scene: Scene) => Diagnosis;
}

/** ffmpeg says these at a healthy end, too. */
const HARMLESS = /Some buffers are still owned by the caller|ioctl\(VIDIOC_QBUF\): Bad file descriptor|^\s*Last message repeated/;

/** The first that fits is it. */
const RULES: Rule[] = [
  {
    ofAll: true,
    said: /^setpriv: failed to execute|spawn (ffmpeg|setpriv) E(NOENT|ACCES)|error while loading shared libraries/,
    tell: (_, line, scene) => failed(`ffmpeg cannot be started (${line})`, ffmpegAdvice(scene)),
  },
  {
    ofAll: true,
    said: /spawn \S+ E(AGAIN|NOMEM|MFILE|NFILE)/,
    tell: (_, line) => failed(`ffmpeg cannot be started (${line})`, 'Close other programs: the machine has no room for one more.'),
  },
  {
    ofAll: true,
    said: /^Unrecognized option|^Option \S+ not found|^Unknown (encoder|input format)|^Requested output format/,
    tell: (_, line, scene) => failed(`this ffmpeg is too old or lacks a part (${line})`, ffmpegAdvice(scene)),
  },
  {
    said: /Operation not permitted/,
    // Its exit code of 7.1 would be that of an ffmpeg that was told to end, too.
    tell: (label, _, scene) => refused(label, 'EPERM', scene),
  },
  {
    said: /Permission denied/,
    code: 243,
    tell: (label, _, scene) => refused(label, 'EACCES', scene),
  },
  {
    said: /Device or resource busy/,
    code: 240,
    tell: (label, _, scene) => ({
      condition: 'device-busy',
      cause: `EBUSY on ${label}: in use by ${describeHolders(scene)}`,
      advice: busyAdvice(scene, label),
    }),
  },
  {
    said: /No space left on device/,
    code: 228,
    tell: (label, _, scene) => ({
      condition: 'no-usb-bandwidth',
      cause: `ENOSPC on ${label}: the USB bus has no room left for its pictures`,
      advice: bandwidthAdvice(scene),
    }),
  },
  {
    // 7.1 goes on with "No such device" here.
    said: /Inappropriate ioctl for device|Not a video capture device/,
    code: 231,
    tell: (label) => ({
      condition: 'bad-format',
      cause: `${label} gives no pictures; it may be a camera's second node, for metadata`,
      advice: 'Name the other device of the camera in CAMERA_SOURCE, often the number before it, or leave it at "device".',
    }),
  },
  {
    said: /No such device|No such file or directory/,
    code: 254,
    tell: (label, _, scene) => noDevice(`${label} is not there any more`, scene),
  },
  {
    said: /Cannot find a proper format/,
    tell: (label, line, scene) => ({
      condition: 'bad-format',
      cause: `${label} offers no format that can be read (${line})`,
      advice: formatAdvice(scene),
    }),
  },
];

/** Why a source ended or could not be opened. */
export function diagnose({ kind, label, code, lines: said, scene }: Failure): Diagnosis {
  const lines = said.map(bare).filter((line) => !HARMLESS.test(line));
  for (const rule of RULES) {
    if (kind !== 'device' && !rule.ofAll) continue;
    const line = lines.findLast((each) => rule.said.test(each));
    if (line !== undefined || (rule.code !== undefined && code === rule.code)) return rule.tell(label, line ?? '', scene);
  }
  const fault = streamFault(kind, label, lines);
  if (fault) return fault;
  if (code === null) return killed(kind, label, lines.at(-1), scene);
  return failed(withReason(`${label}: ${lines.at(-1) ?? `ffmpeg ended with code ${code}`}`, scene), faultOf(kind, scene));
}

/** @param cause why there is none: `no camera was found` */
export function noDevice(cause: string, scene: Scene): Diagnosis {
  const [hidden] = scene.hidden;
  const seen = hidden ? `${cause}, though the kernel has ${hidden}` : withReason(cause, scene);
  return { condition: 'no-device', cause: seen, advice: absenceAdvice(scene) };
}

/** The source is open, but nothing comes. */
export function noFrames(kind: Failure['kind'], label: string, seconds: number, scene: Scene): Diagnosis {
  const cause = withReason(`${label} is open, but no picture has come for ${seconds} s`, scene);
  return { condition: 'no-frames', cause, advice: faultOf(kind, scene) };
}

/** Something comes, but no pictures. */
export function noPictures(kind: Failure['kind'], label: string, why: string, scene: Scene): Diagnosis {
  const cause = withReason(`${label} sends data, but no whole picture (${why})`, scene);
  return { condition: 'bad-format', cause, advice: faultOf(kind, scene) };
}

function refused(label: string, error: 'EACCES' | 'EPERM', scene: Scene): Diagnosis {
  const cause = `${error} on ${label}: ${describeAccess(scene)}`;
  return { condition: 'permission-denied', cause, advice: accessAdvice(scene, label, error) };
}

/** Nobody but the kernel ends ffmpeg while we want it, and it does so when memory is short. */
function killed(kind: Failure['kind'], label: string, last: string | undefined, scene: Scene): Diagnosis {
  const memory = scene.kernel.findLast((line) => signOf(line) === 'memory' && line.includes('(ffmpeg)'));
  if (memory) return failed(`${label}: ffmpeg was killed; the kernel says: ${memory}`, memoryAdvice(scene));
  return failed(withReason(`${label}: ${last ?? 'ffmpeg was killed'}`, scene), faultOf(kind, scene));
}

/** The cause and, where it has one, the kernel's reason. */
function withReason(cause: string, scene: Scene): string {
  const reason = reasonOf(scene);
  return reason ? `${cause}; the kernel says: ${reason.line}` : cause;
}

function faultOf(kind: Failure['kind'], scene: Scene): string {
  switch (kind) {
    case 'device':
      return faultAdvice(scene);
    case 'file':
      return 'Try the file in a player; if it plays there, convert it to MP4.';
    case 'url':
      return 'Open the address in a player such as VLC to see whether the camera sends pictures.';
    case 'test':
      return ffmpegAdvice(scene);
  }
}

function failed(cause: string, advice: string): Diagnosis {
  return { condition: 'source-failed', cause, advice };
}

/** Without ffmpeg's `[video4linux2,v4l2 @ 0x5581…] `, whose digits may look like anything, and its name for the pipe with the address. */
function bare(line: string): string {
  return line
    .replace(/^(\[[^\]]*\] *)+/, '')
    .replace(/^pipe:0: /, '')
    .trim();
}
