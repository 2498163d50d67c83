import { isBrokerElsewhere } from '../../shared/accounts.ts';
import { Users } from '../../shared/users.ts';
import { withLock } from '../../shared/users-lock.ts';

/** The users, as an admin sees and changes them. */
export class UserBook {
  readonly #dataDir: string;
  readonly #changed: () => void;

  /** @param changed is called after each change, before whoever made it is told */
  constructor(dataDir: string, changed: () => void) {
    this.#dataDir = dataDir;
    this.#changed = changed;
  }

  /**
   * The broker has users of its own, which the gateway cannot change: in containers and under systemd no service may write into the folder of
   * another, so that whoever takes over the gateway makes himself no user of the bus.
   */
  get isReadOnly(): boolean {
    return isBrokerElsewhere(this.#dataDir);
  }

  /** As of now. Throws FaultError when they cannot be read. */
  read(): Users {
    return new Users([this.#dataDir]);
  }

  /**
   * Does `work` while nobody else changes them; what counts no more ends at once.
   * @throws FaultError when they cannot be read or written
   */
  async change<T>(work: (users: Users) => T): Promise<T> {
    const done = await withLock(this.#dataDir, () => work(this.read()));
    this.#changed();
    return done;
  }
}
