import type { Camera } from './camera.ts';
import type { Link } from './feed/stream.ts';
import { isDark, isLate } from './liveness.ts';
import { adviceOf, en, titleOf, tryingOf, type Words } from './words/en.ts';
import { ago, duration, moment, sentence } from './words/times.ts';

/** All that is known at one moment. Times in ms; `now` and what follows from it is the server's time. */
export interface Sight {
  camera: Camera | null;
  /** False when the last question for the list of cameras was not answered. */
  reachable: boolean;
  link: Link;
  /** The MJPEG stream stands in for the WebSocket. */
  fallback: boolean;
  /** The picture on the screen, null when there is none. */
  picture: {
    width: number;
    height: number;
    /** Since it was drawn. */
    quiet: number;
    /** Since it was taken; null when it does not tell. */
    age: number | null;
    /** It stands still since somebody wants it to. */
    frozen?: boolean;
  } | null;
  fps: number | null;
  /** The server's time; null while that is not known. */
  now: number | null;
  /** Until the next attempt to connect. */
  retryIn: number;
}

/** `live` and `late` move; `stale` does not any more; `unmeasured` tells nothing of its age, as the fallback, or slow pictures without stamps. */
export type Kind = 'frozen' | 'connecting' | 'waiting' | 'live' | 'late' | 'stale' | 'unmeasured' | 'dark' | 'lost';

/** What the page says. */
export interface Status {
  kind: Kind;
  label: string;
  /** Over a picture that is not live any more. */
  note: { title: string; detail: string } | null;
  /** In place of a picture; `said` is what the camera service advises, where `advice` says it in another language. */
  panel: { title: string; advice: string; said: string; cause: string; since: string; trying: string } | null;
}

/** A picture is said to be stale within 2 s; whoever looks does so every `LOOK_MS`. */
const STALE_MS = 1_500;

export function statusOf(sight: Sight, words: Words = en): Status {
  const { camera, link, picture } = sight;
  if (!camera) return withoutCamera(sight, words);
  if (sight.fallback) return inFallback(sight, camera, words);
  if (picture?.frozen) return say('frozen', words.frozen);
  const moves = picture !== null && picture.quiet < staleAfter(camera);
  if (link.state !== 'open') return withoutLink(sight, moves, words);
  if (picture && moves) return moving(picture, staleAfter(camera), words);
  if (isDark(camera)) return inDarkness(camera, sight.now, words);
  if (picture) return say('stale', words.notLive, { note: { title: ageOf(picture, words), detail: words.waitingForNext } });
  return say('waiting', words.waiting, { panel: calmPanel(titleOf(camera.condition, words)) });
}

/** Of pictures that do not tell when they were taken all that is known is that the next one comes in time; of seldom ones that is little. */
function moving({ age }: NonNullable<Sight['picture']>, patience: number, words: Words): Status {
  if (age === null && isLate(patience)) return say('unmeasured', words.ageUnknown);
  return isLate(age) ? say('late', words.delayed) : say('live', words.live);
}

/** A camera that is meant to be slower than that is not stale after 2 s. */
function staleAfter(camera: Camera): number {
  const fps = camera.format?.fps ?? 0;
  return Math.max(STALE_MS, fps > 0 ? 2_500 / fps : 0);
}

function say(kind: Kind, label: string, { note = null, panel = null }: Partial<Status> = {}): Status {
  return { kind, label, note, panel };
}

function withoutCamera({ reachable, link }: Sight, words: Words): Status {
  if (!reachable) return say('lost', words.noConnection, { panel: calmPanel(words.noConnection, words.tryingUntil) });
  if (link.state === 'connecting') return say('connecting', words.connecting, { panel: calmPanel(words.connectingNow) });
  return say('waiting', words.noCamera, { panel: calmPanel(words.noCameraYet, words.cameraWillCome) });
}

function withoutLink({ link, picture, retryIn }: Sight, moves: boolean, words: Words): Status {
  const again = link.state === 'waiting' ? words.againIn(Math.max(1, Math.ceil(retryIn / 1000))) : words.connectingNow;
  const why = link.state === 'waiting' ? link.reason || words.noAnswer : '';
  const label = link.state === 'waiting' ? words.reconnecting : words.connecting;
  const detail = why ? `${sentence(why)} ${again}` : again;
  if (picture) return say('lost', label, { note: moves ? null : { title: ageOf(picture, words), detail } });
  if (why) return say('lost', label, { panel: calmPanel(words.noConnection, detail) });
  return say('connecting', label, { panel: calmPanel(words.connectingNow) });
}

function inFallback({ reachable, now }: Sight, camera: Camera, words: Words): Status {
  if (!reachable) return say('lost', words.noConnection, { panel: calmPanel(words.noConnection, words.tryingUntil) });
  if (isDark(camera)) return inDarkness(camera, now, words);
  return say('unmeasured', words.ageUnknown);
}

function ageOf({ age, quiet }: NonNullable<Sight['picture']>, words: Words): string {
  return age === null ? words.noNewPicture(duration(quiet, words)) : words.pictureIsOld(duration(age, words));
}

function inDarkness({ condition, advice, cause, since }: Camera, now: number | null, words: Words): Status {
  const began = Date.parse(since ?? '');
  const told = now === null || Number.isNaN(began) ? '' : words.since(moment(began, now), ago(now - began, words));
  const title = titleOf(condition, words);
  const trying = tryingOf(condition, words);
  const said = advice ?? '';
  const own = adviceOf(condition, words);
  return say('dark', title, { panel: { title, advice: own || said, said: own && said, cause: cause ?? '', since: told, trying } });
}

function calmPanel(title: string, advice = ''): Status['panel'] {
  return { title, advice, said: '', cause: '', since: '', trying: '' };
}
