import { type ComponentChildren, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useFocusBack } from './focus-back.ts';

interface Props {
  id: string;
  label: string;
  /** @param end closes it */
  form: (end: () => void) => ComponentChildren;
}

/** A button that opens a form in its place. */
export function Adding({ id, label, form }: Props): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const opened = useFocusBack(isOpen);
  const open = () => {
    opened(id);
    setOpen(true);
  };
  if (!isOpen) return h('div', { class: 'buttons' }, h('button', { id, type: 'button', class: 'primary', onClick: open }, label));
  const body = form(() => setOpen(false));
  return h('section', { class: 'adding', 'aria-label': label }, body);
}
