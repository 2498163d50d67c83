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
  /** What the doctor found, JSON. */
  found?: string;
  /** It came too soon: after so many seconds it may be tried again. */
  retrySeconds?: number;
}

/** What goes with a snapshot, beside its stamp, and with what the doctor found. */
export function userOf({ id }: { id?: string }): Record<string, string> | undefined {
  return id === undefined ? undefined : { id };
}
