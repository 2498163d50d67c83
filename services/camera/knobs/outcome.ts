import type { Stamp } from '../../shared/contract.ts';

/** A picture as it goes out. */
export interface Taken {
  jpeg: Buffer;
  stamp: Stamp;
  /** As whoever asked for it has named it. */
  id?: string;
}

/** What became of a command. */
export interface Outcome {
  /** Why it was not done, a sentence; null when it was. */
  refused: string | null;
  /** As whoever sent it has named it. */
  id?: string;
  /** The picture that was asked for. */
  taken?: Taken;
}

/** What goes with a snapshot, beside its stamp. */
export function userOf({ id }: Taken): Record<string, string> | undefined {
  return id === undefined ? undefined : { id };
}
