import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Accounts } from '../shared/accounts.ts';
import { LoginLimit } from '../shared/login-limit.ts';
import { BusyError, isPassword } from '../shared/password.ts';

/** Nobody guesses a password of so many random characters; those that the broker makes have 27. One that somebody typed may be shorter. */
const UNGUESSABLE_LENGTH = 20;
/** What names of nobody's are compared with, so that they take as long. */
const NOBODYS_HASH = `scrypt:14:8:1:${'A'.repeat(22)}:${'A'.repeat(43)}`;
/** Peers on this machine's own ways, where only our services are: others' failures do not slow them down. */
const OWN_WAYS = new Set(['unix socket', 'this process']);

export interface Attempt {
  user: string | undefined;
  password: Buffer | undefined;
  address: string;
}

const digest = (text: string | Buffer) => createHash('sha256').update(text).digest();

/** Says whether a name and a password belong together: of the broker's own users, or of those that were made. */
export class Logins {
  readonly #own: ReadonlyMap<string, { digest: Buffer; isGuessable: boolean }>;
  readonly #accounts: Accounts;
  readonly #limit = new LoginLimit();
  /** Account -> the password that was right for its hash, as a digest under a key of this process: the next login costs nothing. */
  readonly #remembered = new Map<string, { hash: string; digest: Buffer }>();
  readonly #key = randomBytes(32);

  /** @param own name -> password of the broker's own users */
  constructor(own: ReadonlyMap<string, string>, accounts: Accounts) {
    this.#own = new Map([...own].map(([user, password]) => [user, { digest: digest(password), isGuessable: isGuessable(password) }]));
    this.#accounts = accounts;
  }

  isOwnUser(user: string): boolean {
    return this.#own.has(user);
  }

  /** @returns `later`: there were too many wrong ones, so this one was not looked at */
  async check({ user = '', password, address }: Attempt, now = performance.now()): Promise<'right' | 'wrong' | 'later'> {
    // Nothing was guessed.
    if (!password) return 'wrong';
    const own = this.#own.get(user);
    const isOwn = own !== undefined && timingSafeEqual(digest(password), own.digest);
    // Whoever fails beside them, from the same machine perhaps, does not keep our services out.
    if (isOwn && !own.isGuessable) return 'right';
    const isLimited = !OWN_WAYS.has(address);
    if (isLimited && this.#limit.admit(address, user, now) > 0) return 'later';
    try {
      const isRight = own ? isOwn : await this.#isAccounts({ user, password, isKnown: !isLimited || this.#limit.isKnown(address) });
      if (isLimited && isRight) this.#limit.succeeded(address);
      else if (isLimited) this.#limit.failed(address, now);
      return isRight ? 'right' : 'wrong';
    } catch (error) {
      if (error instanceof BusyError) return 'later';
      throw error;
    }
  }

  /** Forgets the passwords of accounts that have changed or gone. */
  forgetChanged(): void {
    for (const [user, { hash }] of this.#remembered) if (this.#accounts.get(user)?.hash !== hash) this.#remembered.delete(user);
  }

  async #isAccounts({ user, password, isKnown }: { user: string; password: Buffer; isKnown: boolean }): Promise<boolean> {
    if (this.#accounts.names.length === 0) return false;
    const hash = this.#accounts.get(user)?.hash ?? NOBODYS_HASH;
    const keyed = createHmac('sha256', this.#key).update(password).digest();
    const known = this.#remembered.get(user);
    if (known?.hash === hash && timingSafeEqual(known.digest, keyed)) return true;
    // Looked at again afterwards, since it takes its time, and the account may be another one by then.
    const isRight = (await isPassword(password.toString(), hash, isKnown)) && this.#accounts.get(user)?.hash === hash;
    if (isRight) this.#remembered.set(user, { hash, digest: keyed });
    return isRight;
  }
}

function isGuessable(password: string): boolean {
  return password.length < UNGUESSABLE_LENGTH;
}
