/** Tokens with a name and rights of their own, for programs; the file has only digests of them. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { USER_NAME } from '../../shared/accounts.ts';
import { CAMERA_ID } from '../../shared/contract.ts';
import { FaultError } from '../../shared/fault.ts';
import { ADMIN, parseRights, type Rights } from '../../shared/rights.ts';
import { digest, makeSecret } from './secret.ts';
import type { Visitor } from './visitor.ts';

/** So many there may be, and so many cameras one may be for. */
export const MAX_TOKENS = 100;
const MAX_CAMERAS = 64;
/** When one was used last is told so exactly, in ms. */
const USED_MS = 60_000;

const kind = {
  name: v.pipe(v.string(), v.regex(USER_NAME)),
  right: v.picklist(['view', 'control', 'admin']),
  /** Null: every camera. */
  cameras: v.nullable(v.pipe(v.array(v.pipe(v.string(), v.regex(CAMERA_ID))), v.minLength(1), v.maxLength(MAX_CAMERAS))),
};

/** What somebody wants of a token. */
export const wantedToken = v.pipe(
  v.strictObject({ ...kind, cameras: v.optional(kind.cameras, null) }),
  v.check(({ right, cameras }) => right !== 'admin' || cameras === null),
);
export type WantedToken = v.InferOutput<typeof wantedToken>;

const kept = v.object({
  ...kind,
  digest: v.string(),
  made: v.pipe(v.string(), v.isoTimestamp()),
  /** The user who made it, and his password's hash then, as a digest with the token's; none: the gateway's own admin did. */
  by: v.optional(v.object({ name: v.string(), proof: v.string() })),
});
type Kept = v.InferOutput<typeof kept>;

/** A token as it is shown: never itself. Times in ISO 8601, UTC; `used` is null while it was not since the gateway started. */
export interface ShownToken extends WantedToken {
  made: string;
  used: string | null;
  /** The user who made it; null: HomeGuard's own admin. */
  by: string | null;
  /** It is good for nothing any more: that user is gone, no admin, or has another password. */
  ended: boolean;
}

/** The hash of an admin's password; null when there is no such user, or he is no admin. */
export type AdminHashOf = (name: string) => string | null;

export class Tokens {
  readonly #file: string;
  readonly #adminHashOf: AdminHashOf;
  /** By their digest. */
  #tokens: ReadonlyMap<string, Kept>;
  /** Digest -> ms since 1970. In memory only: a file that is written at each use would be worn for little. */
  readonly #used = new Map<string, number>();

  /** @throws FaultError when the file is there and cannot be read */
  constructor(dataDir: string, adminHashOf: AdminHashOf) {
    this.#adminHashOf = adminHashOf;
    this.#file = path.join(dataDir, 'tokens.json');
    this.#tokens = new Map(readTokens(this.#file).map((token) => [token.digest, token]));
  }

  list(): ShownToken[] {
    return [...this.#tokens.values()].map((each) => {
      const { digest: key, by, ...token } = each;
      const used = this.#used.get(key);
      return {
        ...token,
        used: used === undefined ? null : new Date(used).toISOString(),
        by: by?.name ?? null,
        ended: this.#hasEnded(each),
      };
    });
  }

  has(name: string): boolean {
    return [...this.#tokens.values()].some((token) => token.name === name);
  }

  /** The user behind whoever makes a token: himself, or who made the token that he shows; null: HomeGuard's own admin. */
  makerOf({ kind, name }: Pick<Visitor, 'kind' | 'name'>): string | null {
    if (kind === 'token') return [...this.#tokens.values()].find((token) => token.name === name)?.by?.name ?? null;
    return this.#adminHashOf(name) === null || kind === 'admin' ? null : name;
  }

  /**
   * Makes a token; the name is free.
   * @param by `makerOf` whoever asks: it ends when he does
   * @returns the secret, which is kept nowhere
   * @throws FaultError when there is no room for it, or it cannot be written
   */
  make(wanted: WantedToken, now: number, by: string | null = null): string {
    if (this.#tokens.size >= MAX_TOKENS) throw new FaultError(`there are ${MAX_TOKENS} tokens already: remove one first`);
    const secret = makeSecret();
    const key = digest(secret);
    const maker = by !== null && { by: { name: by, proof: this.#proofOf(key, by) ?? '' } };
    this.#write(new Map([...this.#tokens, [key, { ...wanted, digest: key, made: new Date(now).toISOString(), ...maker }]]));
    return secret;
  }

  /** @returns whether there was one. Throws FaultError when that cannot be written */
  remove(name: string): boolean {
    const [key] = [...this.#tokens].find(([, token]) => token.name === name) ?? [];
    if (key === undefined) return false;
    this.#write(new Map([...this.#tokens].filter(([each]) => each !== key)));
    this.#used.delete(key);
    return true;
  }

  /** The token that this secret is: its name, and its key, by which `rightsOf` knows it. */
  find(secret: string, now: number): { key: string; name: string } | null {
    const key = digest(secret);
    const token = this.#tokens.get(key);
    if (!token || this.#hasEnded(token)) return null;
    this.#used.set(key, now - (now % USED_MS));
    return { key, name: token.name };
  }

  /** What it may do; null when it was removed, or its maker is no admin any more. */
  rightsOf(key: string): Rights | null {
    const token = this.#tokens.get(key);
    return token && !this.#hasEnded(token) ? rightsOf(token) : null;
  }

  #hasEnded({ digest: key, by }: Kept): boolean {
    return by !== undefined && this.#proofOf(key, by.name) !== by.proof;
  }

  #proofOf(key: string, name: string): string | null {
    const hash = this.#adminHashOf(name);
    return hash === null ? null : digest(`${key}\0${hash}`);
  }

  #write(tokens: ReadonlyMap<string, Kept>): void {
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(`${this.#file}.new`, `${JSON.stringify([...tokens.values()], null, 2)}\n`, { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new FaultError(`tokens cannot be written to ${this.#file} (${code}): set DATA_DIR to a folder that can be written`, {
        cause: error,
      });
    }
    // Only now, or one that is told to be gone would be back after a restart.
    this.#tokens = tokens;
  }
}

function rightsOf({ right, cameras }: WantedToken): Rights {
  if (right === 'admin') return ADMIN;
  const power = right === 'view' ? 'read' : 'control';
  return parseRights((cameras ?? ['*']).map((camera) => `${power}:${camera}`));
}

function readTokens(file: string): Kept[] {
  try {
    return v.parse(v.pipe(v.array(kept), v.maxLength(MAX_TOKENS)), JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new FaultError(
      `the tokens in ${file} cannot be read (${(error as Error).message}): mend the file, or delete it and make them anew`,
      { cause: error },
    );
  }
}
