import { h, type JSX } from 'preact';
import { Dialog, Tabs } from './dialog.ts';
import { LogOutEverywhere } from './log-out-everywhere.ts';
import type { DialogProps } from './open.ts';
import { TokenList } from './token-list.ts';
import { UserList } from './user-list.ts';
import { keyWords } from './words.ts';

/** Who may what: users and tokens, for the admin. */
export function AccessDialog({ ui, me, onClose }: DialogProps): JSX.Element {
  const words = keyWords();
  const { cameras } = ui.station;
  const tabs = [
    { id: 'users', label: words.users, body: () => h(UserList, { ui, cameras }) },
    { id: 'tokens', label: words.tokens, body: (isShown: boolean) => h(TokenList, { ui, cameras, isShown }) },
  ];
  const name = me?.name ?? '';
  return h(Dialog, {
    ...{ ui, id: 'access-dialog', title: words.access, onClose },
    children: [
      h(Tabs, { key: 'tabs', label: words.access, tabs }),
      (me?.by === 'admin' || me?.by === 'user') && h(LogOutEverywhere, { key: 'out', title: words.loggedInAs(name), name }),
    ],
  });
}
