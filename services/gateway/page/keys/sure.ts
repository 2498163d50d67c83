import { h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Ui } from '../view/ui.ts';
import { useDeed } from './deed.ts';
import { Trouble } from './form.ts';
import { keyWords } from './words.ts';

interface Props {
  ui: Ui;
  question: string;
  /** What the button that does it says. */
  deed: string;
  work: () => Promise<void>;
  onEnd: () => void;
}

/** Asks in place whether something is really to be taken away, and does it. */
export function Sure({ ui, question, deed, work, onEnd }: Props): JSX.Element {
  const { isBusy, fault, run } = useDeed(ui);
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return h(
    'div',
    { class: 'card sure', role: 'group', 'aria-label': question },
    h('p', null, question),
    h(Trouble, { ui, fault }),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', class: 'danger', disabled: isBusy, onClick: () => void run(work) }, deed),
      h('button', { ref: keep, type: 'button', class: 'wide', onClick: onEnd }, keyWords().cancel),
    ),
  );
}
