/** The parts of which forms are made. */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Ui } from '../view/ui.ts';
import { sentence } from '../words/times.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import type { Refusal } from './request.ts';
import { keyWords } from './words.ts';

/** A user's name, or a token's (shared/accounts.ts). */
export const NAME = /^[a-z0-9][a-z0-9_.-]{0,31}$/;

interface FieldProps {
  id: string;
  label: string;
  hint?: string;
  /** What is wrong with it; empty: nothing. */
  fault: string;
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password';
  autocomplete?: string;
  isFirst?: boolean;
}

/** A line to type, with what is wrong with it beside it. */
export function Field({ id, label, hint, fault, value, onInput, type = 'text', autocomplete = 'off', isFirst }: FieldProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) input.current?.focus();
  }, [isFirst]);
  useEffect(() => {
    // The first of those that are wrong.
    if (fault) input.current?.form?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }, [fault]);
  const described = fault ? `${id}-fault` : hint && `${id}-hint`;
  const spelling = { autocomplete, autocapitalize: 'none', spellcheck: false };
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('input', {
      ...{ ref: input, id, type, value, ...spelling, 'aria-describedby': described, 'aria-invalid': fault ? 'true' : undefined },
      onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
    }),
    fault ? h(Fault, { id: `${id}-fault`, text: fault }) : hint && h('p', { class: 'hint-text', id: `${id}-hint` }, hint),
  );
}

export function Fault({ id, text }: { id?: string; text: string }): JSX.Element {
  return h('p', { class: 'hint-text refused', id, role: 'alert' }, sentence(text));
}

interface ChoiceProps<T extends string> {
  name: string;
  legend: string;
  options: Record<T, string>;
  value: T;
  onChoose: (value: T) => void;
}

/** One of a few, side by side. */
export function Choice<T extends string>({ name, legend, options, value, onChoose }: ChoiceProps<T>): JSX.Element {
  const parts = Object.entries<string>(options).map(([key, label]) =>
    h(
      'label',
      { key },
      h('input', { type: 'radio', name, value: key, checked: key === value, onChange: () => onChoose(key as T) }),
      h('span', null, label),
    ),
  );
  return h('fieldset', { class: 'choice' }, h('legend', null, legend), h('div', { class: 'segments' }, parts));
}

interface TickProps {
  label: ComponentChildren;
  /** Where the label is not seen beside it. */
  name?: string;
  checked: boolean;
  disabled?: boolean;
  onChange: () => void;
}

export function Tick({ label, name, checked, disabled = false, onChange }: TickProps): JSX.Element {
  const box = h('input', { type: 'checkbox', checked, disabled, onChange, 'aria-label': name });
  return h('label', { class: 'tick' }, box, label && h('span', null, label));
}

/** Why something was not done, where that is no single field's fault; with the command that does it, if there is one. */
export function Trouble({ ui, fault }: { ui: Ui; fault: Refusal | null }): JSX.Element | null {
  const words = keyWords();
  if (!fault) return null;
  const { command, message } = fault;
  if (!command) return h(Fault, { text: words.notDone(message) });
  return h(
    'div',
    { class: 'card', role: 'alert' },
    h('p', { class: 'soft' }, words.elsewhere ?? message),
    h(CopyRows, { children: [h(CopyRow, { ui, name: words.command, text: command })] }),
  );
}

interface OnceProps {
  title: string;
  warning: string;
  children?: ComponentChildren;
  onDone: () => void;
}

/** What is shown this once. */
export function Once({ title, warning, children, onDone }: OnceProps): JSX.Element {
  const section = useRef<HTMLElement>(null);
  useEffect(() => section.current?.focus(), []);
  return h(
    'section',
    { ref: section, class: 'card once', tabIndex: -1, 'aria-label': title },
    h('h3', null, title),
    h('p', { class: 'warning' }, warning),
    children,
    h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'wide', onClick: onDone }, keyWords().done)),
  );
}

interface ButtonsProps {
  /** What the button that does it says. */
  deed: string;
  isBusy: boolean;
  /** None: there is no way back. */
  onEnd?: () => void;
}

/** At the end of a form. */
export function Buttons({ deed, isBusy, onEnd }: ButtonsProps): JSX.Element {
  return h(
    'div',
    { class: 'buttons' },
    h('button', { type: 'submit', class: 'primary', disabled: isBusy }, deed),
    onEnd && h('button', { type: 'button', class: 'wide', onClick: onEnd }, keyWords().cancel),
  );
}
