import { clientIdPrefix } from '../shared/contract.ts';
import { may, type Rights } from '../shared/rights.ts';

/** Ids of connections and kept sessions that are remembered; for one more the one that was claimed first, and has no connection, is anybody's. */
const MAX_IDS = 4_096;

/** A connection, as far as it matters whose its id is: `clean` tells, when it ends, that no session is kept. */
export interface Holder {
  readonly clean: boolean;
  readonly closed: boolean;
}

interface Claim {
  user: string | undefined;
  holder: Holder;
}

/** Whose a client id is: a connection with the id of another one ends that, and would take over its session [MQTT-3.1.4-3]. */
export class ClientIds {
  readonly #claims = new Map<string, Claim>();
  readonly #reserved: { begin: string; isFor: (user: string | undefined, rights: Rights | null, rest: string) => boolean; whose: string }[];

  constructor(prefix: string) {
    this.#reserved = [
      {
        begin: clientIdPrefix(prefix, 'camera'),
        // The camera service of another machine may log in as a user that may be just this camera.
        isFor: (user, rights, camera) => user === 'camera' || (rights !== null && may(rights, 'publish', camera)),
        whose: 'the camera services, and users with the right publish:{camera}',
      },
      {
        begin: clientIdPrefix(prefix, 'gateway'),
        isFor: (user, rights) => user === 'gateway' || rights?.admin === true,
        whose: 'the gateways',
      },
      { begin: clientIdPrefix(prefix, 'broker-bridge'), isFor: (user) => user === 'bridge', whose: "the broker's own bridge" },
    ];
  }

  /**
   * Takes the id for a user's connection.
   * @param rights of a user that was made
   * @returns why it is not theirs, a sentence; null when it is
   */
  claim(id: string, user: string | undefined, rights: Rights | null, holder: Holder): string | null {
    for (const { begin, isFor, whose } of this.#reserved)
      if (id.startsWith(begin) && !isFor(user, rights, id.slice(begin.length))) return `ids that begin with ${begin} are for ${whose}`;
    const known = this.#claims.get(id);
    if (known && known.user !== user) return 'another user has a connection, or a session that is kept, with this id';
    this.#claims.delete(id);
    this.#claims.set(id, { user, holder });
    this.#makeRoom();
    return null;
  }

  /** The connection has ended; its id stays its user's as long as the session is kept. */
  release(id: string, holder: Holder): void {
    if (holder.clean && this.#claims.get(id)?.holder === holder) this.#claims.delete(id);
  }

  /** A kept session has come to its end. */
  forget(id: string): void {
    if (this.#claims.get(id)?.holder.closed) this.#claims.delete(id);
  }

  #makeRoom(): void {
    for (const [id, { holder }] of this.#claims) {
      if (this.#claims.size <= MAX_IDS) return;
      if (holder.closed) this.#claims.delete(id);
    }
  }
}
