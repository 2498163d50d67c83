import type { Logger } from './log.ts';

/** After an event of a kind, further ones of that kind are only counted for so long, in ms. */
const GATHER_MS = 60_000;
/** So much of a field is written, in characters: they are strangers' words, such as a client id, which may have 64 kB. */
const MAX_SHOWN = 500;

/**
 * Lines of the log that a stranger can cause, so that nobody can flood it: the first of a kind is written at once, those of the next
 * minute as one line with their number. A kind is its sentence, which stands in the program: there are few.
 */
export class GatheringLog {
  readonly #log: Logger;
  /** Sentence -> what came since it was written last. */
  readonly #gathered = new Map<string, { level: 'info' | 'warn'; times: number; fields: object }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param fields of the event; of those that are counted, the last one's are written */
  tell(level: 'info' | 'warn', sentence: string, fields: object = {}): void {
    const known = this.#gathered.get(sentence);
    if (known) {
      known.times++;
      known.fields = fields;
      return;
    }
    this.#log[level](shortened(fields), sentence);
    this.#gather(level, sentence);
  }

  #gather(level: 'info' | 'warn', sentence: string): void {
    this.#gathered.set(sentence, { level, times: 0, fields: {} });
    setTimeout(() => this.#finish(sentence), GATHER_MS).unref();
  }

  #finish(sentence: string): void {
    const { level = 'info', times = 0, fields = {} } = this.#gathered.get(sentence) ?? {};
    this.#gathered.delete(sentence);
    if (times === 0) return;
    this.#log[level]({ ...shortened(fields), times }, `${sentence}, ${times === 1 ? 'once' : `${times} times`} more in the last minute`);
    this.#gather(level, sentence);
  }
}

function shortened(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_SHOWN) : value]),
  );
}
