/** Passwords as they are kept: never themselves. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 16 MB and about 50 ms here, 150 ms on a Raspberry Pi 4 (RFC 7914, 2). FINDINGS measured 134 MB and 377 ms for 2^17: too much for a Pi. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };
const KEY_BYTES = 32;
/** One is computed at a time, whoever asks, and then as long a rest is kept: half a core at most. So many wait, and one more is told so. */
const MAX_WAITING = 16;
/** Longer ones are wrong without a look. */
export const MAX_PASSWORD_BYTES = 1_024;

/** Too many passwords are being checked. */
export class BusyError extends Error {
  override name = 'BusyError';
}

let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** @returns `scrypt:{log2 N}:{r}:{p}:{salt}:{key}`, the last two in base64url */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt:14:8:1:${salt.toString('base64url')}:${key.toString('base64url')}`;
}

/**
 * Is this the password that was hashed? What is no hash of ours matches none.
 * @throws BusyError when too many are being checked already
 */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, salt, key] = /^scrypt:14:8:1:([\w-]{22}):([\w-]{43})$/.exec(hash) ?? [];
  if (!salt || !key || Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url')), Buffer.from(key, 'base64url'));
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  if (waiting >= MAX_WAITING) return Promise.reject(new BusyError(`${MAX_WAITING} passwords are being checked already: try again later`));
  waiting++;
  let began = 0;
  const key = last.then(() => {
    began = performance.now();
    return new Promise<Buffer>((resolve, reject) => {
      scrypt(password, salt, KEY_BYTES, COST, (error, derived) => (error ? reject(error) : resolve(derived)));
    });
  });
  const rest = () => {
    waiting--;
    return new Promise((resolve) => setTimeout(resolve, performance.now() - began).unref());
  };
  // The next one begins whatever became of this one.
  last = key.then(rest, rest);
  return key;
}
