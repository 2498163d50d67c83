import { Fragment, h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import { type DialogName, OpenDialog } from '../keys/open.ts';
import { fetchMe, type Me } from '../me.ts';
import { chosen } from '../route.ts';
import { statusOf } from '../status.ts';
import type { Language } from '../words/choice.ts';
import { FullScreen } from './full-screen.ts';
import { Menu } from './menu.ts';
import { Panel } from './panel.ts';
import type { Ui } from './ui.ts';
import { Wall, wallTitle } from './wall.ts';
import { Watch } from './watch.ts';

interface Props {
  ui: Ui;
  language: Language;
  toast: string;
  hash: string;
}

/** The whole page: the wall, or one camera, or why there is neither. */
export function App({ ui, language, toast, hash }: Props): JSX.Element {
  const { station, words } = ui;
  const { cameras } = station;
  const camera = chosen(cameras, hash);
  const isWall = camera === null && cameras.length > 1;
  const status = statusOf(station.sight(camera), words);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const me = useMe(station.listed);
  const { app, full, isFull } = useFullScreen();
  useEffect(() => {
    document.title = camera ? `${camera.name} · HomeGuard` : 'HomeGuard';
  }, [camera?.name]);
  const menu = h(Menu, { ui, language, isAdmin: me?.admin === true, onOpen: setDialog });
  const announcement = isWall ? wallTitle(ui, cameras) : [status.label, status.panel?.advice].filter(Boolean).join('. ');
  const body = camera
    ? h(Watch, { key: camera.id, ui, camera, cameras, status, menu, full, isFull })
    : h(
        Fragment,
        null,
        h(Brand, { title: 'HomeGuard', detail: isWall ? wallTitle(ui, cameras) : '' }),
        h('div', { class: 'actions' }, h('div', { class: 'menu' }, menu)),
        h('div', { class: 'banners' }, h(FallbackBanner, { ui })),
        isWall ? h(Wall, { ui, cameras }) : h('main', { class: 'stage', id: 'stage' }, status.panel && h(Panel, { ui, status })),
      );
  return h(
    Fragment,
    null,
    h('div', { ref: app, class: `app ${isWall ? 'all' : 'one'}`, id: 'app', 'data-kind': isWall ? 'wall' : status.kind }, body),
    dialog && h(OpenDialog, { ui, me, name: dialog, camera, onClose: () => setDialog(null) }),
    h('p', { class: 'toast', id: 'toast', role: 'status' }, toast),
    h('p', { class: 'unseen', id: 'announcement', role: 'status' }, announcement),
  );
}

function Brand({ title, detail }: { title: string; detail: string }): JSX.Element {
  return h(
    'header',
    { class: 'brand' },
    h('img', { class: 'logo', src: logo(), alt: '', width: 28, height: 28 }),
    h('h1', { id: 'name' }, title),
    detail && h('p', { class: 'detail' }, detail),
  );
}

/** The page's own icon, wherever it lies. */
export function logo(): string {
  return document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href ?? '';
}

export function FallbackBanner({ ui: { station, words } }: { ui: Ui }): JSX.Element | null {
  if (!station.fallback) return null;
  return h('p', { class: 'banner', id: 'fallback-banner' }, h('strong', null, words.simpleStream), ' ', words.simpleStreamText);
}

/** Who looks at the page; null until that is known. Asked once the gateway has answered, and nobody was sent to the login. */
function useMe(isReached: boolean): Me | null {
  const [me, setMe] = useState<Me | null>(null);
  useEffect(() => {
    // Not known is no admin: then a button is missing, and nothing else.
    if (isReached) fetchMe().then(setMe, () => setMe(null));
  }, [isReached]);
  return me;
}

function useFullScreen() {
  const app = useRef<HTMLDivElement>(null);
  const full = useRef<FullScreen | null>(null);
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    if (app.current) full.current ??= new FullScreen(app.current, setFull);
  }, []);
  return { app, full, isFull };
}

/** What a camera says of itself in two sentences. */
export function told({ cause, advice }: Camera, sentence: (text: string) => string): string {
  return [cause, advice]
    .map((text) => sentence(text ?? ''))
    .join(' ')
    .trim();
}
