import { GatheringLog } from '../shared/gathering-log.ts';
import type { Logger } from '../shared/log.ts';

/** Why somebody gets no picture, and what the log says of it. */
const SENTENCES = {
  full: 'a viewer was refused: there are as many as GATEWAY_MAX_VIEWERS allows',
  'no-login': 'a request without a login was refused',
  'wrong-token': 'a request with a wrong token or an old session was refused',
  'wrong-login': 'a login with a wrong token or password was refused',
  'too-many-logins': 'a login was refused unread: too many wrong ones came from there, or too many come at once',
  'no-right': 'a request was refused: whoever is logged in has not the right for it',
  'bad-request': 'a request that breaks the rules or bounds of HTTP was refused',
  'too-many-connections': 'there are too many connections: one was closed',
  'too-many-messages': 'a WebSocket was closed: its client said too much',
  stalled: 'a connection was closed: nothing of an answer was taken for long',
  'other-origin': "a request by another site's page was refused",
} as const;

export type Refusal = keyof typeof SENTENCES;

/** Those who were refused: counted by reason, and told in the log, a flood of them as one line a minute. */
export class Refusals {
  readonly counts: Record<Refusal, number> = {
    full: 0,
    'no-login': 0,
    'wrong-token': 0,
    'wrong-login': 0,
    'too-many-logins': 0,
    'no-right': 0,
    'bad-request': 0,
    'too-many-connections': 0,
    'too-many-messages': 0,
    stalled: 0,
    'other-origin': 0,
  };
  readonly #log: GatheringLog;

  constructor(log: Logger) {
    this.#log = new GatheringLog(log);
  }

  /** @param about whom, and what was asked for; nothing secret */
  add(reason: Refusal, about: { client?: string; path?: string; origin?: string; user?: string; status?: number } = {}): void {
    this.counts[reason]++;
    const isLogin = reason === 'wrong-login' || reason === 'too-many-logins';
    const audit = isLogin && { audit: 'login-failed', from: about.client, ...(about.user && { who: `user ${about.user}` }) };
    this.#log.tell('warn', SENTENCES[reason], { ...audit, ...about, reason });
  }
}
