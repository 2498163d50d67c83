import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A browser stays logged in for so long, in ms. */
export const SESSION_MS = 30 * 86_400_000;
/** So many are kept; one more ends the oldest. */
const MAX_SESSIONS = 1_000;

const digest = (text: string) => createHash('sha256').update(text).digest('base64url');

/** Compares two secrets in a time that tells nothing of them. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}

/** Logged-in browsers. Only digests of their ids are kept, in memory and in `DATA_DIR/sessions.json`, so a restart logs nobody out. */
export class Sessions {
  readonly #file: string;
  /** Digest -> end, in ms since 1970 (they outlive the process, so its monotonic clock would not do). */
  readonly #ends = new Map<string, number>();

  constructor(dataDir: string) {
    this.#file = path.join(dataDir, 'sessions.json');
    for (const [id, end] of readEntries(this.#file)) this.#ends.set(id, end);
  }

  /** A new session's id, for the cookie. */
  begin(now: number): string {
    const id = randomBytes(24).toString('base64url');
    this.#ends.set(digest(id), now + SESSION_MS);
    for (const [oldest] of this.#ends) {
      if (this.#ends.size <= MAX_SESSIONS) break;
      this.#ends.delete(oldest);
    }
    this.#save();
    return id;
  }

  has(id: string, now: number): boolean {
    return (this.#ends.get(digest(id)) ?? 0) > now;
  }

  end(id: string): void {
    if (this.#ends.delete(digest(id))) this.#save();
  }

  #save(): void {
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#ends]), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // A full or read-only disk: sessions then last as long as this process, and nothing else suffers.
    }
  }
}

function readEntries(file: string): [string, number][] {
  try {
    const entries: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(entries)) return [];
    return entries
      .filter((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number')
      .slice(-MAX_SESSIONS);
  } catch {
    // None was ever written, or it is damaged: everybody logs in anew.
    return [];
  }
}
