/** The lines of the log that tell who did what. */
import { GatheringLog } from './gathering-log.ts';
import type { Logger } from './log.ts';

/** What is audited, and its sentence. */
const SENTENCES = {
  login: 'somebody logged in',
  'mqtt-login': 'a client logged in',
  logout: 'somebody logged out',
  setting: 'a setting was changed',
  command: 'a command was sent',
  'token-made': 'a token was made',
  'token-removed': 'a token was removed',
  'ticket-made': 'a ticket was made',
  'user-made': 'a user was made',
  'user-changed': 'a user was changed',
  'user-removed': 'a user was removed',
  'users-changed': 'the users have changed',
} as const;

/** A line's field `audit`; a failed login has `login-failed` or `mqtt-login-failed`, and a sentence that tells why. */
export type AuditEvent = keyof typeof SENTENCES;

/** So many of a kind are written one by one in a minute; of more only how many. */
const MAX_A_MINUTE = 60;
const MINUTE_MS = 60_000;

export interface Deed {
  /** `admin`, `user anna`, `token printer`. */
  who: string;
  /** His address; none for what was done on the machine itself. */
  from?: string;
  /** What was done to what; nothing secret. */
  [about: string]: unknown;
}

/** Who has done what, one line of the log each, with a field `audit` by which they are found. */
export class AuditLog {
  readonly #log: Logger;
  readonly #gathering: GatheringLog;
  readonly #counts = new Map<AuditEvent, { began: number; count: number }>();

  constructor(log: Logger, gathering = new GatheringLog(log)) {
    this.#log = log;
    this.#gathering = gathering;
  }

  /** @param now in ms, monotonic */
  note(audit: AuditEvent, deed: Deed, now = performance.now()): void {
    const fields = { audit, ...deed };
    const known = this.#counts.get(audit);
    const minute = known && now - known.began < MINUTE_MS ? known : { began: now, count: 0 };
    this.#counts.set(audit, minute);
    if (minute.count++ < MAX_A_MINUTE) this.#log.info(fields, SENTENCES[audit]);
    else this.#gathering.tell('info', `${SENTENCES[audit]}, more than ${MAX_A_MINUTE} times a minute`, fields);
  }
}
