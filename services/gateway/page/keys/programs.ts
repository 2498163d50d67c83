import { Fragment, h, type JSX } from 'preact';
import type { Camera } from '../camera.ts';
import type { Me } from '../me.ts';
import type { Ui } from '../view/ui.ts';
import { addressesOf } from './addresses.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import { TokenForm } from './token-form.ts';
import { keyWords } from './words.ts';

interface Props {
  ui: Ui;
  me: Me | null;
  camera: Camera;
  cameras: Camera[];
}

/** Where other programs find a camera, and what they show to be let in. */
export function Programs({ ui, me, camera, cameras }: Props): JSX.Element {
  const words = keyWords();
  const { page, stream, snapshot, socket } = addressesOf(document.baseURI, camera.id);
  return h(
    Fragment,
    null,
    h('p', { class: 'soft' }, words.programsIntro, ' ', me?.by === 'anyone' ? words.needsNoLogin : words.needsLogin),
    h(CopyRows, {
      children: [
        h(CopyRow, { key: 'stream', ui, name: words.stream, hint: words.streamFor, text: stream }),
        h(CopyRow, { key: 'still', ui, name: words.still, hint: words.stillFor, text: snapshot }),
        h(CopyRow, { key: 'socket', ui, name: words.socket, hint: words.socketFor, text: socket }),
        h(CopyRow, { key: 'page', ui, name: words.thisPage, hint: words.thisPageFor, text: page }),
      ],
    }),
    h('h3', null, words.withToken),
    h('p', { class: 'soft', id: 'about-tokens' }, aboutTokens(me)),
    me?.admin && h(TokenForm, { ui, cameras, camera }),
  );
}

function aboutTokens(me: Me | null): string {
  const words = keyWords();
  if (me?.by === 'anyone') return words.noTokens;
  return me && !me.admin ? words.onlyAdmin(me.name ?? '') : words.tokenIntro;
}
