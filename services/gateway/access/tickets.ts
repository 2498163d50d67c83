/** Tickets for one picture or one login, in addresses that are shown elsewhere. In memory, and only as digests. Pure but for chance. */
import { digest, makeSecret } from './secret.ts';
import type { Subject } from './sessions.ts';
import type { Visitor } from './visitor.ts';

/** A ticket is good for so long, in ms. */
export const TICKET_MS = 60_000;
/** So many there may be that were not used yet: in all, and of one issuer. */
export const MAX_TICKETS = 1_000;
export const MAX_TICKETS_EACH = 50;

/** What a ticket is good for: one path, below the base path; or a login as its issuer. */
export type Use = { path: string } | { login: Subject };

interface Ticket {
  use: Use;
  issuer: Visitor;
  /** In ms, monotonic. */
  ends: number;
}

export class Tickets {
  /** By their digest, oldest first. */
  readonly #tickets = new Map<string, Ticket>();

  /** A new ticket; null when there are too many already. */
  issue(use: Use, issuer: Visitor, now: number): string | null {
    this.#dropEnded(now);
    const own = [...this.#tickets.values()].filter(({ issuer: { kind, name } }) => kind === issuer.kind && name === issuer.name);
    if (this.#tickets.size >= MAX_TICKETS || own.length >= MAX_TICKETS_EACH) return null;
    const secret = makeSecret();
    this.#tickets.set(digest(secret), { use, issuer, ends: now + TICKET_MS });
    return secret;
  }

  /** Spends a ticket for this path: its issuer, in whose name it is used; null when it is none, or is for something else. */
  spend(secret: string, path: string, now: number): Visitor | null {
    const ticket = this.#take(secret, now, ({ use }) => 'path' in use && use.path === path);
    return ticket?.issuer.rights() ? ticket.issuer : null;
  }

  /** Spends a ticket for a login: as whom; null when it is none. */
  spendLogin(secret: string, now: number): Subject | null {
    const ticket = this.#take(secret, now, ({ use }) => 'login' in use);
    return ticket?.issuer.rights() && 'login' in ticket.use ? ticket.use.login : null;
  }

  #take(secret: string, now: number, isFor: (ticket: Ticket) => boolean): Ticket | null {
    this.#dropEnded(now);
    const key = digest(secret);
    const ticket = this.#tickets.get(key);
    if (!ticket || !isFor(ticket)) return null;
    this.#tickets.delete(key);
    return ticket;
  }

  #dropEnded(now: number): void {
    for (const [key, { ends }] of this.#tickets) {
      if (ends > now) return;
      this.#tickets.delete(key);
    }
  }
}
