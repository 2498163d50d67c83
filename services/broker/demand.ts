/** Who wants which camera's frames, seen from the broker: the subscriptions to frame topics. Pure. */
import { CAMERA_ID, cameraTopics, filterMatches, MAX_CAMERAS, parseTopic } from '../shared/contract.ts';

/** More filters of one client that reach frame topics are not looked at. */
const MAX_FILTERS = 256;
/** A camera is known by what it publishes here. */
const OWN_TOPICS = new Set(['status', 'state', 'frame', 'preview']);

export class Demand {
  readonly #prefix: string;
  /** Client id -> its filters that reach a frame topic. */
  readonly #filters = new Map<string, string[]>();
  readonly #cameras = new Set<string>();
  /** Camera -> the count told last. */
  readonly #told = new Map<string, number>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Replaces what is known of a client; an empty list forgets it. */
  setFilters(clientId: string, filters: string[]): void {
    const reaching = filters.filter((filter) => this.#reachesFrames(filter)).slice(0, MAX_FILTERS);
    if (reaching.length > 0) this.#filters.set(clientId, reaching);
    else this.#filters.delete(clientId);
  }

  /** Takes note of a published topic; true when it shows a camera that was not known. */
  notice(topic: string): boolean {
    const parsed = parseTopic(this.#prefix, topic);
    if (!parsed || !OWN_TOPICS.has(parsed.rest) || this.#cameras.has(parsed.id) || this.#cameras.size >= MAX_CAMERAS) return false;
    this.#cameras.add(parsed.id);
    return true;
  }

  /** The counts that changed since the last call: camera -> how many clients want its frames. */
  changes(): Map<string, number> {
    const changes = new Map<string, number>();
    for (const id of this.#wantedCameras()) {
      const count = this.#count(id);
      if (this.#told.get(id) !== count) changes.set(id, count);
    }
    for (const [id, count] of changes) {
      if (count === 0 && !this.#cameras.has(id)) this.#told.delete(id);
      else this.#told.set(id, count);
    }
    return changes;
  }

  /** Known cameras, those told about, and those that are asked for by name before they exist. */
  #wantedCameras(): Set<string> {
    const ids = new Set([...this.#cameras, ...this.#told.keys()]);
    for (const filters of this.#filters.values()) {
      for (const filter of filters) {
        const id = parseTopic(this.#prefix, filter)?.id;
        if (id && ids.size < 2 * MAX_CAMERAS) ids.add(id);
      }
    }
    return ids;
  }

  #count(id: string): number {
    const topic = cameraTopics(this.#prefix, id).frame;
    let count = 0;
    for (const filters of this.#filters.values()) if (filters.some((filter) => filterMatches(filter, topic))) count++;
    return count;
  }

  /** By name (`homeguard/front/frame`), or by wildcards that would reach any camera. */
  #reachesFrames(filter: string): boolean {
    const level = filter.split('/')[this.#prefix.split('/').length] ?? '';
    return filterMatches(filter, cameraTopics(this.#prefix, CAMERA_ID.test(level) ? level : 'any').frame);
  }
}
