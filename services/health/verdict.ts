/** What a check found: one sentence, with cause and remedy where something is amiss. */
export interface Verdict {
  well: boolean;
  says: string;
}

export const well = (says: string): Verdict => ({ well: true, says });
export const unwell = (says: string): Verdict => ({ well: false, says });
