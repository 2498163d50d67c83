import { type AuditEvent, AuditLog } from '../../shared/audit.ts';
import type { Logger } from '../../shared/log.ts';
import type { Asked } from '../context.ts';
import type { Client } from './proxy.ts';
import { describeVisitor, type Visitor } from './visitor.ts';

/** What was done by a request, in the log: by whom, and from which address. What was refused stands there, too (refusals.ts). */
export class Audit {
  readonly #log: AuditLog;
  readonly #clientOf: (c: Asked) => Client;

  constructor(log: Logger, clientOf: (c: Asked) => Client) {
    this.#log = new AuditLog(log);
    this.#clientOf = clientOf;
  }

  /** @param about what was done to what; nothing secret */
  note(c: Asked, what: AuditEvent, who: Pick<Visitor, 'kind' | 'name'>, about: object = {}): void {
    this.#log.note(what, { who: describeVisitor(who), from: this.#clientOf(c).address, ...about });
  }
}
