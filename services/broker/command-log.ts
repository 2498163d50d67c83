import type { GatheringLog } from '../shared/gathering-log.ts';
import type { Logger } from '../shared/log.ts';
import { type Identity, MAX_SHOWN } from './visitor.ts';

/** So many commands a minute are written one by one; of more only how many. */
const MAX_A_MINUTE = 60;
const MINUTE_MS = 60_000;

/** Writes into the log who has commanded what. */
export class CommandLog {
  readonly #log: Logger;
  readonly #gathering: GatheringLog;
  #began = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(log: Logger, gathering: GatheringLog) {
    this.#log = log;
    this.#gathering = gathering;
  }

  /** @param now in ms, monotonic */
  note({ user, clientId, address }: Identity, topic: string, payload: string | Buffer, now = performance.now()): void {
    if (now - this.#began >= MINUTE_MS) [this.#began, this.#count] = [now, 0];
    const value = payload.toString().slice(0, MAX_SHOWN);
    const fields = { user, client: clientId, from: address, topic: topic.slice(0, MAX_SHOWN), value };
    if (this.#count++ < MAX_A_MINUTE) this.#log.info(fields, 'a command was sent');
    else this.#gathering.tell('info', `more than ${MAX_A_MINUTE} commands a minute were sent`, fields);
  }
}
