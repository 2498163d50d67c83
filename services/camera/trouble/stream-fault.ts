/** What ffmpeg says of files and network cameras -> what is wrong with them. Pure. */
import type { Diagnosis, Failure } from './diagnosis.ts';

interface Fault {
  kinds: Failure['kind'][];
  said: RegExp;
  /** What the source does or is. */
  what: string;
  advice: string;
  /** `source-failed` unless given. */
  condition?: Diagnosis['condition'];
}

/** The first that fits is it. */
const FAULTS: Fault[] = [
  {
    kinds: ['url'],
    said: /\b40[13]\b|Unauthorized|Forbidden/,
    what: 'refuses us',
    advice: 'Put the right user and password into the address in CAMERA_SOURCE.',
  },
  {
    kinds: ['url'],
    said: /\b404\b|Not Found/,
    what: 'is not known to its server',
    advice: 'Compare the path in CAMERA_SOURCE with the manual.',
  },
  {
    kinds: ['url'],
    said: /Failed to resolve|Name or service not known|Temporary failure in name resolution/,
    what: 'has a name that nobody knows',
    advice: 'Check the name in CAMERA_SOURCE, or use the number.',
  },
  {
    kinds: ['url'],
    said: /Connection refused|No route to host|Network is unreachable|timed out|Connection reset|Broken pipe/,
    what: 'does not answer',
    advice: 'Check that the camera is switched on and on the network.',
  },
  {
    kinds: ['file'],
    said: /No such file or directory|Permission denied|Is a directory/,
    what: 'cannot be read',
    advice: 'Name a video file that exists and can be read in CAMERA_SOURCE.',
  },
  {
    kinds: ['file', 'url'],
    said: /Invalid data found|matches no streams|could not find codec parameters|(Protocol|Format) .*not on whitelist/,
    what: 'has no video that can be read',
    advice: 'Name a source that other players show as a video.',
    condition: 'bad-format',
  },
];

/** @param lines of ffmpeg, oldest first; null when they tell of no such fault */
export function streamFault(kind: Failure['kind'], label: string, lines: string[]): Diagnosis | null {
  for (const { kinds, said, what, advice, condition = 'source-failed' } of FAULTS) {
    const line = kinds.includes(kind) ? lines.findLast((each) => said.test(each)) : undefined;
    if (line !== undefined) return { condition, cause: `${label} ${what} (${line})`, advice };
  }
  return null;
}
