import type { Bus } from '../../shared/bus.ts';
import { cameraTopics, readStamp } from '../../shared/contract.ts';
import type { GatheringLog } from '../../shared/gathering-log.ts';
import { MAX_COMMAND_BYTES } from '../../shared/knob.ts';
import type { Message } from '../../shared/message.ts';
import { inFilters, laneOf, type Names, type Outgoing, outFilters } from './lanes.ts';
import { Latest } from './latest.ts';

/** Retained values come at once, on a busy machine a little later; what did not come in this time is not there, in ms. */
const SETTLE_MS = 1_000;
/** A camera has so many values at most; further ones do not cross. Each has at most so many bytes. */
const MAX_VALUES = 256;
const MAX_VALUE_BYTES = 256 << 10;
/** Without a word from our broker a preview is none after so many seconds. */
const PREVIEW_EXPIRY_S = 10;
/** What a sender of commands may have attached to know the answer again, in bytes. */
const MAX_CORRELATION_BYTES = 256;

export interface LineParts {
  id: string;
  names: Names;
  /** The camera's own connections to our broker and to the house's; they end with the line. */
  here: Bus;
  there: Bus;
  gathering: GatheringLog;
  /** The camera was forgotten, and the house's broker knows nothing of it any more. */
  gone: () => void;
}

/**
 * One camera's way over the bridge. It keeps no values: while both brokers are there it is subscribed to ours, which tells the newest of
 * each topic at once; while one is away it is not, so nothing waits for its return.
 */
