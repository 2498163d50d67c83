/** Passwords as they are kept: never themselves. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { FaultError } from './fault.ts';

/** 16 MB and about 50 ms here, 150 ms on a Raspberry Pi 4 (RFC 7914, 2). FINDINGS measured 134 MB and 377 ms for 2^17: too much for a Pi. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };
const KEY_BYTES = 32;
/** One is computed at a time, whoever asks. So much may be computed at once, in ms of computing, and from then on this share of a core. */
const BURST_MS = 2_000;
const SHARE = 0.15;
/** So many wait; at worst three seconds here, eight on a Raspberry Pi 4. One more is told so, or takes the place of one that goes behind it. */
const MAX_WAITING = 8;
/** Longer ones are wrong without a look. */
const MAX_PASSWORD_BYTES = 1_024;
/** A shorter one is guessed too soon, in characters. */
const MIN_LENGTH = 8;

/** Too many passwords are being checked. */
export class BusyError extends Error {
  override name = 'BusyError';
}

interface Turn {
  isKnown: boolean;
  begin: () => void;
  refuse: (error: BusyError) => void;
}

let isBusy = false;
/** What was computed and is not rested for, in ms, and when that was so. */
let debt = { ms: 0, at: 0 };
/** Those of known addresses stand in front. */
const waiting: Turn[] = [];

/** A password of 160 random bits. */
export function makePassword(): string {
  return randomBytes(20).toString('base64url');
}

/**
 * Looks whether a password that somebody chose can be one.
 * @param whose what it is called in the error: `the password`
 * @throws FaultError when it is too short or too long, or could be typed nowhere
 */
export function checkPassword(password: string, whose: string): string {
  if ([...password].length < MIN_LENGTH) throw new FaultError(`${whose} is too short: it has to have at least ${MIN_LENGTH} characters`);
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw new FaultError(`${whose} is too long: it may have ${MAX_PASSWORD_BYTES} bytes`);
  if (/[\0\r\n]/.test(password)) throw new FaultError(`${whose} has more than one line: it has to be one`);
  return password;
}

/** @returns `scrypt:{log2 N}:{r}:{p}:{salt}:{key}`, the last two in base64url */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  // Only an admin gives passwords: those who guess them do not keep him waiting.
  const key = await derive(password, salt, true);
  return `scrypt:14:8:1:${salt.toString('base64url')}:${key.toString('base64url')}`;
}

/**
 * Is this the password that was hashed? What is no hash of ours matches none.
 * @param isKnown whether it comes from where right ones came from: then it goes before those that do not
 * @throws BusyError when too many are being checked already
 */
export async function isPassword(password: string, hash: string, isKnown = false): Promise<boolean> {
  const [, salt, key] = /^scrypt:14:8:1:([\w-]{22}):([\w-]{43})$/.exec(hash) ?? [];
  if (!salt || !key || Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), isKnown), Buffer.from(key, 'base64url'));
}

async function derive(password: string, salt: Buffer, isKnown: boolean): Promise<Buffer> {
  await turn(isKnown);
  const began = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(password, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  return await promise.finally(() => setTimeout(next, restAfter(began, performance.now())));
}

/** How long nothing is computed now, in ms. */
function restAfter(began: number, now: number): number {
  debt = { ms: Math.max(0, debt.ms - (now - debt.at) * SHARE) + now - began, at: now };
  return Math.max(0, debt.ms - BURST_MS) / SHARE;
}

function turn(isKnown: boolean): Promise<void> {
  if (!isBusy) {
    isBusy = true;
    return Promise.resolve();
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const firstUnknown = waiting.findIndex((each) => !each.isKnown);
  const place = isKnown && firstUnknown >= 0 ? firstUnknown : waiting.length;
  waiting.splice(place, 0, { isKnown, begin: resolve, refuse: reject });
  if (waiting.length > MAX_WAITING) waiting.pop()?.refuse(new BusyError(`${MAX_WAITING} passwords wait to be checked: try again later`));
  return promise;
}

function next(): void {
  const first = waiting.shift();
  if (first) first.begin();
  else isBusy = false;
}
