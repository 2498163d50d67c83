/** The users that `npm run user` and the gateway make, in `DATA_DIR/users.json`: the broker and the gateway know the same ones. */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fchownSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FaultError } from './fault.ts';
import { formatRights, parseRights, type Rights } from './rights.ts';
import { readSecret } from './secrets.ts';

/** A user's name: it stands in logs and in topics. */
export const USER_NAME = /^[a-z0-9][a-z0-9_.-]{0,31}$/;
/** The parts of HomeGuard that know users. In containers and under systemd each has a folder of its own below DATA_DIR. */
const PARTS = ['broker', 'gateway'];
/** So many there may be. */
const MAX_ACCOUNTS = 100;

export interface Account {
  /** As `hashPassword` makes it. */
  hash: string;
  rights: Rights;
  /** ISO 8601, UTC; older versions did not note it. */
  made?: string;
}

const stored = v.record(
  v.pipe(v.string(), v.regex(USER_NAME)),
  v.object({
    password: v.pipe(v.string(), v.maxLength(256)),
    may: v.pipe(v.array(v.string()), v.maxLength(64)),
    made: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  }),
);

/** Users as the file has them now; it is read again when it has changed. */
export class Accounts {
  readonly #file: string;
  #version = '';
  #accounts: ReadonlyMap<string, Account> = new Map();

  constructor(dataDir: string) {
    this.#file = path.join(dataDir, 'users.json');
  }

  /**
   * Reads the file if it has changed since. Cheap: to be called before each look, or about once a second.
   * @returns whether it has
   * @throws FaultError when it cannot be read or is damaged; whoever was known before still is
   */
  refresh(): boolean {
    const version = versionOf(this.#file);
    if (version === this.#version) return false;
    this.#accounts = version ? readAccounts(this.#file) : new Map();
    this.#version = version;
    return true;
  }

  get(name: string): Account | undefined {
    return this.#accounts.get(name);
  }

  get names(): string[] {
    return [...this.#accounts.keys()];
  }

  /** Adds or changes a user, or takes one away (null), and writes the file. Throws FaultError when that cannot be done. */
  set(name: string, account: Account | null): void {
    this.refresh();
    const accounts = new Map(this.#accounts);
    if (account) accounts.set(name, account);
    else accounts.delete(name);
    if (accounts.size > MAX_ACCOUNTS) throw new FaultError(`there are ${MAX_ACCOUNTS} users already: remove one first`);
    writeAccounts(this.#file, accounts);
    this.refresh();
  }
}

/** The folders whose users are to be the same: those of the services, where they have some of their own, else `dataDir` itself. */
export function accountFolders(dataDir: string): string[] {
  const own = PARTS.map((part) => path.join(dataDir, part)).filter((folder) => existsSync(path.join(folder, 'secrets')));
  return own.length > 0 ? own : [dataDir];
}

/**
 * Has the broker a folder of its own, with the users that count on MQTT? Then setup has put the gateway's password for it into this one, and
 * none of the others that the broker makes.
 */
export function isBrokerElsewhere(dataDir: string): boolean {
  return readSecret(dataDir, 'mqtt-gateway') !== undefined && readSecret(dataDir, 'mqtt-homeassistant') === undefined;
}

/** Empty: there is no file. A change within a tick of the clock shows in the inode, since each write makes a new file. */
function versionOf(file: string): string {
  const { mtimeNs, ino, size } = statSync(file, { bigint: true, throwIfNoEntry: false }) ?? {};
  return ino === undefined ? '' : `${mtimeNs}-${ino}-${size}`;
}

function readAccounts(file: string): Map<string, Account> {
  try {
    const entries = Object.entries(v.parse(stored, JSON.parse(readFileSync(file, 'utf8'))));
    return new Map(
      entries.map(([name, { password, may, made }]) => [name, { hash: password, rights: parseRights(may), ...(made && { made }) }]),
    );
  } catch (error) {
    throw new FaultError(
      `the users in ${file} cannot be read (${(error as Error).message}): mend the file, or delete it and add them anew`,
      {
        cause: error,
      },
    );
  }
}

function writeAccounts(file: string, accounts: ReadonlyMap<string, Account>): void {
  const entries = [...accounts].map(([name, { hash, rights, made }]) => [name, { password: hash, may: formatRights(rights), made }]);
  const draft = `${file}.${randomUUID()}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFor(path.dirname(file), draft, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw new FaultError(`no user can be written to ${file} (${code}): set DATA_DIR to a folder that can be written`, { cause: error });
  }
}

/** Root makes users for services that have users of their own: the new file belongs to whom the folder belongs, and is no link (x). */
function writeFor(folder: string, file: string, text: string): void {
  const { uid, gid } = statSync(folder);
  const fd = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(fd, text);
    if (process.getuid?.() !== uid) fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}
