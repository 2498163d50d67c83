import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { copy } from '../copy.ts';
import { Icon } from '../view/icon.ts';
import type { Ui } from '../view/ui.ts';

/** How long a button says that it copied, in ms. */
const COPIED_MS = 2_000;

interface Props {
  ui: Ui;
  name: string;
  /** Who wants it. */
  hint?: string;
  text: string;
}

/** A text to be pasted elsewhere, with what it is. */
export function CopyRow({ ui, name, hint, text }: Props): JSX.Element {
  return h(
    'li',
    null,
    h('span', { class: 'address-name' }, name, hint && h('small', null, hint)),
    h('code', null, text),
    h(CopyButton, { ui, name, text }),
  );
}

export function CopyRows({ children }: { children: (JSX.Element | false)[] }): JSX.Element {
  return h('ul', { class: 'addresses' }, children);
}

/** It says itself that it copied: the page's own short words lie behind the dialogue. */
function CopyButton({ ui: { words }, name, text }: Props): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const onClick = async () => setCopied(await copy(text));
  return h(
    'span',
    { class: 'copy-place' },
    h(
      'button',
      { type: 'button', class: `copy${isCopied ? ' copied' : ''}`, onClick, 'aria-label': `${words.copy}: ${name}`, title: words.copy },
      h(Icon, { name: isCopied ? 'check' : 'copy' }),
    ),
    h('span', { class: 'unseen', role: 'status' }, isCopied ? words.copied : ''),
  );
}
