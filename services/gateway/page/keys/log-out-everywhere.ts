import { h, type JSX } from 'preact';
import { keyWords } from './words.ts';

/** Ends every login of whoever looks. */
export function LogOutEverywhere({ title, name }: { title: string; name: string }): JSX.Element {
  const words = keyWords();
  return h(
    'form',
    { class: 'everywhere', method: 'post', action: 'logout?everywhere=1' },
    h('p', { class: 'soft' }, h('strong', null, title), ' ', words.everywhereHint(name)),
    h('button', { type: 'submit', class: 'quiet' }, words.everywhere),
  );
}
