import type { Camera } from './camera.ts';
import type { Link } from './stream.ts';
import { titleOf } from './titles.ts';
import { ago, duration, moment, sentence } from './words.ts';

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
  } | null;
  fps: number | null;
  /** The server's time; null while that is not known. */
  now: number | null;
  /** Until the next attempt to connect. */
  retryIn: number;
}

/** `live` and `late` move; `stale` does not any more; `unmeasured` tells nothing of its age, as the fallback, or slow pictures without stamps. */
export type Kind = 'connecting' | 'waiting' | 'live' | 'late' | 'stale' | 'unmeasured' | 'dark' | 'lost';

/** What the page says. */
export interface Status {
  kind: Kind;
  label: string;
  /** Over a picture that is not live any more. */
  note: { title: string; detail: string } | null;
  /** In place of a picture. */
  panel: { title: string; advice: string; cause: string; since: string } | null;
}

/** A picture is said to be stale within 2 s; whoever looks does so every `LOOK_MS`. */
const STALE_MS = 1_750;
export const LOOK_MS = 200;
/** An older one, even if it moves, is not what happens now. */
const LATE_MS = 2_000;

/** Conditions that pass by themselves, and soon. */
const PASSING = ['live', 'idle', 'starting'];

/** Is there something to be mended before a picture can come? */
export function isDark(camera: Camera): boolean {
  return !PASSING.includes(camera.condition);
}

export function isLate(age: number | null): boolean {
  return age !== null && age > LATE_MS;
}

export function statusOf(sight: Sight): Status {
  const { camera, link, picture } = sight;
  if (!camera) return withoutCamera(sight);
  if (sight.fallback) return inFallback(sight, camera);
  const moves = picture !== null && picture.quiet < staleAfter(camera);
  if (link.state !== 'open') return withoutLink(sight, moves);
  if (picture && moves) return moving(picture, staleAfter(camera));
  if (isDark(camera)) return say('dark', titleOf(camera.condition), { panel: darkPanel(camera, sight.now) });
  if (picture) return say('stale', 'Not live', { note: { title: ageOf(picture), detail: 'Waiting for the next picture' } });
  return say('waiting', 'Waiting', { panel: calmPanel(titleOf(camera.condition)) });
}

/** Of pictures that do not tell when they were taken all that is known is that the next one comes in time; of seldom ones that is little. */
function moving({ age }: NonNullable<Sight['picture']>, patience: number): Status {
  if (age === null && isLate(patience)) return say('unmeasured', 'Age unknown');
  return isLate(age) ? say('late', 'Delayed') : say('live', 'Live');
}

/** A camera that is meant to be slower than that is not stale after 2 s. */
function staleAfter(camera: Camera): number {
  const fps = camera.format?.fps ?? 0;
  return Math.max(STALE_MS, fps > 0 ? 2_500 / fps : 0);
}

function say(kind: Kind, label: string, { note = null, panel = null }: Partial<Status> = {}): Status {
  return { kind, label, note, panel };
}

function withoutCamera({ reachable, link }: Sight): Status {
  if (!reachable)
    return say('lost', 'No connection', { panel: calmPanel('No connection', 'HomeGuard does not answer. Trying again until it does.') });
  if (link.state === 'connecting') return say('connecting', 'Connecting', { panel: calmPanel('Connecting…') });
  return say('waiting', 'No camera', { panel: calmPanel('No camera yet', 'As soon as a camera reports, its picture appears here.') });
}

function withoutLink({ link, picture, retryIn }: Sight, moves: boolean): Status {
  const again = link.state === 'waiting' ? `Trying again in ${Math.max(1, Math.ceil(retryIn / 1000))} s` : 'Connecting…';
  const why = link.state === 'waiting' ? link.reason || 'HomeGuard does not answer' : '';
  const label = link.state === 'waiting' ? 'Reconnecting' : 'Connecting';
  if (picture)
    return say('lost', label, { note: moves ? null : { title: ageOf(picture), detail: why ? `${sentence(why)} ${again}` : again } });
  if (why) return say('lost', label, { panel: calmPanel('No connection', `${sentence(why)} ${again}`) });
  return say('connecting', label, { panel: calmPanel('Connecting…') });
}

function inFallback({ reachable, now }: Sight, camera: Camera): Status {
  if (!reachable)
    return say('lost', 'No connection', { panel: calmPanel('No connection', 'HomeGuard does not answer. Trying again until it does.') });
  if (isDark(camera)) return say('dark', titleOf(camera.condition), { panel: darkPanel(camera, now) });
  return say('unmeasured', 'Age unknown');
}

function ageOf({ age, quiet }: NonNullable<Sight['picture']>): string {
  return age === null ? `No new picture for ${duration(quiet)}` : `This picture is ${duration(age)} old`;
}

function darkPanel({ condition, advice, cause, since }: Camera, now: number | null): Status['panel'] {
  const began = Date.parse(since ?? '');
  const told = now === null || Number.isNaN(began) ? '' : `Since ${moment(began, now)}, ${ago(now - began)}`;
  return { title: titleOf(condition), advice: advice ?? '', cause: cause ?? '', since: told };
}

function calmPanel(title: string, advice = ''): Status['panel'] {
  return { title, advice, cause: '', since: '' };
}
