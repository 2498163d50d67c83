/** Pictures on their way to a client that acknowledges each. Pure. */

/** Of one camera: one that is being looked at, one behind it. */
const MAX_OF_A_CAMERA = 2;
/** Two under way that take no longer than this, in ms, do not make a picture old, whatever one alone would take. */
const SOON_MS = 250;
/** One that took so much longer than one alone has waited for it on the line, so it might as well have been taken later. */
const WAITED = 1.5;
/** When one alone takes so much more or less than it did, the line is another. */
const CHANGED = 2;

interface Flow {
  /** When each that is under way was sent, oldest first, and whether another one was under way before it. Two at most. */
  sent: { at: number; isSecond: boolean }[];
  /** How long the last one took that was alone on its way, in ms; null until there was one. */
  alone: number | null;
  /** How long one alone took when it was found that a second one only waits behind it; null while it does not. */
  narrow: number | null;
}

/**
 * Decides whether one more picture may go out to a client that says when it is done with one. What lies on a slow line, in the buffers of
 * its proxies and before a busy browser is then two pictures at most, however large those buffers are: what comes through is fresh.
 * A second one is for long lines, which it fills; on a narrow one it only gets older, so there it is not sent.
 * Of several cameras each has one under way, and one of them a second, so that many do not make each other late.
 * All times are monotonic ms.
 */
export class UnderWay {
  readonly #flows = new Map<string, Flow>();
  #sum = 0;

  /** @param cameras how many the client watches */
  admits(id: string, cameras: number): boolean {
    const flow = this.#flows.get(id);
    const count = flow?.sent.length ?? 0;
    return count === 0 || (count < MAX_OF_A_CAMERA && this.#sum <= cameras && flow?.narrow === null);
  }

  sent(id: string, now: number): void {
    const flow = this.#flows.get(id) ?? { sent: [], alone: null, narrow: null };
    this.#flows.set(id, flow);
    flow.sent.push({ at: now, isSecond: flow.sent.length > 0 });
    this.#sum++;
  }

  /** One of this camera's arrived; false when none was under way. */
  arrived(id: string, now: number): boolean {
    const flow = this.#flows.get(id);
    const picture = flow?.sent.shift();
    if (!flow || !picture) return false;
    this.#sum--;
    const took = now - picture.at;
    if (picture.isSecond) seeSecond(flow, took);
    else seeAlone(flow, took);
    return true;
  }

  /** The camera is not watched any more. */
  forget(id: string): void {
    this.#sum -= this.#flows.get(id)?.sent.length ?? 0;
    this.#flows.delete(id);
  }
}

function seeSecond(flow: Flow, took: number): void {
  if (flow.alone !== null && took > Math.max(SOON_MS, WAITED * flow.alone)) flow.narrow = flow.alone;
}

function seeAlone(flow: Flow, took: number): void {
  flow.alone = took;
  if (flow.narrow !== null && (took < flow.narrow / CHANGED || took > flow.narrow * CHANGED)) flow.narrow = null;
}
