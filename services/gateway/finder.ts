import type { Channel } from './channel.ts';
import type { Roster } from './roster.ts';

/** After a connection to the bus its cameras are known within this time, in ms; and a bus that is there is connected to within that. */
const SETTLE_MS = 1_000;
const CONNECT_MS = 3_000;
/** So often it is looked for a camera, in ms. */
const LOOK_MS = 50;

/** Finds the camera that somebody asks for, whether or not it has been named. */
export class Finder {
  readonly #roster: Pick<Roster, 'get' | 'ids'>;
  readonly #wanted: string | undefined;
  readonly #settled = Promise.withResolvers<void>();

  /** @param wanted GATEWAY_DEFAULT_CAMERA */
  constructor(roster: Pick<Roster, 'get' | 'ids'>, wanted: string | undefined) {
    this.#roster = roster;
    this.#wanted = wanted;
    setTimeout(() => this.#settled.resolve(), CONNECT_MS).unref();
  }

  /** The bus is connected: its cameras show themselves now. */
  settle(): void {
    setTimeout(() => this.#settled.resolve(), SETTLE_MS).unref();
  }

  /** The camera meant when none is named, of those that may be seen: the only one, else the one set, else the first. */
  defaultId(mayView: (id: string) => boolean): string | undefined {
    const { ids } = this.#roster;
    const set = ids.find((id) => id === this.#wanted);
    return set !== undefined && mayView(set) ? set : ids.find(mayView);
  }

  /** The camera of this id, or the default one, if it may be seen. Just after a start it waits a moment for cameras to show themselves. */
  async find(id: string | undefined, mayView: (id: string) => boolean): Promise<Channel | undefined> {
    const known = () => {
      const wanted = id ?? this.defaultId(mayView);
      return wanted !== undefined && mayView(wanted) ? this.#roster.get(wanted)?.channel : undefined;
    };
    if (!known()) await Promise.race([this.#settled.promise, this.#shown(known)]);
    return known();
  }

  /** Looks for the camera again and again until it is there or no longer waited for. */
  async #shown(known: () => Channel | undefined): Promise<void> {
    let settled = false;
    void this.#settled.promise.then(() => {
      settled = true;
    });
    while (!settled && !known()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
