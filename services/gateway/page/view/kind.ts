import { h, type VNode } from 'preact';

/** In a word how it stands, with a dot in its colour, which `data-kind` around it sets. */
export function KindPill({ label }: { label: string }): VNode {
  return h('p', { class: 'kind' }, h('span', { class: 'dot' }), h('span', { id: 'label' }, label));
}
