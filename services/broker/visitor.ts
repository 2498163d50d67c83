import { remedyFor } from './remedy.ts';
import { excessOf } from './topic-bounds.ts';
import { mayBring } from './topic-filters.ts';
import { type Prefixes, topicOf } from './topic-kinds.ts';
import { lets, type Rule } from './topic-rights.ts';

/** Topics of which one client's verdicts are remembered; for one more all are thought out anew. A camera has a few dozen. */
const MAX_REMEMBERED = 256;
/** Subscriptions of one client; Home Assistant has a few for each thing in the house. */
export const MAX_SUBSCRIPTIONS = 5_000;
/** So much of a topic stands in a line of the log, in characters. */
export const MAX_SHOWN = 120;

export interface Identity {
  /** `anybody` where there are no users. */
  user: string | undefined;
  clientId: string;
  /** Where it comes from. */
  address: string;
}

interface Verdict {
  may: 'publish' | 'clear' | null;
  isCommand: boolean;
}

const NEITHER: Verdict = { may: null, isCommand: false };

/** A client that was let in: who it is, and what it may. Each frame asks, so verdicts are remembered for as long as the rules stand. */
export class Visitor {
  readonly identity: Identity;
  readonly #prefixes: Prefixes;
  readonly #isOwn: boolean;
  #rules: readonly Rule[];
  readonly #publishing = new Map<string, Verdict>();
  readonly #reading = new Map<string, boolean>();
  readonly #subscriptions = new Set<string>();

  /** @param isOwn it is one of the broker's own users */
  constructor(identity: Identity, { prefixes, rules, isOwn }: { prefixes: Prefixes; rules: readonly Rule[]; isOwn: boolean }) {
    this.identity = identity;
    this.#prefixes = prefixes;
    this.#isOwn = isOwn;
    this.#rules = rules;
  }

  /** What was granted before counts no longer, for subscriptions that there are, too. */
  setRules(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#publishing.clear();
    this.#reading.clear();
  }

  /**
   * May it publish this, also as a will?
   * @param isClearing it is empty and retained
   * @param responseTopic where a camera would answer a command: on behalf of who sent it, who must be allowed to publish there, too
   */
  mayPublish(topic: string, { isClearing = false, responseTopic }: { isClearing?: boolean; responseTopic?: string } = {}): boolean {
    const { may, isCommand } = this.#verdictOn(topic);
    if (may !== 'publish') return may === 'clear' && isClearing;
    return !isCommand || responseTopic === undefined || this.#verdictOn(responseTopic).may === 'publish';
  }

  mayRead(topic: string): boolean {
    const known = this.#reading.get(topic);
    if (known !== undefined) return known;
    return remember(this.#reading, topic, lets(this.#rules, 'read', topicOf(this.#prefixes, topic), topic));
  }

  /** Can the filter bring anything that it may read? */
  maySubscribe(filter: string): boolean {
    return excessOf(filter) === null && mayBring(this.#rules, this.#prefixes, filter);
  }

  /** Adds to its subscriptions; false when it has as many as it may. */
  subscribe(filter: string): boolean {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS && !this.#subscriptions.has(filter)) return false;
    this.#subscriptions.add(filter);
    return true;
  }

  isSubscribed(filter: string): boolean {
    return this.#subscriptions.has(filter);
  }

  unsubscribe(filter: string): void {
    this.#subscriptions.delete(filter);
  }

  /** Is it a camera's command? */
  isCommand(topic: string): boolean {
    return this.#verdictOn(topic).isCommand;
  }

  /** For the log: what was refused, and what mends it. A topic is a stranger's words, and may be long. */
  refusal(deed: 'read' | 'publish', name: string) {
    const { user, clientId, address } = this.identity;
    const topic = name.slice(0, MAX_SHOWN);
    const remedy = excessOf(name) ?? remedyFor(this.#prefixes, { deed, name: topic, user, isOwn: this.#isOwn });
    return { user, client: clientId, from: address, topic, remedy };
  }

  #verdictOn(name: string): Verdict {
    const known = this.#publishing.get(name);
    if (known) return known;
    if (excessOf(name)) return NEITHER;
    const topic = topicOf(this.#prefixes, name);
    const may = (['publish', 'clear'] as const).find((deed) => lets(this.#rules, deed, topic, name)) ?? null;
    return remember(this.#publishing, name, { may, isCommand: topic.kind === 'command' });
  }
}

function remember<T>(verdicts: Map<string, T>, topic: string, verdict: T): T {
  if (verdicts.size >= MAX_REMEMBERED) verdicts.clear();
  verdicts.set(topic, verdict);
  return verdict;
}
