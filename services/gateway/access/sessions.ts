import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { digest } from './secret.ts';

/** A browser stays logged in for so long after its login, and for so long after it was seen last, in ms. */
export const SESSION_MS = 30 * 86_400_000;
export const IDLE_MS = 14 * 86_400_000;
/** When it was seen last is noted so exactly, and kept so often at most, in ms. */
const SEEN_MS = 3_600_000;
const SAVE_MS = 60_000;
/** So many are kept in all, and so many of one user; one more ends the oldest. */
const MAX_SESSIONS = 1_000;
export const MAX_SESSIONS_EACH = 50;

/** Who logged in: with the gateway's own password or token, or as a user that was made. */
export interface Subject {
  kind: 'admin' | 'user';
  name: string;
}

/** What he logged in with, in a form that changes with it; null when there is no such user. */
export type CredentialOf = (subject: Subject) => string | null;

const session = v.object({
  id: v.string(),
  kind: v.picklist(['admin', 'user']),
  name: v.string(),
  /** The credential, keyed with the id: who reads the file has neither, and cannot try passwords on it. */
  proof: v.string(),
  /** In ms since 1970: they outlive the process, so its monotonic clock would not do. */
  began: v.number(),
  seen: v.number(),
});
type Session = v.InferOutput<typeof session>;

/** A session that was found; `key` is what it is known by while the process runs. */
export interface Found {
  key: string;
  subject: Subject;
}

/** Logged-in browsers. Only digests of their ids are kept, in memory and in `DATA_DIR/sessions.json`, so a restart logs nobody out. */
export class Sessions {
  readonly #file: string;
  readonly #credentialOf: CredentialOf;
  /** By the digest of the id, oldest first. */
  readonly #sessions = new Map<string, Session>();
  /** Since when something is not in the file yet. */
  #unsaved: number | null = null;

  constructor(dataDir: string, credentialOf: CredentialOf) {
    this.#file = path.join(dataDir, 'sessions.json');
    this.#credentialOf = credentialOf;
    for (const entry of readEntries(this.#file)) this.#sessions.set(entry.id, entry);
  }

  /** A new session's id, for the cookie. The subject has a credential. */
  begin(subject: Subject, now: number): string {
    const id = randomBytes(24).toString('base64url');
    const proof = proofOf(id, this.#credentialOf(subject) ?? '');
    this.#sessions.set(digest(id), { id: digest(id), ...subject, proof, began: now, seen: now });
    this.#makeRoom(subject);
    this.#save();
    return id;
  }

  /** The session of this id, if it still counts: not ended, not too old, and its user's credential is the one it began with. */
  find(id: string, now: number): Found | null {
    const key = digest(id);
    const found = this.#sessions.get(key);
    if (!found) return null;
    const { kind, name, proof } = found;
    const credential = this.#credentialOf({ kind, name });
    if (!this.has(key, now) || credential === null || proofOf(id, credential) !== proof) {
      this.end(key);
      return null;
    }
    if (now - found.seen >= SEEN_MS) {
      found.seen = now;
      this.#unsaved ??= now;
    }
    return { key, subject: { kind, name } };
  }

  /** Has it neither ended nor run out? */
  has(key: string, now: number): boolean {
    const found = this.#sessions.get(key);
    return found !== undefined && now - found.began < SESSION_MS && now - found.seen < IDLE_MS;
  }

  end(key: string): void {
    if (this.#sessions.delete(key)) this.#save();
  }

  /** Ends all of a user. */
  endAll({ kind, name }: Subject): void {
    for (const [key, each] of this.#sessions) if (each.kind === kind && each.name === name) this.#sessions.delete(key);
    this.#save();
  }

  /** Puts into the file what is not there yet; to be called now and then. */
  tick(now: number): void {
    if (this.#unsaved !== null && now - this.#unsaved >= SAVE_MS) this.#save();
  }

  #makeRoom({ kind, name }: Subject): void {
    const own = [...this.#sessions].filter(([, each]) => each.kind === kind && each.name === name).map(([key]) => key);
    const tooMany = [...own.slice(0, -MAX_SESSIONS_EACH), ...[...this.#sessions.keys()].slice(0, -MAX_SESSIONS)];
    for (const key of tooMany) this.#sessions.delete(key);
  }

  #save(): void {
    this.#unsaved = null;
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#sessions.values()]), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // A full or read-only disk: sessions then last as long as this process, and nothing else suffers.
    }
  }
}

function proofOf(id: string, credential: string): string {
  return createHmac('sha256', id).update(credential).digest('base64url');
}

function readEntries(file: string): Session[] {
  try {
    const entries: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(entries)) return [];
    return entries.filter((entry) => v.is(session, entry)).slice(-MAX_SESSIONS);
  } catch {
    // None was ever written, or it is damaged: everybody logs in anew.
    return [];
  }
}
