import type { Logger } from '../../shared/log.ts';
import type { Asked } from '../context.ts';
import type { Client } from './proxy.ts';
import { describeVisitor, type Visitor } from './visitor.ts';

const SENTENCES = {
  login: 'somebody logged in',
  logout: 'somebody logged out',
  setting: 'a setting was changed',
  'token-made': 'a token was made',
  'token-removed': 'a token was removed',
} as const;

/** What was done, in the log: by whom, and from which address. What was refused stands there, too (refusals.ts). */
export class Audit {
  readonly #log: Logger;
  readonly #clientOf: (c: Asked) => Client;

  constructor(log: Logger, clientOf: (c: Asked) => Client) {
    this.#log = log;
    this.#clientOf = clientOf;
  }

  /** @param about what was done to what; nothing secret */
  note(c: Asked, what: keyof typeof SENTENCES, who: Pick<Visitor, 'kind' | 'name'>, about: object = {}): void {
    this.#log.info({ audit: what, who: describeVisitor(who), from: this.#clientOf(c).address, ...about }, SENTENCES[what]);
  }
}
