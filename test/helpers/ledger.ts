import { readStamp, type Stamp, stampLength } from '../../services/shared/contract.ts';

/** Ages are told apart by 1 ms, up to this; an older picture counts as that old. */
const MAX_AGE_MS = 60_000;
/** Whoever has a frame within that time keeps up; one that is older had to wait for its reader, and then the broker leaves out others. */
export const KEEPS_UP_MS = 100;
/** More faults are counted, and not told. */
const MAX_FAULTS = 10;

/** What a subscriber got. */
export interface Got {
  frames: number;
  /** Numbers that were left out since the first frame, or since `settle`. */
  missed: number;
  /** Of these, the ones before which the reader kept up: nothing explains them. */
  lost: number;
  /** What was wrong with frames, in words. */
  faults: string[];
  lastSeq: number;
  /** Age of a frame when it was whole here, in ms. */
  age: { p50: number; p99: number; max: number };
}

/** Keeps the account of one subscriber: whether each frame is whole, new, and one that the webcam has. */
export class Ledger {
  /** Length -> the webcam's frames of that length. */
  readonly #known = new Map<number, Buffer[]>();
  readonly #ages = new Uint32Array(MAX_AGE_MS + 1);
  readonly #faults: string[] = [];
  #frames = 0;
  #missed = 0;
  #lost = 0;
  #lastSeq = -1;
  #lastAge = 0;

  /** @param webcam its frames as they are in its files: what comes has to be one of these, byte for byte, with a stamp */
  constructor(webcam: Buffer[]) {
    for (const frame of webcam) this.#known.set(frame.length, [...(this.#known.get(frame.length) ?? []), frame]);
  }

  /** @param user the MQTT 5 user properties that came with it, as mosquitto_sub writes them */
  take(jpeg: Buffer, user?: string): void {
    const stamp = readStamp(jpeg);
    this.#frames++;
    if (stamp) this.#note(jpeg, stamp, user);
    else this.#fault(`${jpeg.length} bytes without a stamp`);
  }

  /** What was missed until now does not count: programs were being started. */
  settle(): void {
    this.#missed = 0;
    this.#lost = 0;
    this.#ages.fill(0);
  }

  get got(): Got {
    const age = { p50: this.#ageAt(0.5), p99: this.#ageAt(0.99), max: this.#ageAt(1) };
    return { frames: this.#frames, missed: this.#missed, lost: this.#lost, faults: this.#faults, lastSeq: this.#lastSeq, age };
  }

  #note(jpeg: Buffer, { seq, t }: Stamp, user: string | undefined): void {
    if (user !== undefined && user !== `seq:${seq} t:${t}`) this.#fault(`frame ${seq} has the properties '${user}'`);
    if (!this.#isWhole(jpeg, seq)) this.#fault(`frame ${seq} of ${jpeg.length} bytes is none of the webcam's`);
    if (seq <= this.#lastSeq) this.#fault(`frame ${seq} after ${this.#lastSeq}`);
    else if (this.#lastSeq >= 0) this.#miss(seq - this.#lastSeq - 1);
    this.#lastSeq = seq;
    const age = Math.round(Math.min(MAX_AGE_MS, Math.max(0, Date.now() - t / 1000)));
    this.#ages[age] = (this.#ages[age] ?? 0) + 1;
    this.#lastAge = age;
  }

  #miss(count: number): void {
    this.#missed += count;
    if (this.#lastAge < KEEPS_UP_MS) this.#lost += count;
  }

  #isWhole(jpeg: Buffer, seq: number): boolean {
    const stamp = stampLength(seq);
    const bytes = jpeg.subarray(2 + stamp);
    return (this.#known.get(jpeg.length - stamp) ?? []).some((frame) => frame.subarray(2).equals(bytes));
  }

  #ageAt(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#ages.reduce((all, count) => all + count, 0)));
    let count = 0;
    return this.#ages.findIndex((each) => {
      count += each;
      return count >= wanted;
    });
  }

  #fault(what: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(what);
  }
}
