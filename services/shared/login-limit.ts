/** Who may try a password now, and who has to wait: by address and by account. Pure: numbers of a monotonic clock (ms) are handed in. */
import { isIPv6 } from 'node:net';

/** Wrong tries from one address that cost nothing but themselves; with each further one the wait doubles, up to the longest. */
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** Without a wrong try for so long an address is as new. */
const FORGET_MS = 15 * 60_000;
/** Addresses that are remembered; for one more the one that was quiet longest is forgotten. */
const MAX_ADDRESSES = 10_000;
/**
 * Second and further tries at one account, from wherever: so many at once, and one more in each of these times. An address's first try is always
 * looked at, so the right user comes through while others guess from many addresses.
 */
const ACCOUNT_TRIES = 10;
const ACCOUNT_EVERY_MS = 500;
/** Accounts that are counted; names of nobody's count like others, so that nothing tells them apart. */
const MAX_ACCOUNTS = 1_000;

/** Addresses from which somebody has logged in; for one more the one that did so longest ago is forgotten. */
const MAX_KNOWN = 1_000;

interface Failures {
  count: number;
  at: number;
}

/** Counts wrong passwords. A try that has to wait is refused unread. */
export class LoginLimit {
  readonly #addresses = new Map<string, Failures>();
  /** Account -> when its tries would all be there again. */
  readonly #accounts = new Map<string, number>();
  readonly #known = new Set<string>();

  /** How long `address` has to wait before its password for `account` is looked at, in ms; 0: it is looked at now. */
  admit(address: string, account: string, now: number): number {
    const failures = this.#failuresOf(networkOf(address), now);
    if (!failures) return 0;
    const wait = failures.at + waitAfter(failures.count) - now;
    if (wait > 0 || failures.count >= FREE_TRIES) return Math.max(wait, 0);
    const accountWait = this.#admitToAccount(account, now);
    // Refused or wrong: who goes on guessing at a busy account is soon one that waits for itself.
    if (accountWait > 0) this.failed(address, now);
    return accountWait;
  }

  /** A wrong password came from `address`. */
  failed(address: string, now: number): void {
    const network = networkOf(address);
    const count = (this.#failuresOf(network, now)?.count ?? 0) + 1;
    // Whoever failed last stands last.
    this.#addresses.delete(network);
    this.#addresses.set(network, { count, at: now });
    dropOldest(this.#addresses, MAX_ADDRESSES);
  }

  /** The right password: what came before from this address were slips. */
  succeeded(address: string): void {
    const network = networkOf(address);
    this.#addresses.delete(network);
    this.#known.delete(network);
    this.#known.add(network);
    dropOldest(this.#known, MAX_KNOWN);
  }

  /** Has somebody logged in from `address`, since we began? */
  isKnown(address: string): boolean {
    return this.#known.has(networkOf(address));
  }

  #failuresOf(network: string, now: number): Failures | undefined {
    const failures = this.#addresses.get(network);
    return failures && now - failures.at < FORGET_MS ? failures : undefined;
  }

  #admitToAccount(account: string, now: number): number {
    const full = Math.max(this.#accounts.get(account) ?? now, now) + ACCOUNT_EVERY_MS;
    const wait = full - now - ACCOUNT_TRIES * ACCOUNT_EVERY_MS;
    if (wait > 0) return wait;
    this.#accounts.delete(account);
    this.#accounts.set(account, full);
    dropOldest(this.#accounts, MAX_ACCOUNTS);
    return 0;
  }
}

function waitAfter(count: number): number {
  return count < FREE_TRIES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE_TRIES), LONGEST_WAIT_MS);
}

function dropOldest(map: Map<string, unknown> | Set<string>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

/** Whom an address stands for: itself, or its /64, of which one household has all (RFC 6177). */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const before = head ? head.split(':') : [];
  const after = tail ? tail.split(':') : [];
  const levels = tail === undefined ? before : [...before, ...new Array(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
  return `${levels
    .slice(0, 4)
    .map((level) => level.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
