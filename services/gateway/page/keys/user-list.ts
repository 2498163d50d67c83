import { Fragment, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { Adding } from './adding.ts';
import { Entry } from './entry.ts';
import { Trouble } from './form.ts';
import { useList } from './list.ts';
import { ask, type User } from './request.ts';
import { ADMIN, EVERY, type Rights } from './rights.ts';
import { Sure } from './sure.ts';
import { NewPassword, OtherRights } from './user-change.ts';
import { NewUser } from './user-form.ts';
import { date, keyWords } from './words.ts';

const ADD = 'add-user';

/** All users, with what they may; adds, changes and removes them. */
export function UserList({ ui, cameras }: { ui: Ui; cameras: Camera[] }): JSX.Element {
  const words = keyWords();
  const { list, load, loading } = useList<User>(ui, 'users', true);
  const entries = list?.map((user) => h(UserEntry, { key: user.name, ui, user, cameras, onChange: load }));
  return h(
    Fragment,
    null,
    h('p', { class: 'soft' }, words.usersIntro, ' ', list?.length === 0 && words.noUsers),
    h(Adding, { id: ADD, label: words.addUser, form: (onEnd) => h(NewUser, { ui, cameras, onMade: () => void load(), onEnd }) }),
    h(Trouble, { ui, fault: loading.fault }),
    list
      ? entries && entries.length > 0 && h('ul', { class: 'entries' }, entries)
      : !loading.fault && h('p', { class: 'soft' }, words.loading),
  );
}

interface EntryProps {
  ui: Ui;
  user: User;
  cameras: Camera[];
  onChange: () => Promise<void>;
}

type Doing = 'change' | 'password' | 'remove';

function UserEntry({ ui, user, cameras, onChange }: EntryProps): JSX.Element {
  const words = keyWords();
  const [doing, setDoing] = useState<Doing | null>(null);
  const { name, may, made } = user;
  const end = () => setDoing(null);
  const changed = async () => {
    end();
    await onChange();
  };
  const remove = async () => {
    await ask('DELETE', `users/${encodeURIComponent(name)}`);
    await changed();
    document.getElementById(ADD)?.focus();
  };
  const deed = (what: Doing, label: string) => ({ id: `${what}-${name}`, label, onClick: () => setDoing(what) });
  return h(
    Entry,
    {
      name,
      chips: chipsOf(may, cameras),
      details: made ? [words.made(date(made))] : [],
      deeds: [deed('change', words.change), deed('password', words.newPassword), deed('remove', words.remove)],
      isOpen: doing !== null,
    },
    doing === 'change' && h(OtherRights, { ui, user, cameras, onEnd: end, onDone: changed }),
    doing === 'password' && h(NewPassword, { ui, user, onEnd: end }),
    doing === 'remove' && h(Sure, { ui, question: words.removeUser(name), deed: words.remove, work: remove, onEnd: end }),
  );
}

/** Rights as they are read; those without words of ours stand as they are. */
function chipsOf(may: Rights, cameras: Camera[]): string[] {
  const words = keyWords();
  return may.map((right) => {
    if (right === ADMIN) return words.adminChip;
    const [, power, id = ''] = /^(read|control):(.+)$/.exec(right) ?? [];
    if (!power) return right;
    const name = id === EVERY ? words.everyCameraInline : (cameras.find((camera) => camera.id === id)?.name ?? id);
    return power === 'read' ? words.mayWatch(name) : words.mayControl(name);
  });
}
