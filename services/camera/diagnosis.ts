/** What went wrong with the source -> condition, cause and advice for people. Pure; the texts are those of ffmpeg 5.1 and 7.1. */
import type { Condition } from '../shared/contract.ts';

export interface Diagnosis {
  condition: Condition;
  /** What was seen. */
  cause: string;
  /** What to do about it, in one sentence. */
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
  /** Who we are and whose the device is, for EACCES. */
  access: string | null;
}

interface Rule {
  kinds: Failure['kind'][];
  said: RegExp;
  /** 7.1's exit code for it. */
  code?: number;
  tell: (failure: Failure, line: string) => Diagnosis;
}

const all: Failure['kind'][] = ['device', 'file', 'url', 'test'];
/** ffmpeg says these at a healthy end, too. */
const HARMLESS = /Some buffers are still owned by the caller|ioctl\(VIDIOC_QBUF\): Bad file descriptor|^\s*Last message repeated/;

/** The first that fits is it. */
const RULES: Rule[] = [
  {
    kinds: all,
    said: /^setpriv: failed to execute|spawn (ffmpeg|setpriv) ENOENT/,
    tell: (_, line) => failed(`ffmpeg cannot be started (${line})`, 'Install ffmpeg again: sudo apt-get install ffmpeg.'),
  },
  {
    kinds: ['device'],
    said: /Permission denied/,
    code: 243,
    tell: ({ label, access }) => ({
      condition: 'permission-denied',
      cause: `EACCES on ${label}${access ? `: ${access}` : ''}`,
      advice:
        'Give HomeGuard the group of the device: sudo usermod -aG video {user} and log in again, or group_add with its number in compose.yaml.',
    }),
  },
  {
    kinds: ['device'],
    said: /Device or resource busy/,
    code: 240,
    tell: ({ label }) => ({
      condition: 'device-busy',
      cause: `EBUSY on ${label}: another program uses the camera`,
      advice: 'Close the other program that shows the camera; the picture then comes by itself.',
    }),
  },
  {
    kinds: ['device'],
    said: /No space left on device/,
    code: 228,
    tell: ({ label }) => ({
      condition: 'no-usb-bandwidth',
      cause: `ENOSPC on ${label}: the USB bus has no room left for its pictures`,
      advice: 'Plug the cameras into different USB ports, not one hub, or lower CAMERA_SIZE or CAMERA_FPS.',
    }),
  },
  {
    kinds: ['device'],
    said: /No such device|No such file or directory/,
    code: 254,
    tell: ({ label }) => noDevice(`${label} is not there any more`),
  },
  {
    kinds: ['device'],
    said: /Inappropriate ioctl for device|Not a video capture device/,
    code: 231,
    tell: ({ label }) => ({
      condition: 'bad-format',
      cause: `${label} gives no pictures; it may be a camera's second node, for metadata`,
      advice: 'Name the other device of the camera in CAMERA_SOURCE, often the number before it, or leave it at "device".',
    }),
  },
  {
    kinds: ['device'],
    said: /Cannot find a proper format/,
    tell: ({ label }, line) => ({
      condition: 'bad-format',
      cause: `${label} offers no format that can be read (${line})`,
      advice: 'Try another CAMERA_SIZE, such as 640x480.',
    }),
  },
  {
    kinds: ['url'],
    said: /\b40[13]\b|Unauthorized|Forbidden/,
    tell: ({ label }, line) =>
      failed(`${label} refuses us (${line})`, 'Put the right user and password into the address in CAMERA_SOURCE.'),
  },
  {
    kinds: ['url'],
    said: /\b404\b|Not Found/,
    tell: ({ label }, line) =>
      failed(`${label} is not known to its server (${line})`, 'Compare the path in CAMERA_SOURCE with the manual.'),
  },
  {
    kinds: ['url'],
    said: /Failed to resolve|Name or service not known|Temporary failure in name resolution/,
    tell: ({ label }, line) =>
      failed(`${label} has a name that nobody knows (${line})`, 'Check the name in CAMERA_SOURCE, or use the number.'),
  },
  {
    kinds: ['url'],
    said: /Connection refused|No route to host|Network is unreachable|timed out|Connection reset|Broken pipe/,
    tell: ({ label }, line) => failed(`${label} does not answer (${line})`, 'Check that the camera is switched on and on the network.'),
  },
  {
    kinds: ['file'],
    said: /No such file or directory|Permission denied|Is a directory/,
    tell: ({ label }, line) =>
      failed(`${label} cannot be read (${line})`, 'Name a video file that exists and can be read in CAMERA_SOURCE.'),
  },
  {
    kinds: ['file', 'url'],
    said: /Invalid data found|matches no streams|could not find codec parameters|Protocol .* not on whitelist/,
    tell: ({ label }, line) => ({
      condition: 'bad-format',
      cause: `${label} has no video that can be read (${line})`,
      advice: 'Name a source that other players show as a video.',
    }),
  },
];

/** Why a source ended or could not be opened. */
export function diagnose(failure: Failure): Diagnosis {
  const lines = failure.lines.map(bare).filter((line) => !HARMLESS.test(line));
  for (const { kinds, said, code, tell } of RULES) {
    if (!kinds.includes(failure.kind)) continue;
    const line = lines.findLast((each) => said.test(each));
    if (line !== undefined || (code !== undefined && failure.code === code)) return tell(failure, line ?? '');
  }
  const last = lines.at(-1);
  const how = failure.code === null ? 'ffmpeg was killed' : `ffmpeg ended with code ${failure.code}`;
  return failed(`${failure.label}: ${last ?? how}`, ADVICE[failure.kind]);
}

const ADVICE: Record<Failure['kind'], string> = {
  device: 'Unplug the camera and plug it in again; if it stays, try another cable or port.',
  file: 'Try the file in a player; if it plays there, convert it to MP4.',
  url: 'Open the address in a player such as VLC to see whether the camera sends pictures.',
  test: 'Install ffmpeg again: sudo apt-get install ffmpeg.',
};

export function noDevice(cause: string): Diagnosis {
  return { condition: 'no-device', cause, advice: 'Plug in the camera; the picture then comes by itself.' };
}

/** The source is open, but nothing comes. */
export function noFrames(kind: Failure['kind'], label: string, seconds: number): Diagnosis {
  return { condition: 'no-frames', cause: `${label} is open, but no picture has come for ${seconds} s`, advice: ADVICE[kind] };
}

/** Something comes, but no pictures. */
export function noPictures(kind: Failure['kind'], label: string, why: string): Diagnosis {
  return { condition: 'bad-format', cause: `${label} sends data, but no whole picture (${why})`, advice: ADVICE[kind] };
}

function failed(cause: string, advice: string): Diagnosis {
  return { condition: 'source-failed', cause, advice };
}

/** Without ffmpeg's `[video4linux2,v4l2 @ 0x5581…] `, whose digits may look like anything. */
function bare(line: string): string {
  return line.replace(/^(\[[^\]]*\] *)+/, '').trim();
}
