import type { Bus } from '../../shared/bus.ts';
import { birthTopic, discoveryTopic, pageTopic } from '../../shared/contract.ts';
import type { Message } from '../../shared/message.ts';
import { readVersion } from '../../shared/version.ts';
import { readFormer } from './former.ts';
import { type Announced, discoveryMessage, NOTHING, type Sight } from './message.ts';
import { readPage } from './page.ts';
import type { Subject } from './standing.ts';

/** What is retained comes at once; nobody tells that there is nothing. From the first connection, in ms. */
const FORMER_MS = 2_000;
/** The first message waits so long for pictures of the camera, by which it is known what it offers, in ms. */
const FIRST_MS = 4_000;
/** Changes that come together go out together, in ms. */
const SETTLE_MS = 1_000;
/** Two messages in quick succession lose components in Home Assistant, in ms. */
const REST_MS = 5_000;
/** Home Assistant asks for this after its birth, so that not all devices speak at once, in ms; ours is done within 5 s. */
const BIRTH_MS = { least: 1_000, most: 4_500 };

export interface DiscoveryParts {
  bus: Pick<Bus, 'announce' | 'announceAgain' | 'subscribe' | 'unsubscribe' | 'onChange'>;
  subject: Omit<Subject, 'version'>;
  prefix: string;
  discoveryPrefix: string;
  /** The camera as it is now. */
  look: () => Omit<Sight, 'page'>;
  /** Home Assistant has just come, or heard of us: what is not retained is to be told soon. */
  greet: () => void;
  random?: () => number;
}

/** Tells Home Assistant of the camera: at the start, at a change, and when Home Assistant has started. */
export class Discovery implements Disposable {
  readonly #parts: DiscoveryParts;
  readonly #subject: Subject;
  readonly #topic: string;
  /** Null until it is known what a former run has announced. */
  #announced: Announced | null = null;
  #payload = '';
  #page: string | null = null;
  #isPostponed = false;
  #formerTimer: NodeJS.Timeout | undefined;
  #firstTimer: NodeJS.Timeout | undefined;
  #tellTimer: NodeJS.Timeout | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #birthTimer: NodeJS.Timeout | undefined;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#subject = { ...parts.subject, version: readVersion() };
    this.#topic = discoveryTopic(parts.discoveryPrefix, parts.subject.id);
  }

  start(): void {
    const { bus, prefix, discoveryPrefix } = this.#parts;
    bus.subscribe(birthTopic(discoveryPrefix), (message) => this.#onBirth(message));
    bus.subscribe(pageTopic(prefix), ({ payload }) => this.#onPage(payload.toString()));
    bus.subscribe(this.#topic, ({ payload }) => this.#begin(readFormer(payload.toString())));
    bus.onChange((connected) => connected && this.#onConnected());
  }

  /** Something about the camera has changed, perhaps what Home Assistant is to know. */
  changed(): void {
    if (this.#announced && !this.#tellTimer) this.#tellLater(this.#restTimer ? REST_MS : SETTLE_MS);
  }

  [Symbol.dispose](): void {
    const timers = [this.#formerTimer, this.#firstTimer, this.#tellTimer, this.#restTimer, this.#birthTimer];
    for (const timer of timers) clearTimeout(timer);
  }

  #onConnected(): void {
    if (!this.#announced) this.#formerTimer ??= setTimeout(() => this.#begin(null), FORMER_MS);
    // The bus has sent again what was announced.
    else this.#rest();
  }

  #begin(former: Announced | null): void {
    if (this.#announced) return;
    clearTimeout(this.#formerTimer);
    this.#parts.bus.unsubscribe(this.#topic);
    this.#announced = former ?? NOTHING;
    this.#firstTimer = setTimeout(() => {
      this.#firstTimer = undefined;
      this.changed();
    }, FIRST_MS);
    this.changed();
  }

  /** Where a gateway has gone, or told nonsense, the address before stays in the message: it is the best that is known. */
  #onPage(payload: string): void {
    this.#page = readPage(payload);
    this.changed();
  }

  #onBirth({ payload, retain }: Message): void {
    // One that is retained is no news.
    if (retain || payload.toString() !== 'online' || this.#birthTimer) return;
    const { random = Math.random } = this.#parts;
    this.#birthTimer = setTimeout(() => this.#greet(), BIRTH_MS.least + random() * (BIRTH_MS.most - BIRTH_MS.least));
  }

  #greet(): void {
    this.#birthTimer = undefined;
    this.#parts.bus.announceAgain();
    this.#parts.greet();
    this.#rest();
  }

  /** A message has gone out: the next one has to wait, also one that was about to go, but that only once. */
  #rest(): void {
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      this.#restTimer = undefined;
    }, REST_MS);
    if (!this.#tellTimer || this.#isPostponed) return;
    this.#tellLater(REST_MS);
    this.#isPostponed = true;
  }

  #tellLater(ms: number): void {
    clearTimeout(this.#tellTimer);
    this.#tellTimer = setTimeout(() => {
      this.#tellTimer = undefined;
      this.#isPostponed = false;
      this.#tell();
    }, ms);
  }

  #tell(): void {
    const { bus, look, greet } = this.#parts;
    const sight = look();
    if (!this.#announced || (this.#firstTimer && sight.insight !== 'all')) return;
    const { payload, announced } = discoveryMessage(this.#subject, this.#announced, { ...sight, page: this.#page });
    this.#announced = announced;
    if (payload === this.#payload) return;
    this.#payload = payload;
    bus.announce(this.#topic, payload);
    greet();
    this.#rest();
  }
}
