import { type ComponentChildren, Fragment, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Me } from '../me.ts';
import type { Ui } from '../view/ui.ts';
import { isOnlyHere } from './addresses.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import { useCountdown } from './countdown.ts';
import { useDeed } from './deed.ts';
import { Trouble } from './form.ts';
import { LogOutEverywhere } from './log-out-everywhere.ts';
import { QrCode } from './qr.ts';
import { makeTicket } from './request.ts';
import { keyWords } from './words.ts';

/** So many codes are made by themselves while somebody looks; each is a way in, so then it takes a tap. */
const MAX_BY_ITSELF = 5;

/** A code for the phone's camera: it logs the phone in, or, where nobody logs in here, opens the page. */
export function Phone({ ui, me, isShown }: { ui: Ui; me: Me | null; isShown: boolean }): JSX.Element {
  const words = keyWords();
  const { hostname, port } = location;
  const isSomebody = me?.by === 'admin' || me?.by === 'user';
  return h(
    Fragment,
    null,
    isOnlyHere(document.baseURI) &&
      h(
        'p',
        { class: 'banner test', id: 'only-here' },
        h('strong', null, words.onlyHere(hostname)),
        ' ',
        withCode(words.onlyHereRemedy(port && `:${port}`)),
      ),
    isShown && me && (isSomebody ? h(LoginCode, { ui, name: me.name ?? '' }) : h(PageCode, { ui })),
    isSomebody && h(LogOutEverywhere, { title: words.lost, name: me.name ?? '' }),
  );
}

/** What is to be typed stands between backticks. */
function withCode(text: string) {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : h('code', null, part)));
}

function PageCode({ ui }: { ui: Ui }): JSX.Element {
  const words = keyWords();
  return h(Code, { ui, address: document.baseURI, label: words.qrOpen, text: words.phoneOpen });
}

function LoginCode({ ui, name }: { ui: Ui; name: string }): JSX.Element {
  const words = keyWords();
  const [ticket, setTicket] = useState<{ address: string; ends: number } | null>(null);
  const [made, setMade] = useState(0);
  const { isBusy, fault, run } = useDeed(ui);
  const seconds = useCountdown(ticket?.ends ?? null);
  const renew = (count: number) =>
    run(async () => {
      setMade(count);
      const { ticket, ends } = await makeTicket('/login');
      setTicket({ address: new URL(`login?token=${ticket}`, document.baseURI).href, ends });
    });
  const isOver = seconds === 0;
  useEffect(() => {
    if (isOver && made < MAX_BY_ITSELF && !fault && !document.hidden) void renew(made + 1);
  }, [isOver]);
  const label = isOver ? words.isOver : words.goodFor(seconds);
  return h(
    Fragment,
    null,
    ticket &&
      h(
        Code,
        { ui, address: ticket.address, label: words.qrLogin, text: words.phoneLogin(name), isOver },
        h('p', { class: 'countdown', role: 'timer', id: 'qr-countdown' }, label),
        h('button', { type: 'button', class: 'quiet', id: 'qr-again', disabled: isBusy, onClick: () => void renew(1) }, words.another),
      ),
    h(Trouble, { ui, fault }),
    !ticket && fault && h('button', { type: 'button', class: 'wide', disabled: isBusy, onClick: () => void renew(1) }, words.another),
  );
}

interface CodeProps {
  ui: Ui;
  address: string;
  label: string;
  text: string;
  isOver?: boolean;
  children?: ComponentChildren;
}

function Code({ ui, address, label, text, isOver = false, children }: CodeProps): JSX.Element {
  const words = keyWords();
  return h(
    Fragment,
    null,
    h('div', { class: `code${isOver ? ' over' : ''}` }, h(QrCode, { text: address, label }), h('div', null, h('p', null, text), children)),
    !isOver && h(CopyRows, { children: [h(CopyRow, { ui, name: words.asLink, text: address })] }),
  );
}