export class Line {
  readonly #parts: LineParts;
  readonly #topics: ReturnType<typeof cameraTopics>;
  /** Retained topics that the house's broker holds of this camera, as far as we have told it. */
  readonly #told = new Set<string>();
  /** Those of our broker that were heard of since the line is open: whether it holds something there. */
  readonly #heard = new Map<string, boolean>();
  readonly #snapshot = new Latest();
  /** Takes the preview away; a newer one makes that needless. */
  readonly #blank = new Latest();
  #isOpen = false;
  #isLeaving = false;
  #settling: NodeJS.Timeout | undefined;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#topics = cameraTopics(parts.names.prefix, parts.id);
    for (const filter of inFilters(parts.names, parts.id)) parts.there.subscribe(filter, (message) => this.#bringIn(message));
    parts.here.onChange(() => this.#connectionChanged());
    parts.there.onChange(() => this.#connectionChanged());
  }

  /** The camera was forgotten here, or has shown itself again: what the house's broker knows of it goes, and then the line. */
  leave(isLeaving: boolean): void {
    if (this.#isLeaving === isLeaving) return;
    this.#isLeaving = isLeaving;
    if (this.#isOpen) this.#settle();
    else if (isLeaving && this.#told.size === 0) this.#parts.gone();
  }

  /** @param tell the house's broker that the camera is gone, as when the bridge ends; else it is only let go */
  async close({ tell }: { tell: boolean }): Promise<void> {
    const { here, there } = this.#parts;
    this.#shut();
    const { status, preview } = this.#topics;
    const farewell = tell && this.#told.has(status) ? { [status]: 'offline', [preview]: '' } : {};
    await Promise.all([here.close(), there.close(farewell)]);
  }

  #connectionChanged(): void {
    const { here, there } = this.#parts;
    const isOpen = here.connected && there.connected;
    if (isOpen && !this.#isOpen) this.#open();
    if (!isOpen) this.#shut();
  }

  #open(): void {
    const { id, names, here } = this.#parts;
    this.#isOpen = true;
    this.#heard.clear();
    for (const filter of outFilters(names, id)) here.subscribe(filter, (message) => this.#takeOut(message));
    this.#settle();
  }

  #shut(): void {
    const { id, names, here, there } = this.#parts;
    this.#isOpen = false;
    clearTimeout(this.#settling);
    for (const filter of outFilters(names, id)) here.unsubscribe(filter);
    // Else the values of before would come first on the next connection.
    there.forgetAnnounced();
    this.#snapshot.drop();
    this.#blank.drop();
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#clearUnheard();
      if (this.#isLeaving) this.#parts.gone();
    }, SETTLE_MS);
  }

  /** While the house's broker was away a camera may have been switched off, or forgotten: what is not here must not stay there. */
  #clearUnheard(): void {
    const { preview, snapshot } = this.#topics;
    for (const topic of new Set([preview, snapshot, ...this.#told])) if (!this.#heard.get(topic)) this.#tell(topic, Buffer.alloc(0));
  }

  #takeOut(message: Message): void {
    const { names, id, there } = this.#parts;
    const { topic, payload, correlationData } = message;
    const lane = laneOf(names, topic);
    if (!this.#isOpen || lane?.way !== 'out' || lane.camera !== id || this.#isTooLong(lane.as, message)) return;
    if (lane.as === 'frame') there.publishPicture(topic, payload, readStamp(payload));
    else if (lane.as === 'telemetry') there.publish(topic, payload.toString());
    else if (lane.as === 'event') void there.deliver(topic, payload, { user: idOf(message), correlationData: bounded(correlationData) });
    else if (this.#isNews(message)) this.#tell(topic, payload, message);
  }

  #isTooLong(as: Outgoing, { topic, payload }: Message): boolean {
    if (as === 'frame' || as === 'preview' || as === 'snapshot' || payload.length <= MAX_VALUE_BYTES) return false;
    this.#parts.gathering.tell('warn', `a value does not go over the bridge: it has more than ${MAX_VALUE_BYTES} bytes`, { topic });
    return true;
  }

  /** Remembers which retained topics there are. False for what has come already, and for one topic too many. */
  #isNews({ topic, payload, retain }: Message): boolean {
    // What is published just as we subscribe comes both ways, and what comes as retained then is the same, or older.
    if (retain && this.#heard.has(topic)) return false;
    if (!this.#heard.has(topic) && this.#heard.size >= MAX_VALUES) {
      this.#parts.gathering.tell('warn', `a value does not go over the bridge: a camera has ${MAX_VALUES} at most`, { topic });
      return false;
    }
    this.#heard.set(topic, payload.length > 0);
    return true;
  }

  /** Makes `payload` the topic's retained one at the house's broker; an empty one takes it away. */
  #tell(topic: string, payload: Buffer, message?: Message): void {
    const { there } = this.#parts;
    if (payload.length > 0) this.#told.add(topic);
    else this.#told.delete(topic);
    if (topic === this.#topics.snapshot) this.#tellSnapshot(payload, message);
    else if (topic !== this.#topics.preview) there.announce(topic, payload.toString());
    else if (payload.length === 0) this.#blank.offer(() => there.deliver(topic, payload, { retain: true }));
    else {
      this.#blank.drop();
      there.publishPicture(topic, payload, readStamp(payload), { expirySeconds: message?.expirySeconds ?? PREVIEW_EXPIRY_S });
    }
  }

  #tellSnapshot(payload: Buffer, message: Message | undefined): void {
    const { there } = this.#parts;
    const more = { stamp: readStamp(payload) ?? undefined, user: message && idOf(message) };
    this.#snapshot.offer(() => there.deliver(this.#topics.snapshot, payload, { retain: true, ...more }));
  }

  #bringIn(message: Message): void {
    const { names, id, here, gathering } = this.#parts;
    const { topic, payload, retain, correlationData } = message;
    const lane = laneOf(names, topic);
    if (lane?.way !== 'in' || lane.camera !== id) return;
    if (retain) {
      const remedy = 'publish commands without retain, and clear this one';
      gathering.tell('warn', `the house's broker holds a retained command, which is ignored: ${remedy}`, { topic });
    } else if (payload.length > MAX_COMMAND_BYTES) {
      gathering.tell('warn', `a command from the house's broker is ignored: it has more than ${MAX_COMMAND_BYTES} bytes`, { topic });
    } else void here.deliver(topic, payload, { user: idOf(message), correlationData: bounded(correlationData) });
  }
}

/** The number that some commands, answers and snapshots bear, so that they are known to belong together. */
function idOf({ user: { id } }: Message): Record<string, string> | undefined {
  return id !== undefined && id.length <= MAX_CORRELATION_BYTES ? { id } : undefined;
}

function bounded(correlationData: Buffer | undefined): Buffer | undefined {
  return correlationData && correlationData.length <= MAX_CORRELATION_BYTES ? correlationData : undefined;
}
