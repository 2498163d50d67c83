/** Makes, changes and removes users, in each folder that has to know them: for the command line and for the gateway. */
import { type Account, Accounts, USER_NAME } from './accounts.ts';
import { FaultError } from './fault.ts';
import { formatRights } from './rights.ts';

/** Names that HomeGuard's own users have, or that say more than a name should. */
const TAKEN = ['camera', 'gateway', 'homeassistant', 'healthcheck', 'bridge', 'admin'];

export interface User {
  name: string;
  /** As `--may` takes them. */
  may: string[];
  /** ISO 8601, UTC; null for one that was made before this was noted. */
  made: string | null;
}

/** To be made anew for each change, under `withLock` of users-lock.ts. */
export class Users {
  readonly #folders: Accounts[];

  /**
   * @param folders the first one's users are those that count, and the others get the same
   * @throws FaultError when they cannot be read
   */
  constructor(folders: readonly string[]) {
    this.#folders = folders.map((folder) => new Accounts(folder));
    for (const accounts of this.#folders) accounts.refresh();
  }

  list(): User[] {
    return this.#known.names.sort().map((name) => this.get(name));
  }

  has(name: string): boolean {
    return this.#known.get(name) !== undefined;
  }

  /** @throws FaultError when there is no such user */
  get(name: string): User {
    const { rights, made } = this.#account(name);
    return { name, may: formatRights(rights), made: made ?? null };
  }

  /**
   * Makes a user.
   * @param hash of its password
   * @throws FaultError when there is one of this name, or too many, or they cannot be written
   */
  add(name: string, { hash, rights }: Pick<Account, 'hash' | 'rights'>, now = Date.now()): void {
    if (this.has(name))
      throw new FaultError(
        `there is a user ${name} already: change what it may with "may", its password with "password", or remove it first`,
      );
    this.#set(name, { hash, rights, made: new Date(now).toISOString() });
  }

  /** Gives it another password, other rights, or both. */
  change(name: string, change: Partial<Pick<Account, 'hash' | 'rights'>>): void {
    this.#set(name, { ...this.#account(name), ...change });
  }

  remove(name: string): void {
    this.#account(name);
    this.#set(name, null);
  }

  get #known(): Accounts {
    return this.#folders[0] as Accounts;
  }

  #account(name: string): Account {
    const account = this.#known.get(name);
    if (account) return account;
    const names = this.#known.names.sort().join(', ');
    throw new FaultError(`there is no user ${name}: ${names ? `there are ${names}` : 'there are none yet'}`);
  }

  #set(name: string, account: Account | null): void {
    for (const accounts of this.#folders) accounts.set(name, account);
  }
}

/**
 * Looks whether a user may have this name.
 * @throws FaultError when not
 */
export function checkUserName(name: string): string {
  if (!USER_NAME.test(name))
    throw new FaultError(`"${name.slice(0, 40)}" is no user's name: a name is a small letter or digit, then at most 31 of a-z 0-9 _ . -`);
  if (TAKEN.includes(name)) throw new FaultError(`${name} is HomeGuard's own: choose another name`);
  return name;
}
