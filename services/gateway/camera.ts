/** What the gateway knows of one camera, from its status, state and telemetry. Pure. */
import { type CameraState, CONDITIONS } from '../shared/contract.ts';
import { type Knobs, parseSize } from '../shared/knob.ts';
import { busLost, type Darkness, LIVE, OFFLINE, type ShownCondition } from './darkness.ts';
import { checkKnobs } from './knobs.ts';
import type { Sighting } from './sighting.ts';

/** No state is longer, in characters. */
const MAX_STATE = 256 << 10;
const KNOWN = new Set<string>(CONDITIONS);
/** In these conditions frames are to be expected. */
const SHOWING = new Set<ShownCondition>(['live', 'idle', 'starting']);
/** Sides of a picture that are believed, in pixels. */
const isSide = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 16 && Number(value) <= 16_384;
/** The usual rate, and the highest that is believed, in frames a second. */
const USUAL_FPS = 30;
const MAX_FPS = 1_000;
const textOf = (value: unknown) => (typeof value === 'string' ? value : null);

/** A camera as `GET /cameras/{id}` shows it, but for what its channel adds. */
export interface CameraView extends Omit<CameraState, 'condition' | 'since'> {
  id: string;
  name: string;
  test: boolean;
  settings: Knobs;
  online: boolean;
  condition: ShownCondition;
  since: string | null;
  size: { width: number; height: number } | null;
  small: { width: number; height: number } | null;
}

export class Camera {
  readonly id: string;
  /** Set while its pictures are all that tells of it, but for a status perhaps: it never told a state. */
  sighting: Sighting | null = null;
  #online = false;
  #hasStatus = false;
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

  /** Whether neither a status nor a state of it is on the bus. */
  get isUntold(): boolean {
    return !this.#hasStatus && this.#state === null;
  }

  /** Whether there is a `status` of it on the bus, as there is of a camera service that has ended, too. */
  get hasStatus(): boolean {
    return this.#hasStatus;
  }

  get hasState(): boolean {
    return this.#state !== null;
  }

  /** Whether its pictures are what tells how it is: it has no state, nor a status that says it has gone. */
  get isSighted(): boolean {
    return this.sighting !== null && (this.#online || !this.#hasStatus);
  }

  /** Takes a `status` payload; an empty one says that there is none any more. */
  setStatus(text: string): void {
    this.#hasStatus = text !== '';
    this.online = text === 'online';
  }

  /** Takes a `state` payload, an empty one as `setStatus` does; returns false, and keeps the last one, when it is none. */
  setState(json: string): boolean {
    if (json === '') {
      this.#state = null;
      return true;
    }
    const state = parseState(json);
    if (state) {
      this.sighting = null;
      this.#state = state;
      this.#size = sizeOf(state) ?? this.#size;
    }
    return state !== null;
  }

  /** Of its pictures, or while there are none of those it had, or will have; in pixels. */
  get size(): { width: number; height: number } | null {
    return this.sighting?.size ?? this.#size;
  }

  /** Of the small frames that it makes for those who want them; null: it makes none. */
  get small(): { width: number; height: number } | null {
    const small = this.#online && !this.isOff ? this.#state?.small : null;
    return small && isSide(small.width) && isSide(small.height) ? { width: small.width, height: small.height } : null;
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

  /** The rate that the camera promises, or that was measured of one that promises nothing, in frames a second. */
  get promisedFps(): number {
    if (this.sighting) return this.sighting.fps || USUAL_FPS;
    const fps: unknown = this.#state?.format?.fps;
    return typeof fps === 'number' && fps > 0 && fps <= MAX_FPS ? fps : USUAL_FPS;
  }

  /** Why no frame is to be expected; null while one is. */
  get darkness(): Darkness | null {
    if (this.sighting && this.isSighted) return this.sighting.silence;
    if (!this.#online) return OFFLINE;
    if (!this.#state || SHOWING.has(this.#state.condition)) return null;
    const { condition, cause, advice, since } = this.#state;
    return { condition, cause, advice, since };
  }

  /** The camera as `GET /cameras/{id}` shows it, but for what its channel adds. */
  view(busTrouble: string | null): CameraView {
    if (this.sighting && this.isSighted) return this.#sightingView(this.sighting, busTrouble);
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
      small: this.small,
      settings,
    };
  }

  /** It publishes at full rate whether or not anybody watches, so while pictures come it is live. */
  #sightingView({ since, size, fps, silence }: Sighting, busTrouble: string | null): CameraView {
    const { condition, cause, advice } = busTrouble ? busLost(busTrouble) : (silence ?? LIVE);
    return {
      ...{ id: this.id, name: this.id, online: condition === 'live', condition, cause, advice, since, test: false, device: null },
      format: size && fps > 0 ? { pixel: 'JPEG', ...size, fps, encoded: false } : null,
      ...{ size, small: null, settings: {} },
    };
  }
}

function sizeOf({ format, settings }: CameraState): { width: number; height: number } | null {
  if (format && isSide(format.width) && isSide(format.height)) return { width: format.width, height: format.height };
  const wanted = settings?.resolution;
  return wanted?.type === 'select' ? parseSize(wanted.value) : null;
}

/** Whether a payload is a state, of whatever camera. */
export function isState(json: string): boolean {
  return parseState(json) !== null;
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
