/** What the gateway knows of one camera, from its status, state and telemetry. Pure. */
import { type CameraState, CONDITIONS, type Condition } from '../shared/contract.ts';
import { type Knobs, parseSize } from '../shared/knob.ts';
import { checkKnobs } from './knobs.ts';

/** A camera's condition, or what only a gateway can see: its service is not there, or the bus is not. */
export type ShownCondition = Condition | 'offline' | 'bus-lost';

/** Why there is no picture, in the words of the placeholder. */
export interface Darkness {
  condition: ShownCondition;
  cause: string | null;
  advice: string | null;
  /** When it began, ISO 8601 in UTC, where the camera told. */
  since?: string;
}

/** No state is longer, in characters. */
const MAX_STATE = 256 << 10;
const KNOWN = new Set<string>(CONDITIONS);
/** In these conditions frames are to be expected. */
const SHOWING = new Set<ShownCondition>(['live', 'idle', 'starting']);
export const OFFLINE: Darkness = {
  condition: 'offline',
  cause: 'The camera service is not connected to the message bus.',
  advice: 'Start the camera service, or look at its log to see why it ended.',
};
/** Sides of a picture that are believed, in pixels. */
const isSide = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 16 && Number(value) <= 16_384;
/** The usual rate, and the highest that is believed, in frames a second. */
const USUAL_FPS = 30;
const MAX_FPS = 1_000;
const textOf = (value: unknown) => (typeof value === 'string' ? value : null);

export class Camera {
  readonly id: string;
  #online = false;
  #state: CameraState | null = null;
  #size: { width: number; height: number } | null = null;

  constructor(id: string) {
    this.id = id;
  }

  get name(): string {
    return textOf(this.#state?.name) || textOf(this.#state?.device?.name) || this.id;
  }

  get online(): boolean {
    return this.#online;
  }

  set online(online: boolean) {
    this.#online = online;
  }

  /** Takes a `state` payload; returns false, and keeps the last one, when it is none. */
  setState(json: string): boolean {
    const state = parseState(json);
    if (state) {
      this.#state = state;
      this.#size = sizeOf(state) ?? this.#size;
    }
    return state !== null;
  }

  /** Of its pictures, or while there are none of those it had, or will have; in pixels. */
  get size(): { width: number; height: number } | null {
    return this.#size;
  }

  /** What can be set on it; undefined when it tells of nothing, as a camera that only sends pictures. */
  get knobs(): Knobs | undefined {
    return this.#state?.settings;
  }

  /** Whether we encode its pictures; null while that is not known. */
  get isEncoded(): boolean | null {
    const encoded: unknown = this.#state?.format?.encoded;
    return typeof encoded === 'boolean' ? encoded : null;
  }

  /** Switched off for privacy, whether or not its service is there to tell: no picture from before may be shown. */
  get isOff(): boolean {
    return this.#state?.condition === 'off';
  }

  /** The rate that the camera promises, in frames a second. */
  get promisedFps(): number {
    const fps: unknown = this.#state?.format?.fps;
    return typeof fps === 'number' && fps > 0 && fps <= MAX_FPS ? fps : USUAL_FPS;
  }

  /** Why no frame is to be expected; null while one is. */
  get darkness(): Darkness | null {
    if (!this.#online) return OFFLINE;
    if (!this.#state || SHOWING.has(this.#state.condition)) return null;
    const { condition, cause, advice, since } = this.#state;
    return { condition, cause, advice, since };
  }

  /** The camera as `GET /cameras/{id}` shows it, but for what its channel adds. */
  view(busTrouble: string | null) {
    const dark = busTrouble ? busLost(busTrouble) : this.#online ? null : OFFLINE;
    const {
      condition = 'starting',
      cause = null,
      advice = null,
      since = null,
      device = null,
      format = null,
      test = false,
      settings = {},
    } = this.#state ?? {};
    return {
      id: this.id,
      name: this.name,
      online: this.#online && !busTrouble,
      ...(dark ?? { condition, cause, advice }),
      since,
      test,
      device,
      format,
      size: this.size,
      settings,
    };
  }
}

function sizeOf({ format, settings }: CameraState): { width: number; height: number } | null {
  if (format && isSide(format.width) && isSide(format.height)) return { width: format.width, height: format.height };
  const wanted = settings?.resolution;
  return wanted?.type === 'select' ? parseSize(wanted.value) : null;
}

/** The darkness of a gateway that has lost its bus. */
export function busLost(trouble: string): Darkness {
  return { condition: 'bus-lost', cause: trouble, advice: 'It is tried again every second; start the broker if it is not running.' };
}

function parseState(json: string): CameraState | null {
  if (json.length > MAX_STATE) return null;
  try {
    const state: unknown = JSON.parse(json);
    if (typeof state !== 'object' || state === null || !('condition' in state) || typeof state.condition !== 'string') return null;
    if (!KNOWN.has(state.condition)) return null;
    const { cause, advice, since, settings } = state as Partial<Record<keyof CameraState, unknown>>;
    const texts = { cause: textOf(cause), advice: textOf(advice), since: textOf(since) ?? '' };
    return { ...(state as CameraState), ...texts, settings: checkKnobs(settings) };
  } catch {
    // Anyone may publish anything on the bus; what is no state is told by the caller.
    return null;
  }
}
