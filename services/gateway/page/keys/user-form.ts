import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import { useDeed } from './deed.ts';
import { Buttons, Field, NAME, Once, Trouble } from './form.ts';
import { ask, type Refusal } from './request.ts';
import { type Rights, tidy } from './rights.ts';
import { RightsForm } from './rights-form.ts';
import { keyWords } from './words.ts';

/** As the gateway wants them (shared/password.ts). */
const MIN_PASSWORD = 8;

interface Props {
  ui: Ui;
  cameras: Camera[];
  onMade: () => void;
  onEnd: () => void;
}

/** Adds a user. A password that was made is shown, this once. */
export function NewUser({ ui, cameras, onMade, onEnd }: Props): JSX.Element {
  const words = keyWords();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [rights, setRights] = useState<Rights>([]);
  const [faults, setFaults] = useState({ name: '', password: '', rights: '' });
  const [made, setMade] = useState<{ name: string; password: string } | null>(null);
  const { isBusy, fault, forget, run } = useDeed(ui);
  if (made) return h(MadePassword, { ui, ...made, onDone: onEnd });

  const send = async (event: Event) => {
    event.preventDefault();
    const wrong = {
      name: NAME.test(name) ? '' : words.namePattern,
      password: faultOf(password),
      rights: rights.length > 0 ? '' : words.noRights,
    };
    setFaults(wrong);
    if (wrong.name || wrong.password || wrong.rights) return;
    await run(async () => {
      const body = { name, may: tidy(rights), ...(password && { password }) };
      const user = await ask<{ password?: string }>('POST', 'users', body);
      if (user.password) setMade({ name, password: user.password });
      else onEnd();
      onMade();
    });
  };
  const type = (text: string) => {
    setName(text);
    forget();
  };
  const about = aboutOf(fault);
  return h(
    'form',
    { class: 'card form', onSubmit: send, noValidate: true },
    h('h3', null, words.addUser),
    h(Field, {
      ...{ id: 'user-name', label: words.name, hint: words.userNameHint, value: name, onInput: type, isFirst: true },
      fault: faults.name || (about === 'taken' ? words.userTaken(name) : about === 'name' ? (fault?.message ?? '') : ''),
    }),
    h(Field, {
      ...{ id: 'user-password', label: words.password, hint: words.passwordHint, value: password, onInput: setPassword },
      ...{ type: 'password' as const, autocomplete: 'new-password' },
      fault: faults.password || (about === 'password' ? (fault?.message ?? '') : ''),
    }),
    h(RightsForm, { rights, cameras, onChange: setRights, fault: faults.rights || (about === 'rights' ? (fault?.message ?? '') : '') }),
    about === 'all' && h(Trouble, { ui, fault }),
    h(Buttons, { deed: words.add, isBusy, onEnd }),
  );
}

/** What is wrong with a password; empty: nothing. None at all is right: one is made. */
export function faultOf(password: string): string {
  return password === '' || [...password].length >= MIN_PASSWORD ? '' : keyWords().passwordShort;
}

/** Which field a refusal is about. */
function aboutOf(fault: Refusal | null): 'taken' | 'name' | 'password' | 'rights' | 'all' {
  if (fault?.status === 409 && !fault.command) return 'taken';
  if (fault?.status !== 422) return 'all';
  if (/\bpassword\b/.test(fault.message)) return 'password';
  return /\brights?\b/.test(fault.message) ? 'rights' : 'name';
}

interface MadeProps {
  ui: Ui;
  name: string;
  password: string;
  onDone: () => void;
}

export function MadePassword({ ui, name, password, onDone }: MadeProps): JSX.Element {
  const words = keyWords();
  return h(Once, {
    ...{ title: words.passwordOf(name), warning: words.passwordOnce, onDone },
    children: h(CopyRows, { children: [h(CopyRow, { ui, name: words.password, text: password })] }),
  });
}
