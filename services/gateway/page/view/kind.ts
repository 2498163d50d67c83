import { h, type JSX } from 'preact';

/** In a word how it stands, with a dot in its colour, which `data-kind` around it sets. */
export function KindPill({ label }: { label: string }): JSX.Element {
  return h('p', { class: 'kind' }, h('span', { class: 'dot' }), h('span', { id: 'label' }, label));
}
