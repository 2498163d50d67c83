/** Makes, changes and removes users, in each folder that has to know them. */
import { randomBytes } from 'node:crypto';
import { type Account, Accounts, accountFolders } from '../shared/accounts.ts';
import { FaultError } from '../shared/fault.ts';
import { hashPassword } from '../shared/password.ts';
import { formatRights, type Rights } from '../shared/rights.ts';

export interface User {
  name: string;
  /** As `--may` takes them. */
  may: string[];
}

export class Users {
  readonly #folders: Accounts[];

  /** @throws FaultError when the users cannot be read */
  constructor(dataDir: string) {
    this.#folders = accountFolders(dataDir).map((folder) => new Accounts(folder));
    for (const accounts of this.#folders) accounts.refresh();
  }

  list(): User[] {
    return this.#known.names.sort().map((name) => ({ name, may: formatRights(this.#get(name).rights) }));
  }

  /**
   * Makes a user.
   * @param password random unless given
   * @returns the password, which is kept nowhere
   */
  async add(name: string, rights: Rights, password = makePassword()): Promise<string> {
    if (this.#known.get(name))
      throw new FaultError(
        `there is a user ${name} already: change what it may with "may", its password with "password", or remove it first`,
      );
    this.#set(name, { hash: await hashPassword(password), rights });
    return password;
  }

  setRights(name: string, rights: Rights): void {
    this.#set(name, { ...this.#get(name), rights });
  }

  /** @returns the password, which is kept nowhere */
  async setPassword(name: string, password = makePassword()): Promise<string> {
    this.#set(name, { ...this.#get(name), hash: await hashPassword(password) });
    return password;
  }

  remove(name: string): void {
    this.#get(name);
    this.#set(name, null);
  }

  /** The first folder is the broker's, or the only one. */
  get #known(): Accounts {
    return this.#folders[0] as Accounts;
  }

  #get(name: string): Account {
    const account = this.#known.get(name);
    if (account) return account;
    const names = this.#known.names.sort().join(', ');
    throw new FaultError(`there is no user ${name}: ${names ? `there are ${names}` : 'there are none yet'}`);
  }

  #set(name: string, account: Account | null): void {
    for (const accounts of this.#folders) accounts.set(name, account);
  }
}

/** 160 random bits. */
function makePassword(): string {
  return randomBytes(20).toString('base64url');
}
