import { type ComponentChildren, h, type JSX } from 'preact';
import { useFocusBack } from './focus-back.ts';

interface Deed {
  id: string;
  label: string;
  onClick: () => void;
}

interface Props {
  name: string;
  chips: string[];
  /** Why it is good for nothing, in a word; empty: it is good. */
  ended?: string;
  details: string[];
  deeds: Deed[];
  /** Something stands below it that was asked for by one of its buttons. */
  isOpen: boolean;
  children?: ComponentChildren;
}

/** One user or token of a list. What its buttons open stands below; when that ends, the focus is back where it was. */
export function Entry({ name, chips, ended = '', details, deeds, isOpen, children }: Props): JSX.Element {
  const opened = useFocusBack(isOpen);
  const buttons = deeds.map(({ id, label, onClick }) => {
    const open = () => {
      opened(id);
      onClick();
    };
    return h('button', { key: id, id, type: 'button', class: 'quiet', 'aria-label': `${label}: ${name}`, onClick: open }, label);
  });
  return h(
    'li',
    { class: `entry${ended ? ' ended' : ''}`, 'data-name': name },
    h(
      'div',
      { class: 'entry-head' },
      h('strong', null, name),
      ended && h('span', { class: 'tag' }, ended),
      h(
        'ul',
        { class: 'chips' },
        chips.map((chip) => h('li', { key: chip }, chip)),
      ),
    ),
    h('p', { class: 'soft' }, details.filter(Boolean).join(' · ')),
    isOpen ? children : h('div', { class: 'entry-deeds' }, buttons),
  );
}
