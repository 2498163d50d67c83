import { useEffect, useState } from 'preact/hooks';
import type { Ui } from '../view/ui.ts';
import { type Deed, useDeed } from './deed.ts';
import { ask } from './request.ts';

/** What the gateway lists at `path`; null until it has come. `load` asks anew. */
export function useList<T>(ui: Ui, path: string, isWanted: boolean): { list: T[] | null; load: () => Promise<void>; loading: Deed } {
  const [list, setList] = useState<T[] | null>(null);
  const loading = useDeed(ui);
  const load = async () => {
    await loading.run(async () => setList(await ask<T[]>('GET', path)));
  };
  useEffect(() => {
    if (isWanted) void load();
  }, [path, isWanted]);
  return { list, load, loading };
}
