import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { ago } from '../words/times.ts';
import { Entry } from './entry.ts';
import { List } from './list.ts';
import { ask, type Token } from './request.ts';
import { Sure } from './sure.ts';
import { TokenForm } from './token-form.ts';
import { date, keyWords } from './words.ts';

const ADD = 'add-token';

/** All tokens, with what each is good for; makes and revokes them. */
export function TokenList({ ui, cameras, isShown }: { ui: Ui; cameras: Camera[]; isShown: boolean }): JSX.Element {
  const words = keyWords();
  return h(List<Token>, {
    ...{ ui, path: 'tokens', isShown, intro: words.tokensIntro, none: words.noTokensYet },
    add: { id: ADD, label: words.makeToken, form: (onMade, onEnd) => h(TokenForm, { ui, cameras, camera: null, onMade, onEnd }) },
    entry: (token, onChange) => h(TokenEntry, { key: token.name, ui, token, cameras, onChange }),
  });
}

interface EntryProps {
  ui: Ui;
  token: Token;
  cameras: Camera[];
  onChange: () => Promise<void>;
}

function TokenEntry({ ui, token, cameras, onChange }: EntryProps): JSX.Element {
  const words = keyWords();
  const [isAsking, setAsking] = useState(false);
  const { name, right, made, used, by, ended } = token;
  const now = ui.station.now ?? Date.now();
  const nameOf = (id: string) => cameras.find((camera) => camera.id === id)?.name ?? id;
  const where = token.cameras?.map(nameOf) ?? (right === 'admin' ? [] : [words.everyCamera]);
  const revoke = async () => {
    await ask('DELETE', `tokens/${encodeURIComponent(name)}`);
    setAsking(false);
    await onChange();
    document.getElementById(ADD)?.focus();
  };
  const use = used === null ? words.neverUsed : words.usedAgo(ago(now - Date.parse(used), ui.words));
  return h(
    Entry,
    {
      name,
      chips: [words.rights[right], ...where],
      ended: ended ? words.ended : '',
      details: [words.madeBy(date(made), by ?? 'admin'), ended ? words.endedWhy(by ?? 'admin') : use],
      deeds: [{ id: `revoke-${name}`, label: words.revoke, onClick: () => setAsking(true) }],
      isOpen: isAsking,
    },
    isAsking && h(Sure, { ui, question: words.revokeToken(name), deed: words.revoke, work: revoke, onEnd: () => setAsking(false) }),
  );
}
