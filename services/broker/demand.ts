/** Who wants which camera's frames, seen from the broker: the subscriptions to frame topics. Pure. */
import { CAMERA_ID, cameraTopics, filterMatches, MAX_CAMERAS, parseTopic } from '../shared/contract.ts';

/** More filters of one client that reach frame topics are not looked at. */
const MAX_FILTERS = 256;
/** A camera is known by what it publishes here: by what it tells of itself, or by pictures alone. */
const TOLD = new Set(['status', 'state']);
const PICTURES = new Set(['frame', 'preview']);
/** One that only sends pictures is forgotten after so long without any, in ms, and may lose its place to another one after this long. */
const FORGOTTEN_MS = 600_000;
const SILENT_MS = 60_000;

interface Wish {
  filters: string[];
  mayRead: (topic: string) => boolean;
}

interface Known {
  /** It tells of itself, so it is known until it takes that back. */
  isTold: boolean;
  /** It published something since the last sweep. */
  isHeard: boolean;
  /** When a sweep last found that it had, in ms, monotonic. */
  heardAt: number;
}

export class Demand {
  readonly #prefix: string;
  /** Client id -> its filters that reach a frame topic, and whether it may read such a topic. */
  readonly #wishes = new Map<string, Wish>();
  readonly #cameras = new Map<string, Known>();
  /** Camera -> the count told last. */
  readonly #told = new Map<string, number>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Replaces what is known of a client; an empty list forgets it.
   * @param mayRead what its filters match, and it may not read, it does not get
   */
  setFilters(clientId: string, filters: string[], mayRead: Wish['mayRead'] = () => true): void {
    const reaching = filters.filter((filter) => this.#reachesFrames(filter)).slice(0, MAX_FILTERS);
    if (reaching.length > 0) this.#wishes.set(clientId, { filters: reaching, mayRead });
    else this.#wishes.delete(clientId);
  }

  /**
   * Takes note of a published topic; true when the cameras that are known change by it.
   * @param isEmpty an empty `status` or `state` takes back what a camera told of itself
   */
  notice(topic: string, isEmpty = false): boolean {
    const parsed = parseTopic(this.#prefix, topic);
    if (!parsed) return false;
    const { id, rest } = parsed;
    const isTold = TOLD.has(rest);
    if (isEmpty) return isTold && this.#cameras.delete(id);
    if (!isTold && !PICTURES.has(rest)) return false;
    const known = this.#cameras.get(id);
    if (known) {
      known.isHeard = true;
      known.isTold ||= isTold;
      return false;
    }
    if (this.#cameras.size >= MAX_CAMERAS && !this.#makeRoom(isTold)) return false;
    this.#cameras.set(id, { isTold, isHeard: true, heardAt: Number.POSITIVE_INFINITY });
    return true;
  }

  /** Forgets cameras that only sent pictures, and send none any more; true when there were some. To be called about once a second. */
  sweep(now: number): boolean {
    let isChanged = false;
    for (const [id, known] of this.#cameras) {
      if (known.isHeard) known.heardAt = now;
      known.isHeard = false;
      if (!known.isTold && now - known.heardAt >= FORGOTTEN_MS) isChanged = this.#cameras.delete(id);
    }
    this.#sweptAt = now;
    return isChanged;
  }

  /** The counts that changed since the last call: camera -> how many clients want its frames; null: it is neither known nor wanted. */
  changes(): Map<string, number | null> {
    const changes = new Map<string, number | null>();
    for (const id of this.#wantedCameras()) {
      const count = this.#count(id);
      const told = this.#told.get(id);
      if (count === 0 && !this.#cameras.has(id)) {
        if (told !== undefined) changes.set(id, null);
      } else if (told !== count) changes.set(id, count);
    }
    for (const [id, count] of changes) {
      if (count === null) this.#told.delete(id);
      else this.#told.set(id, count);
    }
    return changes;
  }

  /** A camera that tells of itself takes the place of any that does not, another one only that of one that is silent. */
  #makeRoom(isTold: boolean): boolean {
    const [oldest] = [...this.#cameras]
      .filter(([, known]) => !known.isTold && (isTold || (!known.isHeard && this.#sweptAt - known.heardAt >= SILENT_MS)))
      .sort(([, one], [, other]) => Number(one.isHeard) - Number(other.isHeard) || one.heardAt - other.heardAt);
    return oldest !== undefined && this.#cameras.delete(oldest[0]);
  }

  /** Known cameras, those told about, and those that are asked for by name before they exist. */
  #wantedCameras(): Set<string> {
    const ids = new Set([...this.#cameras.keys(), ...this.#told.keys()]);
    for (const { filters } of this.#wishes.values()) {
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
    for (const { filters, mayRead } of this.#wishes.values())
      if (filters.some((filter) => filterMatches(filter, topic)) && mayRead(topic)) count++;
    return count;
  }

  /** By name (`homeguard/front/frame`), or by wildcards that would reach any camera. */
  #reachesFrames(filter: string): boolean {
    const level = filter.split('/')[this.#prefix.split('/').length] ?? '';
    return filterMatches(filter, cameraTopics(this.#prefix, CAMERA_ID.test(level) ? level : 'any').frame);
  }
}
