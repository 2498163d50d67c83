import { Fragment, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { ago } from '../words/times.ts';
import { Adding } from './adding.ts';
import { Entry } from './entry.ts';
import { Trouble } from './form.ts';
import { useList } from './list.ts';
import { ask, type Token } from './request.ts';
import { Sure } from './sure.ts';
import { TokenForm } from './token-form.ts';
import { date, keyWords } from './words.ts';

const ADD = 'add-token';

/** All tokens, with what each is good for; makes and revokes them. */
export function TokenList({ ui, cameras, isShown }: { ui: Ui; cameras: Camera[]; isShown: boolean }): JSX.Element {
  const words = keyWords();
  const { list, load, loading } = useList<Token>(ui, 'tokens', isShown);
  const entries = list?.map((token) => h(TokenEntry, { key: token.name, ui, token, cameras, onChange: load }));
  return h(
    Fragment,
    null,
    h('p', { class: 'soft' }, words.tokensIntro, ' ', list?.length === 0 && words.noTokensYet),
    h(Adding, {
      ...{ id: ADD, label: words.makeToken },
      form: (onEnd) => h(TokenForm, { ui, cameras, camera: null, onMade: () => void load(), onEnd }),
    }),
    h(Trouble, { ui, fault: loading.fault }),
    list
      ? entries && entries.length > 0 && h('ul', { class: 'entries' }, entries)
      : !loading.fault && h('p', { class: 'soft' }, words.loading),
  );
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
