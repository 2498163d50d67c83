/** What the gateway is asked for about users, tokens and tickets. */
import { LoginNeeded } from '../camera.ts';

/** The gateway did not do it; the message says why (problem+json, RFC 9457). */
export class Refusal extends Error {
  readonly status: number;
  /** What does it instead, typed where HomeGuard runs; null when nothing does. */
  readonly command: string | null;

  constructor(message: string, status: number, command: string | null) {
    super(message);
    this.status = status;
    this.command = command;
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * Asks the gateway, below the page's own address.
 * @returns the JSON of the answer; null when it has none
 * @throws LoginNeeded, Refusal, or what fetch throws when the gateway is not reached
 */
export async function ask<T>(method: Method, path: string, body?: object): Promise<T> {
  const response = await fetch(path, {
    method,
    cache: 'no-store',
    headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.status === 401 || response.redirected) throw new LoginNeeded();
  if (!response.ok) throw await refusalOf(response);
  return response.status === 204 ? (null as T) : ((await response.json()) as T);
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { status } = response;
  try {
    const { detail, command } = (await response.json()) as { detail?: string; command?: string };
    return new Refusal(detail ?? `The gateway answered ${status}`, status, command ?? null);
  } catch {
    return new Refusal(`The gateway answered ${status}`, status, null); // Not ours: a proxy's own page.
  }
}

/** One of `GET tokens`. Times in ISO 8601, UTC. */
export interface Token {
  name: string;
  right: TokenRight;
  /** Null: every camera. */
  cameras: string[] | null;
  made: string;
  used: string | null;
  /** The user who made it; null: HomeGuard's own admin. */
  by: string | null;
  ended: boolean;
}
export type TokenRight = 'view' | 'control' | 'admin';

/** One of `GET users`. */
export interface User {
  name: string;
  may: string[];
  made: string | null;
}

/** A ticket is good for so long, in ms: the gateway's own bound (access/tickets.ts). */
export const TICKET_MS = 60_000;

/**
 * A ticket for a path below the page's address; `ends` in ms of this page's monotonic clock, counted from when it was asked for, so that
 * it ends here no later than there.
 */
export async function makeTicket(path: string): Promise<{ ticket: string; ends: number }> {
  const ends = performance.now() + TICKET_MS;
  const { ticket } = await ask<{ ticket: string }>('POST', 'tickets', { path });
  return { ticket, ends };
}
