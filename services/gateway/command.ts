/** Commands to one camera, each waited for until the camera tells what became of it. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '../shared/bus.ts';
import type { Answer, cameraTopics } from '../shared/contract.ts';
import type { Message } from '../shared/message.ts';
import { busLost, type Darkness } from './darkness.ts';
import { isJpeg, Picture } from './picture.ts';

/** So many commands are under way to one camera, and to all cameras together; one more is turned away. */
export const MAX_COMMANDS = 8;
export const MAX_COMMANDS_IN_ALL = 128;
/** A camera answers within this time, in ms; for a picture of another size it has to open its device anew. */
const ANSWER_MS = 5_000;
const SNAPSHOT_MS = 10_000;
/** A longer answer is none, in bytes; of a camera's reason nobody reads more characters. */
const MAX_ANSWER_BYTES = 16 << 10;
const MAX_REASON = 500;

/** What became of a command. */
export type Outcome =
  | { is: 'done'; picture: Picture | null }
  | { is: 'refused'; reason: string; value: string | null }
  | { is: 'unanswered'; seconds: number }
  | { is: 'lost'; why: Darkness }
  | { is: 'too-many'; where: 'camera' | 'gateway' };

export type CommandBus = Pick<Bus, 'connected' | 'trouble' | 'deliver' | 'subscribe' | 'unsubscribe' | 'onChange'>;

interface Waiting {
  readonly setting: string;
  readonly wanted: string;
  /** Of a picture, by which it is known again; it is done only when that is there. */
  readonly pictureId: string | null;
  /** The newest picture since it was sent. */
  picture: Picture | null;
  isDone: boolean;
  readonly settle: (outcome: Outcome) => void;
}

const NOT_TAKEN: Darkness = {
  condition: 'bus-lost',
  cause: 'The message bus did not take the command.',
  advice: 'Give the gateway’s user the right to publish to the camera’s topics that end in /set; the log of the message bus says more.',
};

export class Commands {
  readonly #bus: CommandBus;
  readonly #topics: ReturnType<typeof cameraTopics>;
  readonly #isFull: () => boolean;
  readonly #waiting = new Set<Waiting>();

  /** @param isFull whether as many commands are under way to all cameras together as there may be */
  constructor(bus: CommandBus, topics: ReturnType<typeof cameraTopics>, isFull: () => boolean) {
    this.#bus = bus;
    this.#topics = topics;
    this.#isFull = isFull;
    bus.subscribe(topics.answer, ({ payload }) => this.#answered(payload));
    bus.onChange((connected) => {
      if (!connected) this.drop(this.#busLost());
    });
  }

  /** How many are under way. */
  get underWay(): number {
    return this.#waiting.size;
  }

  /** Sends `text`, which was checked, to be the value of `setting`. */
  send(setting: string, text: string): Promise<Outcome> {
    return this.#ask(setting, text, setting === 'snapshot' ? SNAPSHOT_MS : ANSWER_MS, null);
  }

  /** Has one picture of `size` (`1920x1080`) taken. */
  takePicture(size: string): Promise<Outcome> {
    // The camera's answer repeats the command, and over MQTT 5 its picture bears the id: so ours is told from those that others ask for.
    const id = randomUUID();
    return this.#ask('snapshot', JSON.stringify({ size, id }), SNAPSHOT_MS, id);
  }

  /** Waits no longer for any answer, as when the camera has gone, or at a stop. */
  drop(why: Darkness): void {
    for (const { settle } of this.#waiting) settle({ is: 'lost', why });
  }

  #ask(setting: string, wanted: string, ms: number, pictureId: string | null): Promise<Outcome> {
    const refusal = this.#refusal();
    if (refusal) return Promise.resolve(refusal);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const waiting: Waiting = {
      ...{ setting, wanted, pictureId, picture: null, isDone: false },
      settle: (outcome) => {
        if (!this.#waiting.delete(waiting)) return;
        clearTimeout(timer);
        if (pictureId && !this.#pictureWanted()) this.#bus.unsubscribe(this.#topics.snapshot);
        resolve(outcome);
      },
    };
    const timer = setTimeout(() => waiting.settle({ is: 'unanswered', seconds: ms / 1000 }), ms);
    if (pictureId && !this.#pictureWanted()) this.#bus.subscribe(this.#topics.snapshot, (message) => this.#pictured(message));
    this.#waiting.add(waiting);
    void this.#bus.deliver(this.#topics.set(setting), wanted).then((taken) => {
      if (!taken) waiting.settle({ is: 'lost', why: this.#bus.connected ? NOT_TAKEN : this.#busLost() });
    });
    return promise;
  }

  /** Why nothing more is sent now; null when it may be. */
  #refusal(): Outcome | null {
    if (!this.#bus.connected) return { is: 'lost', why: this.#busLost() };
    if (this.#waiting.size >= MAX_COMMANDS) return { is: 'too-many', where: 'camera' };
    return this.#isFull() ? { is: 'too-many', where: 'gateway' } : null;
  }

  #answered(payload: Buffer): void {
    const answer = parseAnswer(payload);
    if (!answer) return;
    // Of two alike the one that waits longer is meant.
    const asked = [...this.#waiting].find((each) => each.setting === answer.setting && each.wanted === answer.wanted && !each.isDone);
    if (!asked) return;
    if (answer.refused !== null) asked.settle({ is: 'refused', reason: answer.refused.slice(0, MAX_REASON), value: answer.value });
    else if (asked.pictureId && !asked.picture) asked.isDone = true;
    else asked.settle({ is: 'done', picture: asked.picture });
  }

  /**
   * A picture on the snapshot topic: ours is the one with our id; where none comes with it (MQTT 3.1.1), the last one before our answer,
   * or the next one if the answer overtakes it. Stamps are not compared with our clock: a camera's may be hours off.
   */
  #pictured({ payload, retain, user }: Message): void {
    if (retain || !isJpeg(payload)) return;
    const picture = new Picture(payload, Date.now() * 1000);
    for (const waiting of this.#waiting) {
      if (!waiting.pictureId || (user.id ?? waiting.pictureId) !== waiting.pictureId) continue;
      waiting.picture = picture;
      if (waiting.isDone) waiting.settle({ is: 'done', picture });
    }
  }

  #pictureWanted(): boolean {
    for (const { pictureId } of this.#waiting) if (pictureId) return true;
    return false;
  }

  #busLost(): Darkness {
    return busLost(this.#bus.trouble ?? 'The connection to the message bus was lost.');
  }
}

/** Anyone may publish anything on the bus; null when it is no answer. */
function parseAnswer(payload: Buffer): Answer | null {
  if (payload.length > MAX_ANSWER_BYTES) return null;
  try {
    const { setting, wanted, value = null, refused = null } = JSON.parse(payload.toString()) as Record<keyof Answer, unknown>;
    if (typeof setting !== 'string' || typeof wanted !== 'string') return null;
    if (refused !== null && typeof refused !== 'string') return null;
    return { setting, wanted, value: typeof value === 'string' ? value : null, refused };
  } catch {
    // Not even JSON, or null.
    return null;
  }
}
