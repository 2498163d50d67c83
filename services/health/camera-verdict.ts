/** What the bus keeps of a camera -> is it well? Pure: the clock is handed in. */
import { readStamp } from '../shared/contract.ts';
import { unwell, type Verdict, well } from './verdict.ts';

/** A preview that is older is none, in ms; MQTT 5 brokers then forget it, others do not. */
const PREVIEW_LASTS_MS = 10_000;
/** Nothing takes longer to begin, in ms: a network camera that gives no frame is told as silent after 15 s. */
const STARTING_MS = 60_000;

/** What has come of it so far, as it came. */
export interface CameraSigns {
  status?: string;
  state?: string;
  preview?: { jpeg: Buffer; retain: boolean };
}

interface State {
  condition: string;
  cause: string | null;
  advice: string | null;
  since: string | null;
}

/**
 * @param previewFps `CAMERA_PREVIEW_FPS`; where it is 0 no pictures are to be expected
 * @param isFinal nothing more will come; else null means that it cannot be told yet
 */
export function judgeCamera(
  id: string,
  { status, state: json, preview }: CameraSigns,
  previewFps: number,
  { now, isFinal }: { now: number; isFinal: boolean },
): Verdict | null {
  if (status !== undefined && status !== 'online')
    return unwell(`The service of camera "${id}" is not on the bus: its log says why; start it again if it has ended.`);
  if (status === undefined)
    return isFinal ? unwell(`The bus knows no camera "${id}": its service has not begun, or CAMERA_ID is not the one it runs with.`) : null;
  if (preview && isFresh(preview, now)) return well(`Camera "${id}" publishes pictures.`);
  const state = json === undefined ? null : parseState(json);
  if (!state) return isFinal ? unwell(`The service of camera "${id}" is there, but says nothing of its state: start it again.`) : null;
  return judgeState(id, state, previewFps, { now, isFinal });
}

function judgeState(
  id: string,
  { condition, cause, advice, since }: State,
  previewFps: number,
  { now, isFinal }: { now: number; isFinal: boolean },
): Verdict | null {
  switch (condition) {
    case 'starting':
      if (now - Date.parse(since ?? '') <= STARTING_MS) return well(`Camera "${id}" is starting.`);
      return isFinal ? unwell(`Camera "${id}" has been starting for more than ${STARTING_MS / 1000} s: start its service again.`) : null;
    case 'live':
    case 'idle':
      if (previewFps === 0) return well(`Camera "${id}" is ${condition}; it publishes no preview, since CAMERA_PREVIEW_FPS is 0.`);
      return isFinal
        ? unwell(
            `Camera "${id}" says that it is ${condition}, but has published no picture for ${PREVIEW_LASTS_MS / 1000} s: start its service again.`,
          )
        : null;
    default:
      return well([`Camera "${id}" is well, but has no picture (${condition})`, cause, advice].filter(Boolean).join(': '));
  }
}

function isFresh({ jpeg, retain }: { jpeg: Buffer; retain: boolean }, now: number): boolean {
  const stamp = readStamp(jpeg);
  return !retain || !stamp || now - stamp.t / 1000 <= PREVIEW_LASTS_MS;
}

function parseState(json: string): State | null {
  try {
    const state: unknown = JSON.parse(json);
    if (typeof state !== 'object' || state === null || !('condition' in state) || typeof state.condition !== 'string') return null;
    const { cause, advice, since } = state as Record<string, unknown>;
    const text = (value: unknown) => (typeof value === 'string' ? value : null);
    return { condition: state.condition, cause: text(cause), advice: text(advice), since: text(since) };
  } catch {
    // Somebody else's payload: as if there were none.
    return null;
  }
}
