/** What the page says, in English. The other languages have the same words, which the compiler checks. */
import { TITLES } from '../titles.ts';

/** The conditions' names, and those of what is done about them. */
type ByCondition = Record<keyof typeof TITLES, string>;

export const en = {
  language: 'English',
  decimal: '.',
  days: (n: number) => `${n} days`,
  justNow: 'just now',
  ago: (time: string) => `${time} ago`,
  since: (moment: string, ago: string) => `Since ${moment}, ${ago}`,

  titles: TITLES as ByCondition,
  noPicture: 'No picture',
  trying: {
    starting: '',
    live: '',
    idle: '',
    off: 'Nothing is recorded or sent until you switch it on again.',
    'no-device': 'HomeGuard keeps looking and takes the camera as soon as it is plugged in.',
    'permission-denied': 'HomeGuard tries again by itself, at most every 30 s.',
    'device-busy': 'HomeGuard takes the camera as soon as the other program lets go of it.',
    'no-frames': 'HomeGuard opens the camera again by itself, at most every 30 s.',
    'bad-format': 'HomeGuard tries again by itself, at most every 30 s.',
    'no-usb-bandwidth': 'HomeGuard tries again by itself, at most every 30 s.',
    'source-failed': 'HomeGuard tries again by itself, at most every 30 s.',
    offline: 'The picture comes back by itself once the service runs.',
    'bus-lost': 'HomeGuard keeps connecting until the bus is back.',
  } as ByCondition,
  /** In place of what the camera service advises, which speaks English; empty: its own words do. */
  advice: {} as Partial<ByCondition>,

  live: 'Live',
  delayed: 'Delayed',
  notLive: 'Not live',
  ageUnknown: 'Age unknown',
  frozen: 'Frozen',
  waiting: 'Waiting',
  connecting: 'Connecting',
  connectingNow: 'Connecting…',
  reconnecting: 'Reconnecting',
  noConnection: 'No connection',
  noCamera: 'No camera',
  noCameraYet: 'No camera yet',
  cameraWillCome: 'As soon as a camera reports, its picture appears here.',
  noAnswer: 'HomeGuard does not answer',
  tryingUntil: 'HomeGuard does not answer. Trying again until it does.',
  againIn: (seconds: number) => `Trying again in ${seconds} s`,
  waitingForNext: 'Waiting for the next picture',
  pictureIsOld: (age: string) => `This picture is ${age} old`,
  noNewPicture: (time: string) => `No new picture for ${time}`,

  camera: 'Camera',
  allCameras: 'All cameras',
  cameras: (n: number) => (n === 1 ? '1 camera' : `${n} cameras`),
  dark: (n: number) => `${n} without a picture`,
  withoutPicture: (name: string) => `${name} (no picture)`,
  liveView: (name: string) => `Live view of ${name}`,

  figures: 'Figures',
  age: 'Age',
  rate: 'Rate',
  bitrate: 'Bitrate',
  dropped: 'Dropped',
  droppedHint: 'Pictures of the last minute that did not arrive here',
  size: 'Size',
  viewers: 'Viewers',
  fps: (value: string) => `${value} fps`,
  plot: 'Pictures a second in the last minute',
  lastMinute: 'Last minute',

  snapshot: 'Snapshot',
  snapshotHint: 'Save a picture (s)',
  saved: (name: string) => `Saved ${name}`,
  noSnapshot: (why: string) => `No snapshot: ${why}`,
  freeze: 'Freeze',
  freezeHint: 'Hold this picture (space)',
  pip: 'Pop out',
  pipHint: 'Picture in picture: a small window above all others (p)',
  noPip: 'This browser cannot show the picture in a window of its own',
  full: 'Full screen',
  fullHint: 'Full screen (f)',
  zoomOut: (factor: string) => `${factor} ×, show all`,
  controls: 'Controls',
  controlsHint: 'Set the camera (c)',
  connect: 'Connect',
  connectHint: 'Addresses for other programs',
  logOut: 'Log out',
  close: 'Close',
  more: 'Menu',
  changeLanguage: 'Deutsch',

  testPicture: 'Test picture',
  noRealCamera: 'This is not a camera.',
  slowPictures: 'Slow pictures',
  slowLine: 'Slow line.',
  slowLineText: 'The picture is smaller, so that it comes in time.',
  simpleStream: 'Simple stream',
  simpleStreamText:
    'Something between here and HomeGuard does not let WebSockets pass. The picture moves, but how old it is cannot be told.',

  seen: 'What was seen',
  says: 'What the camera service advises',
  tries: 'What happens now',
  copy: 'Copy',
  copied: 'Copied',

  noControls: 'This camera offers nothing that could be set.',
  picture: 'Picture',
  image: 'Image',
  service: 'Service',
  reset: 'Back to default',
  isDefault: 'Default',
  readOnly: 'Can only be read',
  inactive: 'Has no effect now',
  watchOnly: 'You may watch, not change.',
  refused: (why: string) => `Not changed: ${why}`,
  setting: {
    capture: 'Camera on',
    resolution: 'Resolution',
    fps: 'Pictures a second',
    quality: 'JPEG quality',
    restart: 'Open the camera anew',
    reset: 'Take everything back that was set',
  } as Record<string, string>,
  switchOn: 'Switch it on',
  captureHint: 'Off closes the camera for everybody, and its light goes out.',

  // Users, tokens, and what is loaded when it is opened.
  access: 'Access',
  accessHint: 'Users and tokens',
  reload: 'This part could not be loaded. Load the page anew.',

  // The doctor.
  doctor: 'What the doctor finds',
  askDoctor: 'Ask the doctor',
  askAgain: 'Ask again',
  whoMayAskDoctor: 'Whoever may control this camera can ask the doctor what is wrong.',
  doctorLooks:
    'The doctor is looking at the camera’s machine: programs, devices and who may open them, USB, message bus. This takes a few seconds.',
  doctorWrong: 'This keeps the picture away:',
  doctorHints: 'Nothing keeps the picture away; this is worth knowing:',
  doctorAllWell: 'All is well: the doctor found nothing wrong.',
  doctorWell: (n: number) => (n === 1 ? 'One thing is well' : `${n} things are well`),
  keepsAway: 'Keeps the picture away:',
  worthKnowing: 'Worth knowing:',
  isWell: 'Well:',
  noDoctor: 'The doctor could not look.',
  doctorByHand: 'Type this on the machine where the camera should run:',
  askedAt: (time: string) => `Asked at ${time}`,
  asUser: (name: string) => `as the user ${name}`,
};

export type Words = typeof en;

/** What a condition is called. */
export function titleOf(condition: string, words: Words): string {
  return byCondition(words.titles, condition) || words.noPicture;
}

/** What HomeGuard does about a condition; nothing where it does nothing. */
export function tryingOf(condition: string, words: Words): string {
  return byCondition(words.trying, condition);
}

/** What is to be done about a condition, where the page's language is not the camera service's; else nothing. */
export function adviceOf(condition: string, words: Words): string {
  return byCondition(words.advice, condition);
}

function byCondition(texts: Record<string, string>, condition: string): string {
  return Object.hasOwn(texts, condition) ? (texts[condition] ?? '') : '';
}
