import { useState } from 'preact/hooks';
import { LoginNeeded } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { Refusal } from './request.ts';

export interface Deed {
  isBusy: boolean;
  /** Why the last one was not done; null when it was. */
  fault: Refusal | null;
  /** What was wrong is being mended. */
  forget(): void;
  /** Resolves to whether it was done. */
  run(work: () => Promise<void>): Promise<boolean>;
}

/** Something that the gateway is asked to do, and what became of it. */
export function useDeed(ui: Ui): Deed {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Refusal | null>(null);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setFault(null);
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof LoginNeeded) ui.station.logIn();
      else setFault(error instanceof Refusal ? error : new Refusal(ui.words.noAnswer, 0, null));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, fault, forget: () => setFault(null), run };
}
