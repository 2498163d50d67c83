import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Accounts } from '../../shared/accounts.ts';
import { LoginLimit } from '../../shared/login-limit.ts';
import { BusyError, isPassword } from '../../shared/password.ts';
import { sameSecret } from './secret.ts';
import type { Subject } from './sessions.ts';

/** The name of whoever has the gateway's own password; it may be left out. */
export const ADMIN_NAME = 'admin';
/** Nobody guesses a password of so many random characters; the one that is made on the first start has 27. */
const UNGUESSABLE_LENGTH = 20;
/** What names of nobody's are compared with, so that they take as long. */
const NOBODYS_HASH = `scrypt:14:8:1:${'A'.repeat(22)}:${'A'.repeat(43)}`;
/** Where too many passwords are being checked, it is worth while to come back after so long, in ms. */
const BUSY_MS = 2_000;

export interface Attempt {
  name: string;
  password: string;
  address: string;
}

export type Verdict =
  | { is: 'right'; subject: Subject }
  | { is: 'wrong' }
  /** It was not looked at: too many wrong ones came, or too many come at once. */
  | { is: 'later'; ms: number };

/** Says whether a name and a password belong together, and slows down who guesses. */
export class Passwords {
  readonly #admin: string;
  readonly #accounts: Accounts;
  readonly #limit = new LoginLimit();
  readonly #key = randomBytes(32);
  /**
   * User -> the password that was right for its hash, as a digest under a key of this process: programs show theirs with each request. As
   * many as there are users.
   */
  readonly #remembered = new Map<string, { hash: string; keyed: Buffer }>();
  /** The same password for the same name is computed once for all who show it at a time. As many as password.ts lets wait. */
  readonly #underWay = new Map<string, Promise<boolean>>();

  /** @param admin the gateway's own password */
  constructor(admin: string, accounts: Accounts) {
    this.#admin = admin;
    this.#accounts = accounts;
  }

  async check({ name, password, address }: Attempt, now = performance.now()): Promise<Verdict> {
    const isAdmin = isAdminName(name) && sameSecret(password, this.#admin);
    const keyed = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest();
    const isKnown = isAdmin || this.#isRemembered(name, keyed);
    const right: Verdict = { is: 'right', subject: isAdmin ? { kind: 'admin', name: ADMIN_NAME } : { kind: 'user', name } };
    // Whoever guesses from the same address does not keep out those who need not guess.
    if (isKnown && password.length >= UNGUESSABLE_LENGTH) return right;
    let checking = this.#underWay.get(keyed.toString('base64url'));
    if (!checking) {
      const ms = this.#limit.admit(address, name || ADMIN_NAME, now);
      if (ms > 0) return { is: 'later', ms };
      // Counted before it is known, or many at once would all be looked at.
      this.#limit.failed(address, now);
      checking = isKnown ? Promise.resolve(true) : this.#check({ name, password, address }, keyed);
    }
    try {
      if (!(await checking)) return { is: 'wrong' };
      this.#limit.succeeded(address);
      return right;
    } catch (error) {
      if (error instanceof BusyError) return { is: 'later', ms: BUSY_MS };
      throw error;
    }
  }

  /** Forgets the passwords of users that have changed or gone. */
  forgetChanged(): void {
    for (const [name, { hash }] of this.#remembered) if (this.#accounts.get(name)?.hash !== hash) this.#remembered.delete(name);
  }

  #isRemembered(name: string, keyed: Buffer): boolean {
    const known = this.#remembered.get(name);
    return known !== undefined && known.hash === this.#accounts.get(name)?.hash && timingSafeEqual(known.keyed, keyed);
  }

  #check({ name, password, address }: Attempt, keyed: Buffer): Promise<boolean> {
    // That there is an admin everybody knows; of all others it takes as long whether or not they are there.
    const isAdmin = isAdminName(name) && !this.#accounts.get(name);
    if (isAdmin || this.#accounts.names.length === 0) return Promise.resolve(false);
    const id = keyed.toString('base64url');
    const checking = this.#isAccounts({ name, password, address }, keyed).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, checking);
    return checking;
  }

  async #isAccounts({ name, password, address }: Attempt, keyed: Buffer): Promise<boolean> {
    const hash = this.#accounts.get(name)?.hash ?? NOBODYS_HASH;
    // Looked at again afterwards, since it takes its time, and the account may be another one by then.
    const isRight = (await isPassword(password, hash, this.#limit.isKnown(address))) && this.#accounts.get(name)?.hash === hash;
    if (isRight) this.#remembered.set(name, { hash, keyed });
    return isRight;
  }
}

function isAdminName(name: string): boolean {
  return name === '' || name === ADMIN_NAME;
}
