import type { Bus } from '../../shared/bus.ts';
import { bridgeTopic } from '../../shared/contract.ts';
import { GatheringLog } from '../../shared/gathering-log.ts';
import type { Logger } from '../../shared/log.ts';
import { Pulse } from '../../shared/pulse.ts';
import { type Hello, readHello, twins } from './hello.ts';

/** Another bridge may come to the house's broker at any time, and what is wrong may be mended; one that comes to ours is seen. */
const RHYTHM = { everyMs: 30_000, soonMs: 500 };

export interface GreeterParts {
  prefix: string;
  here: Bus;
  there: Bus;
  /** Ours, as it is now. */
  hello: () => Hello;
  /** Whether what we say at the house's broker comes back to ours; then whatever crossed would go round and round. */
  circle: (isCircle: boolean) => void;
  log: Logger;
}

/** Says hello at the house's broker, and listens who else does, on both sides. */
export class Greeter {
  readonly #parts: GreeterParts;
  readonly #gathering: GatheringLog;
  readonly #pulse = new Pulse(RHYTHM, () => void this.#greet());
  #isCircle = false;
  /** Ours was heard on our own bus since it was said last. */
  #isEchoed = false;
  #isTaken = true;

  constructor(parts: GreeterParts) {
    const { prefix, here, there, log } = parts;
    this.#parts = parts;
    this.#gathering = new GatheringLog(log);
    there.subscribe(bridgeTopic(prefix), ({ payload }) => this.#heardThere(readHello(payload)));
    here.subscribe(bridgeTopic(prefix), ({ payload }) => this.#heardHere(readHello(payload)));
    there.onChange((connected) => connected && this.#pulse.soon());
  }

  start(): void {
    this.#pulse.start();
  }

  stop(): void {
    this.#pulse.stop();
  }

  /** Somebody has come who may be another bridge. */
  soon(): void {
    this.#pulse.soon();
  }

  async #greet(): Promise<void> {
    const { prefix, there, hello, log } = this.#parts;
    if (!there.connected) return;
    if (this.#isCircle && !this.#isEchoed) this.#setCircle(false);
    this.#isEchoed = false;
    const isTaken = await there.deliver(bridgeTopic(prefix), JSON.stringify(hello()));
    if (!there.connected) return;
    if (!isTaken && this.#isTaken)
      log.warn(`the house's broker takes nothing from us: give our user there the right to publish ${prefix}/#`);
    this.#isTaken = isTaken;
  }

  #heardThere(theirs: Hello | null): void {
    const cameras = theirs ? twins(this.#parts.hello(), theirs) : [];
    if (cameras.length === 0) return;
    const sentence = "another HomeGuard brings a camera of the same id to the house's broker: give one of them another CAMERA_ID";
    this.#gathering.tell('warn', sentence, { cameras: cameras.join(','), host: theirs?.host });
  }

  #heardHere(heard: Hello | null): void {
    if (heard?.bridge !== this.#parts.hello().bridge) return;
    this.#isEchoed = true;
    if (!this.#isCircle) this.#setCircle(true);
  }

  #setCircle(isCircle: boolean): void {
    this.#isCircle = isCircle;
    if (isCircle)
      this.#parts.log.warn("another bridge brings back what we bring to the house's broker, so we bring nothing: take away one of the two");
    else this.#parts.log.info("nothing comes back from the house's broker any more: the cameras are brought there again");
    this.#parts.circle(isCircle);
  }
}
