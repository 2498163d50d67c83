import { Demand } from './demand.ts';

/** A page that is loaded again leaves for a moment: the source stays open for so long. */
const LINGER_MS = 2_000;
/** After a reconnection the counters' retained values are back by then. */
const RECOUNT_MS = 2_000;

export interface AudienceParts {
  /** Every frame is wanted, whoever watches. */
  always: boolean;
  /** The source is needed without viewers, too: for previews, for a snapshot. */
  isNeeded: () => boolean;
  /** The camera is switched off: nobody gets anything. */
  isOff: () => boolean;
  source: { readonly isOpen: boolean; open: () => void };
  /** Nobody has wanted the source for a while. */
  close: () => void;
  /** Whether somebody wants every frame, and whether the source is open, where that is known. */
  tell: (news: { watched: boolean; open?: boolean }) => void;
  /** So many small frames a second are wanted; 0: none. */
  wantSmall: (fps: number) => void;
}

/** Who wants a camera's frames: opens its source for them, and has it closed some time after the last one has left. */
export class Audience implements Disposable {
  readonly #parts: AudienceParts;
  readonly #demand = new Demand();
  #recountTimer: NodeJS.Timeout | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(parts: AudienceParts) {
    this.#parts = parts;
  }

  /** All of them, of whole frames and of small ones. */
  get viewers(): number {
    return this.#demand.viewers + this.#demand.small.viewers;
  }

  /** Does somebody want every frame, whole? */
  get isWatching(): boolean {
    return this.#parts.always || this.#demand.viewers > 0;
  }

  /** What a counter tells on `topic`. */
  count(topic: string, text: string): void {
    this.#demand.count(counterOf(topic), text);
    this.look();
  }

  /** What a counter tells on `topic` of those who want small frames. */
  countSmall(topic: string, text: string): void {
    this.#demand.countSmall(counterOf(topic), text);
    this.look();
  }

  /** On a new connection the counters come anew; until then the old ones hold, so that frames go on flowing. */
  recount(): void {
    if (this.#isOver) return;
    this.#demand.doubtAll();
    clearTimeout(this.#recountTimer);
    this.#recountTimer = setTimeout(() => {
      this.#demand.forgetDoubted();
      this.look();
    }, RECOUNT_MS);
  }

  /** Something has changed: opens the source when it is wanted, and has it closed some time after nobody wants it. */
  look(): void {
    clearTimeout(this.#lingerTimer);
    if (this.#isOver) return;
    const { source, isNeeded, isOff, tell, close, wantSmall } = this.#parts;
    const { fps } = this.#demand.small;
    wantSmall(isOff() ? 0 : fps);
    if (isOff()) return;
    const watched = this.isWatching || fps > 0;
    if (watched || isNeeded()) {
      source.open();
      tell({ watched, open: true });
      return;
    }
    tell(source.isOpen ? { watched: false } : { watched: false, open: false });
    if (source.isOpen) this.#lingerTimer = setTimeout(close, LINGER_MS);
  }

  /** Nothing is opened or closed from now on. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#recountTimer);
    clearTimeout(this.#lingerTimer);
  }
}

function counterOf(topic: string): string {
  return topic.slice(topic.lastIndexOf('/') + 1);
}
