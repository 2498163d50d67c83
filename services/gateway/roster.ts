import { MAX_CAMERAS } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';
import { REMOVED } from './darkness.ts';
import type { Line } from './line.ts';
import type { Sighting } from './sighting.ts';

export interface RosterTools {
  log: Logger;
  open: (id: string) => Line;
  /** Ends a line's connection, and takes back what it has announced. */
  close: (id: string, line: Line) => Promise<void>;
  /** A camera was added, has gone, or tells something else than before. */
  onChange: () => void;
}

/** The cameras that are known: those that tell of themselves, and, where room is left, those that only send pictures. */
export class Roster {
  readonly #tools: RosterTools;
  readonly #lines = new Map<string, Line>();
  readonly #closing = new Set<Promise<void>>();
  #toldFull = false;

  constructor(tools: RosterTools) {
    this.#tools = tools;
  }

  /** In order. */
  get ids(): string[] {
    return [...this.#lines.keys()].sort();
  }

  get lines(): Iterable<[string, Line]> {
    return this.#lines;
  }

  get(id: string): Line | undefined {
    return this.#lines.get(id);
  }

  /** The line of a camera that tells of itself, for which one that only sends pictures has to make room; undefined when there is none. */
  told(id: string): Line | undefined {
    return this.#lines.get(id) ?? this.#add(id, () => true);
  }

  /** A picture of a camera was seen that has told no state; false when there is no room for it. */
  seen(id: string, see: () => Sighting): boolean {
    const line = this.#lines.get(id) ?? this.#add(id, (other) => other.darkness !== null);
    if (!line) return false;
    const { camera } = line.channel;
    if (!camera.hasState) camera.sighting ??= see();
    line.listen();
    return true;
  }

  /** Lets a camera go: its viewers end, its commands too, and so does its line. */
  remove(id: string): void {
    const line = this.#lines.get(id);
    if (!line) return;
    this.#lines.delete(id);
    line.channel.remove();
    line.commands.drop(REMOVED);
    const closing = this.#tools.close(id, line).finally(() => {
      this.#closing.delete(closing);
      // One that is back already has announced its viewers before the old line took them back.
      this.#lines.get(id)?.bus.announceAgain();
    });
    this.#closing.add(closing);
    this.#tools.onChange();
  }

  /** Our broker has forgotten a camera, or somebody had it do so: one that only sent pictures, and is silent, has gone. */
  uncounted(id: string): void {
    const camera = this.#lines.get(id)?.channel.camera;
    if (camera?.isUntold && camera.sighting?.silence) this.remove(id);
  }

  /** Looks at cameras that only send pictures; to be called a few times a second while the bus is there. */
  tick(now: number, busTrouble: string | null): void {
    for (const [id, line] of this.#lines) {
      const { camera } = line.channel;
      if (!camera.sighting) continue;
      const isNews = camera.sighting.tick(now);
      line.listen();
      if (camera.isUntold && camera.sighting.isGone(now)) this.remove(id);
      else if (isNews) {
        line.channel.changed(busTrouble);
        this.#tools.onChange();
      }
    }
  }

  /** Ends all lines. */
  async close(): Promise<void> {
    const closing = [...this.#lines].map(([id, line]) => this.#tools.close(id, line));
    await Promise.all([...closing, ...this.#closing]);
  }

  #add(id: string, mayGo: (camera: Line['channel']['camera']) => boolean): Line | undefined {
    if (this.#lines.size >= MAX_CAMERAS && !this.#makeRoom(mayGo)) {
      if (!this.#toldFull) this.#tools.log.warn(`more than ${MAX_CAMERAS} cameras on the bus: ${id} and others are not served`);
      this.#toldFull = true;
      return undefined;
    }
    const line = this.#tools.open(id);
    this.#lines.set(id, line);
    this.#tools.onChange();
    return line;
  }

  /** Of those that only send pictures and may go the one goes that nobody watches, and that has been silent for longest. */
  #makeRoom(mayGo: (camera: Line['channel']['camera']) => boolean): boolean {
    const now = performance.now();
    const rank = ({ channel }: Line) => (channel.viewers > 0 ? 0 : 1 + (channel.camera.sighting?.silentFor(now) ?? 0));
    const [first] = [...this.#lines]
      .filter(([, { channel }]) => channel.camera.sighting && channel.camera.isUntold && mayGo(channel.camera))
      .sort(([, one], [, other]) => rank(other) - rank(one));
    if (first) this.remove(first[0]);
    return first !== undefined;
  }
}
