/** Secrets of random characters, and how they are compared and kept. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * As what a random secret is kept. A fast digest is enough for one of 160 random bits: nobody tries 2^160. (Passwords, which people choose,
 * are kept as services/shared/password.ts has it.)
 */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** 160 random bits, as text for addresses and headers. */
export function makeSecret(): string {
  return randomBytes(20).toString('base64url');
}

/** Compares two secrets in a time that tells nothing of them. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}
