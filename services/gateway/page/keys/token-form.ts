import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { addressesOf, curlLine, withToken } from './addresses.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import { useDeed } from './deed.ts';
import { Buttons, Choice, Fault, Field, NAME, Once, Tick, Trouble } from './form.ts';
import { ask, type TokenRight } from './request.ts';
import { keyWords } from './words.ts';

interface Props {
  ui: Ui;
  cameras: Camera[];
  /** The camera that is ticked, and whose addresses are shown; null: all of them, and the first one's. */
  camera: Camera | null;
  onMade?: () => void;
  /** Where it was opened by a button. */
  onEnd?: () => void;
}

interface Made {
  name: string;
  right: TokenRight;
  token: string;
}

/** Makes a token, and shows it once, in the addresses as they have to be pasted. */
export function TokenForm({ ui, cameras, camera, onMade, onEnd }: Props): JSX.Element {
  const words = keyWords();
  const [name, setName] = useState('');
  const [right, setRight] = useState<TokenRight>('view');
  const [chosen, setChosen] = useState<readonly string[] | null>(camera ? [camera.id] : null);
  const [faults, setFaults] = useState({ name: '', cameras: '' });
  const [made, setMade] = useState<Made | null>(null);
  const { isBusy, fault, forget, run } = useDeed(ui);
  useEffect(() => setChosen(camera ? [camera.id] : null), [camera?.id]);
  const example = camera ?? cameras[0];
  if (made) return h(MadeToken, { ui, made, camera: example, onDone: () => (onEnd ? onEnd() : setMade(null)) });

  const all = right === 'admin' || chosen === null;
  const send = async (event: Event) => {
    event.preventDefault();
    const wrong = { name: NAME.test(name) ? '' : words.namePattern, cameras: all || chosen.length > 0 ? '' : words.chooseCamera };
    setFaults(wrong);
    if (wrong.name || wrong.cameras) return;
    await run(async () => {
      const { token } = await ask<{ token: string }>('POST', 'tokens', { name, right, cameras: all ? null : chosen });
      setMade({ name, right, token });
      setName('');
      onMade?.();
    });
  };
  const flip = (id: string) => {
    const before = chosen ?? [];
    setChosen(before.includes(id) ? before.filter((each) => each !== id) : [...before, id]);
  };
  const type = (text: string) => {
    setName(text);
    forget();
  };
  const isTaken = fault?.status === 409;
  return h(
    'form',
    { class: 'card form', onSubmit: send, noValidate: true },
    h(Field, {
      ...{
        id: 'token-name',
        label: words.tokenName,
        hint: words.tokenNameHint,
        value: name,
        onInput: type,
        isFirst: onEnd !== undefined,
      },
      fault: faults.name || (isTaken ? words.tokenTaken(name) : ''),
    }),
    h(Choice<TokenRight>, { name: 'token-right', legend: words.right, options: words.rights, value: right, onChoose: setRight }),
    h(
      'fieldset',
      { class: 'ticks' },
      h('legend', null, words.cameras),
      h(Tick, {
        label: words.everyCamera,
        checked: all,
        disabled: right === 'admin',
        onChange: () => setChosen(chosen === null ? (camera ? [camera.id] : []) : null),
      }),
      cameras.map(({ id, name: label }) =>
        h(Tick, { key: id, label, checked: all || chosen.includes(id), disabled: all, onChange: () => flip(id) }),
      ),
      faults.cameras && h(Fault, { text: faults.cameras }),
    ),
    !isTaken && h(Trouble, { ui, fault }),
    h(Buttons, { deed: words.makeToken, isBusy, onEnd }),
  );
}

function MadeToken({ ui, made, camera, onDone }: { ui: Ui; made: Made; camera: Camera | undefined; onDone: () => void }): JSX.Element {
  const words = keyWords();
  const { name, right, token } = made;
  const at = camera && addressesOf(document.baseURI, camera.id);
  const rows = [
    h(CopyRow, { key: 'token', ui, name: words.token, text: token }),
    ...(at
      ? [
          h(CopyRow, { key: 'stream', ui, name: words.streamWithToken, hint: words.streamWithTokenFor, text: withToken(at.stream, token) }),
          h(CopyRow, { key: 'still', ui, name: words.stillWithToken, hint: words.stillWithTokenFor, text: withToken(at.snapshot, token) }),
          h(CopyRow, { key: 'script', ui, name: words.script, hint: 'curl', text: curlLine(at, camera.id, token) }),
        ]
      : []),
  ];
  return h(Once, { title: words.tokenMade(name), warning: words.tokenWarning(right), onDone }, [
    h(CopyRows, { key: 'rows', children: rows }),
    h('p', { key: 'note', class: 'soft' }, words.notInBrowsers),
  ]);
}
