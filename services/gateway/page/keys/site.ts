import { Fragment, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Me } from '../me.ts';
import type { Ui } from '../view/ui.ts';
import { addressesOf, imageTag } from './addresses.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import { useCountdown } from './countdown.ts';
import { useDeed } from './deed.ts';
import { Choice, Trouble } from './form.ts';
import { makeTicket } from './request.ts';
import { keyWords } from './words.ts';

type What = 'stream' | 'snapshot';

/** An address for somebody else's page: with a ticket, or, where nobody logs in, as it is. */
export function Site({ ui, me, camera }: { ui: Ui; me: Me | null; camera: Camera }): JSX.Element {
  const words = keyWords();
  if (me?.by !== 'anyone') return h(TicketAddress, { ui, camera });
  const { stream, snapshot } = addressesOf(document.baseURI, camera.id);
  const rows = [
    h(CopyRow, { key: 'stream', ui, name: words.stream, text: imageTag(stream, camera.name) }),
    h(CopyRow, { key: 'still', ui, name: words.still, text: imageTag(snapshot, camera.name) }),
  ];
  return h(Fragment, null, h('p', { class: 'soft' }, words.siteOpen), h(CopyRows, { children: rows }));
}

function TicketAddress({ ui, camera: { id, name } }: { ui: Ui; camera: Camera }): JSX.Element {
  const words = keyWords();
  const [what, setWhat] = useState<What>('stream');
  const [made, setMade] = useState<{ address: string; ends: number } | null>(null);
  const { isBusy, fault, run } = useDeed(ui);
  const seconds = useCountdown(made?.ends ?? null);
  const send = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const path = `cameras/${id}/${what}`;
      const { ticket, ends } = await makeTicket(`/${path}`);
      setMade({ address: new URL(`${path}?ticket=${ticket}`, document.baseURI).href, ends });
    });
  };
  const tickets = new URL('tickets', document.baseURI).href;
  const ask = `curl -H "Authorization: Bearer {token}" -d '{"path": "/cameras/${id}/${what}"}' ${tickets}`;
  return h(
    Fragment,
    null,
    h('p', { class: 'soft' }, words.siteIntro),
    h(
      'form',
      { class: 'form', onSubmit: send },
      h(Choice<What>, {
        name: 'what',
        legend: words.what,
        options: { stream: words.stream, snapshot: words.still },
        value: what,
        onChoose: setWhat,
      }),
      h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary', disabled: isBusy }, words.makeAddress)),
    ),
    h(Trouble, { ui, fault }),
    made &&
      h(
        'section',
        { class: 'card', 'aria-label': words.address },
        h('p', { class: 'warning', role: 'timer' }, seconds > 0 ? words.goodFor(seconds) : words.isOver),
        seconds > 0 &&
          h(CopyRows, {
            children: [
              h(CopyRow, { key: 'address', ui, name: words.address, text: made.address }),
              h(CopyRow, { key: 'element', ui, name: words.element, hint: '<img>', text: imageTag(made.address, name) }),
            ],
          }),
      ),
    h('h3', null, words.forEach),
    h('p', { class: 'soft' }, words.forEachHint),
    h(CopyRows, { children: [h(CopyRow, { ui, name: words.script, hint: 'curl', text: ask })] }),
  );
}
