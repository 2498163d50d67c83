import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { useDeed } from './deed.ts';
import { Buttons, Field, Trouble } from './form.ts';
import { ask, type User } from './request.ts';
import { type Rights, tidy } from './rights.ts';
import { RightsForm } from './rights-form.ts';
import { faultOf, MadePassword } from './user-form.ts';
import { keyWords } from './words.ts';

const pathOf = ({ name }: User) => `users/${encodeURIComponent(name)}`;

interface RightsProps {
  ui: Ui;
  user: User;
  cameras: Camera[];
  onEnd: () => void;
  onDone: () => void;
}

/** Gives a user other rights. */
export function OtherRights({ ui, user, cameras, onEnd, onDone }: RightsProps): JSX.Element {
  const words = keyWords();
  const [rights, setRights] = useState<Rights>(user.may);
  const [isEmpty, setEmpty] = useState(false);
  const { isBusy, fault, run } = useDeed(ui);
  const send = async (event: Event) => {
    event.preventDefault();
    setEmpty(rights.length === 0);
    if (rights.length === 0) return;
    const isDone = await run(async () => {
      await ask('PATCH', pathOf(user), { may: tidy(rights) });
    });
    if (isDone) onDone();
  };
  return h(
    'form',
    { class: 'card form', onSubmit: send, 'aria-label': `${words.change}: ${user.name}` },
    h(RightsForm, { rights, cameras, onChange: setRights, fault: isEmpty ? words.noRights : '' }),
    h(Trouble, { ui, fault }),
    h(Buttons, { deed: words.save, isBusy, onEnd }),
  );
}

/** Gives a user another password: one that is typed, or one that is made and shown this once. */
export function NewPassword({ ui, user, onEnd }: { ui: Ui; user: User; onEnd: () => void }): JSX.Element {
  const words = keyWords();
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState('');
  const [made, setMade] = useState<string | null>(null);
  const { isBusy, fault, run } = useDeed(ui);
  const { name } = user;
  if (made !== null) return h(MadePassword, { ui, name, password: made, onDone: onEnd });
  const send = async (event: Event) => {
    event.preventDefault();
    setWrong(faultOf(password));
    if (faultOf(password)) return;
    const isDone = await run(async () => {
      const answer = await ask<{ password?: string }>('PATCH', pathOf(user), { password: password || null });
      if (answer.password) setMade(answer.password);
    });
    if (isDone && password) onEnd();
  };
  const isAbout = fault?.status === 422;
  return h(
    'form',
    { class: 'card form', onSubmit: send, noValidate: true },
    h(Field, {
      ...{
        id: `new-password-${name}`,
        label: words.newPasswordFor(name),
        hint: words.newPasswordHint,
        value: password,
        onInput: setPassword,
      },
      ...{ type: 'password' as const, autocomplete: 'new-password', isFirst: true },
      fault: wrong || (isAbout ? fault.message : ''),
    }),
    !isAbout && h(Trouble, { ui, fault }),
    h(Buttons, { deed: words.setPassword, isBusy, onEnd }),
  );
}
