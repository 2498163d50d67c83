/** The list of all cameras that programs on the bus find at `{prefix}/cameras`, as `bridge/devices` of zigbee2mqtt. Pure. */
import { cameraTopics } from '../shared/contract.ts';
import { BUTTONS } from '../shared/knob.ts';
import type { Camera } from './camera.ts';
import { namesOf } from './knobs.ts';

/** Changes that come together are told together, once in this time, in ms. */
export const LIST_MS = 1_000;

/**
 * Announces the list when it has changed, and only then. Each gateway tells its own changes and takes none from the bus: two of them tell
 * the same, and where they differ for a moment the last change stands, and nobody answers it.
 */
export class CamerasList {
  readonly #prefix: string;
  readonly #announce: (list: string) => void;
  #told = '';
  /** When it is to be looked at; null while nothing may have changed. */
  #due: number | null = null;

  constructor(prefix: string, announce: (list: string) => void) {
    this.#prefix = prefix;
    this.#announce = announce;
  }

  /** Something may have changed at `now` (ms, monotonic). */
  changed(now: number): void {
    this.#due ??= now + LIST_MS;
  }

  /** To be called a few times a second while the bus is there and its cameras have shown themselves. */
  tick(now: number, cameras: () => Camera[]): void {
    if (this.#due === null || now < this.#due) return;
    this.#due = null;
    const list = JSON.stringify(cameras().map((camera) => entryOf(this.#prefix, camera)));
    if (list === this.#told) return;
    this.#told = list;
    this.#announce(list);
  }
}

/** No rate and no count is in it, which would change all the time, nor what only this gateway sees. */
function entryOf(prefix: string, camera: Camera) {
  const { id, name, online, condition, size } = camera.view(null);
  return { id, name, online, condition, size, topics: topicsOf(prefix, camera), settings: settingsOf(prefix, camera) };
}

/** Those that exist of it: one that only sends pictures has no others. */
function topicsOf(prefix: string, camera: Camera): Record<string, string> {
  const { frame, preview, snapshot, status, state, telemetry, answer } = cameraTopics(prefix, camera.id);
  if (camera.sighting) return { frame, ...(camera.hasStatus && { status }) };
  return { frame, preview, snapshot, status, state, telemetry, answer };
}

/** Where each setting's value is told, and where another one is wished for; a button has no value. */
function settingsOf(prefix: string, { id, knobs }: Camera) {
  if (!knobs) return {};
  const topics = cameraTopics(prefix, id);
  const entries = namesOf(knobs).map((name) => {
    const knob = knobs[name];
    const isButton = knob ? knob.type === 'button' : BUTTONS.some((button) => button === name);
    const isSettable = !(knob && 'readOnly' in knob && knob.readOnly);
    return [name, { ...(!isButton && { topic: topics.setting(name) }), ...(isSettable && { set: topics.set(name) }) }] as const;
  });
  return Object.fromEntries(entries);
}
