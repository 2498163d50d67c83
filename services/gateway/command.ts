/** Commands to one camera, each waited for until the camera tells what became of it. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '../shared/bus.ts';
import { type Checkup, readCheckup } from '../shared/checkup.ts';
import type { Answer, cameraTopics } from '../shared/contract.ts';
import type { Message } from '../shared/message.ts';
import { busLost, type Darkness } from './darkness.ts';
import { isJpeg, Picture } from './picture.ts';

/** So many commands are under way to one camera, and to all cameras together; one more is turned away. */
export const MAX_COMMANDS = 8;
export const MAX_COMMANDS_IN_ALL = 128;
/**
 * A camera answers within this time, in ms; for a picture of another size it has to open its device anew, and it gives up a doctor who takes
 * longer than 15 s.
 */
const ANSWER_MS = 5_000;
const SNAPSHOT_MS = 10_000;
const DOCTOR_MS = 18_000;
/** A longer answer is none, in bytes; of a camera's reason nobody reads more characters. */
const MAX_ANSWER_BYTES = 16 << 10;
const MAX_REASON = 500;
/** Nobody is told to wait for longer, in seconds. */
const MAX_RETRY_S = 60;

/** What became of a command. */
export type Outcome =
  | { is: 'done'; picture: Picture | null; checkup?: Checkup }
  | { is: 'refused'; reason: string; value: string | null; retrySeconds?: number }
  | { is: 'unanswered'; seconds: number }
  | { is: 'lost'; why: Darkness }
  | { is: 'too-many'; where: 'camera' | 'gateway' };

export type CommandBus = Pick<Bus, 'connected' | 'trouble' | 'deliver' | 'subscribe' | 'unsubscribe' | 'onChange'>;

interface Waiting {
  readonly setting: string;
  readonly wanted: string;
  /** Of what it brings, by which that is known again; it is done only when that is there. Null: it brings nothing. */
  readonly id: string | null;
  /** The newest since it was sent. */
  brought: Picture | Checkup | null;
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

  /** Has the doctor look at the camera. */
  askDoctor(): Promise<Outcome> {
    const id = randomUUID();
    return this.#ask('doctor', JSON.stringify({ id }), DOCTOR_MS, id);
  }

  /** Waits no longer for any answer, as when the camera has gone, or at a stop. */
  drop(why: Darkness): void {
    for (const { settle } of this.#waiting) settle({ is: 'lost', why });
  }

  #ask(setting: string, wanted: string, ms: number, id: string | null): Promise<Outcome> {
    const refusal = this.#refusal();
    if (refusal) return Promise.resolve(refusal);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const waiting: Waiting = {
      ...{ setting, wanted, id, brought: null, isDone: false },
      settle: (outcome) => {
        if (!this.#waiting.delete(waiting)) return;
        clearTimeout(timer);
        if (id && !this.#isAwaited(setting)) this.#bus.unsubscribe(this.#topics.setting(setting));
        resolve(outcome);
      },
    };
    const timer = setTimeout(() => waiting.settle({ is: 'unanswered', seconds: ms / 1000 }), ms);
    if (id && !this.#isAwaited(setting)) this.#bus.subscribe(this.#topics.setting(setting), (message) => this.#came(setting, message));
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
    const { refused, value, retry_s: retrySeconds } = answer;
    if (refused !== null) {
      asked.settle({ is: 'refused', reason: refused.slice(0, MAX_REASON), value, ...(retrySeconds !== undefined && { retrySeconds }) });
    } else if (asked.id && !asked.brought) asked.isDone = true;
    else asked.settle(doneWith(asked.brought));
  }

  /**
   * A picture on the snapshot topic: ours is the one with our id; where none comes with it (MQTT 3.1.1), the last one before our answer,
   * or the next one if the answer overtakes it. Stamps are not compared with our clock: a camera's may be hours off. What the doctor found
   * has its id within.
   */
  #came(setting: string, { payload, retain, user }: Message): void {
    if (retain) return;
    const brought = setting === 'doctor' ? readCheckup(payload) : isJpeg(payload) ? new Picture(payload, Date.now() * 1000) : null;
    if (!brought) return;
    for (const waiting of this.#waiting) {
      if (!waiting.id || waiting.setting !== setting) continue;
      const id = brought instanceof Picture ? (user.id ?? waiting.id) : brought.id;
      if (id !== waiting.id) continue;
      waiting.brought = brought;
      if (waiting.isDone) waiting.settle(doneWith(brought));
    }
  }

  /** Whether what commands of this kind bring is waited for. */
  #isAwaited(setting: string): boolean {
    for (const waiting of this.#waiting) if (waiting.id && waiting.setting === setting) return true;
    return false;
  }

  #busLost(): Darkness {
    return busLost(this.#bus.trouble ?? 'The connection to the message bus was lost.');
  }
}

function doneWith(brought: Picture | Checkup | null): Outcome {
  return brought === null || brought instanceof Picture
    ? { is: 'done', picture: brought }
    : { is: 'done', picture: null, checkup: brought };
}

/** Anyone may publish anything on the bus; null when it is no answer. */
function parseAnswer(payload: Buffer): Answer | null {
  if (payload.length > MAX_ANSWER_BYTES) return null;
  try {
    const { setting, wanted, value = null, refused = null, retry_s } = JSON.parse(payload.toString()) as Record<keyof Answer, unknown>;
    if (typeof setting !== 'string' || typeof wanted !== 'string') return null;
    if (refused !== null && typeof refused !== 'string') return null;
    const retry = typeof retry_s === 'number' && retry_s >= 1 && retry_s <= MAX_RETRY_S ? { retry_s: Math.ceil(retry_s) } : {};
    return { setting, wanted, value: typeof value === 'string' ? value : null, refused, ...retry };
  } catch {
    // Not even JSON, or null.
    return null;
  }
}
