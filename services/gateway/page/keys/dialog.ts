import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ActionButton } from '../view/icon.ts';
import type { Ui } from '../view/ui.ts';

interface DialogProps {
  ui: Ui;
  id: string;
  title: string;
  /** Beside the title. */
  aside?: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}

/** A window over the page; it closes by its button, Escape, or a click beside it, and gives the focus back. */
export function Dialog({ ui, id, title, aside, onClose, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const leave = ({ target, clientX, clientY }: MouseEvent) => {
    const element = dialog.current;
    // Its own scroll bar is the dialogue, too; and what is shown only once is not lost by a slip of the hand.
    if (!element || target !== element || isInside(element.getBoundingClientRect(), clientX, clientY)) return;
    if (!element.querySelector('.once')) element.close();
  };
  return h(
    'dialog',
    { ref: dialog, class: 'dialog keys', id, 'aria-labelledby': `${id}-title`, onClose, onMouseDown: leave },
    h(
      'div',
      { class: 'dialog-body' },
      h(
        'div',
        { class: 'drawer-head' },
        h('h2', { id: `${id}-title` }, title),
        aside,
        h(ActionButton, { id: `close-${id}`, icon: 'close', label: ui.words.close, onClick: () => dialog.current?.close() }),
      ),
      children,
    ),
  );
}

function isInside({ left, right, top, bottom }: DOMRect, x: number, y: number): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

interface Tab {
  id: string;
  label: string;
  /** @param isShown false while another tab is; it keeps what stands in its fields */
  body: (isShown: boolean) => ComponentChildren;
}

/** One of several parts, by tabs as the ARIA practices have them: the arrows go from one to the next. */
export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }): JSX.Element[] {
  const [chosen, setChosen] = useState(tabs[0]?.id);
  const go = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && tabs.at((tabs.findIndex(({ id }) => id === chosen) + step) % tabs.length);
    if (!next) return;
    event.preventDefault();
    setChosen(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  const strip = tabs.map(({ id, label }) => {
    const states = { 'aria-selected': id === chosen, 'aria-controls': `part-${id}`, tabIndex: id === chosen ? 0 : -1 };
    return h('button', { key: id, id: `tab-${id}`, type: 'button', role: 'tab', ...states, onClick: () => setChosen(id) }, label);
  });
  const parts = tabs.map(({ id, body }) => {
    const attributes = { id: `part-${id}`, class: 'part', role: 'tabpanel', 'aria-labelledby': `tab-${id}`, hidden: id !== chosen };
    return h('div', { key: id, ...attributes }, body(id === chosen));
  });
  return [h('div', { key: 'tabs', class: 'tabs', role: 'tablist', 'aria-label': label, onKeyDown: go }, strip), ...parts];
}
