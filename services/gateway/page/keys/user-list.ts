import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { Entry } from './entry.ts';
import { List } from './list.ts';
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
  return h(List<User>, {
    ...{ ui, path: 'users', isShown: true, intro: words.usersIntro, none: words.noUsers },
    add: { id: ADD, label: words.addUser, form: (onMade, onEnd) => h(NewUser, { ui, cameras, onMade, onEnd }) },
    entry: (user, onChange) => h(UserEntry, { key: user.name, ui, user, cameras, onChange }),
  });
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
