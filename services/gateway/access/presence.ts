import type { Rights } from '../../shared/rights.ts';
import type { Visitor } from './visitor.ts';

interface Stay {
  visitor: Visitor;
  look: (rights: Rights | null) => void;
}

/** Who watches now: whether he still may is looked at again and again, since a picture that flows asks for nothing any more. */
export class Presence {
  /** As many as there are viewers. */
  readonly #stays = new Set<Stay>();

  /**
   * @param look ends what he may not see any more; null: he is let in no more
   * @returns to be disposed of when he leaves by himself
   */
  stay(visitor: Visitor, look: (rights: Rights | null) => void): Disposable {
    const stay = { visitor, look };
    this.#stays.add(stay);
    return { [Symbol.dispose]: () => void this.#stays.delete(stay) };
  }

  /** To be called about once a second, and whenever somebody logs out. */
  tick(): void {
    for (const { visitor, look } of this.#stays) look(visitor.rights());
  }
}
