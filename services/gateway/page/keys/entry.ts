import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

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
  const opener = useRef<string | null>(null);
  useEffect(() => {
    if (!isOpen && opener.current) document.getElementById(opener.current)?.focus();
    if (!isOpen) opener.current = null;
  }, [isOpen]);
  const buttons = deeds.map(({ id, label, onClick }) => {
    const open = () => {
      opener.current = id;
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
