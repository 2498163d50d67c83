import { type ComponentChildren, Fragment, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Ui } from '../view/ui.ts';
import { Adding } from './adding.ts';
import { useDeed } from './deed.ts';
import { Trouble } from './form.ts';
import { ask } from './request.ts';
import { keyWords } from './words.ts';

interface Props<T> {
  ui: Ui;
  /** Where the gateway lists them. */
  path: string;
  isShown: boolean;
  intro: string;
  /** Said behind the intro while there are none. */
  none: string;
  /** The button that adds one, and the form that it opens. */
  add: { id: string; label: string; form: (onMade: () => void, onEnd: () => void) => ComponentChildren };
  /** @param onChange asks for the list anew */
  entry: (item: T, onChange: () => Promise<void>) => JSX.Element;
}

/** The users or the tokens, as the gateway lists them, below what adds another. */
export function List<T>({ ui, path, isShown, intro, none, add, entry }: Props<T>): JSX.Element {
  const [list, setList] = useState<T[] | null>(null);
  const { run, fault } = useDeed(ui);
  const load = async () => {
    await run(async () => setList(await ask<T[]>('GET', path)));
  };
  useEffect(() => {
    if (isShown) void load();
  }, [path, isShown]);
  const { id, label, form } = add;
  return h(
    Fragment,
    null,
    h('p', { class: 'soft' }, intro, ' ', list?.length === 0 && none),
    h(Adding, { id, label, form: (onEnd) => form(() => void load(), onEnd) }),
    h(Trouble, { ui, fault }),
    list
      ? list.length > 0 &&
          h(
            'ul',
            { class: 'entries' },
            list.map((item) => entry(item, load)),
          )
      : !fault && h('p', { class: 'soft' }, keyWords().loading),
  );
}
