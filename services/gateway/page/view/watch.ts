import { Fragment, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Camera, LoginNeeded } from '../camera.ts';
import { saveAs, saveSnapshot } from '../snapshot.ts';
import type { Status } from '../status.ts';
import { snapshotName } from '../words/times.ts';
import { Banners } from './banners.ts';
import { Controls } from './controls.ts';
import { Facts } from './facts.ts';
import type { FullScreen } from './full-screen.ts';
import { ActionButton } from './icon.ts';
import { KindPill } from './kind.ts';
import { Panel } from './panel.ts';
import { Picture } from './picture.ts';
import { togglePip } from './pip.ts';
import { Title } from './title.ts';
import type { Ui } from './ui.ts';

interface Props {
  ui: Ui;
  camera: Camera;
  cameras: Camera[];
  status: Status;
  menu: JSX.Element;
  full: { current: FullScreen | null };
  isFull: boolean;
}

/** One camera, as large as it goes. */
export function Watch({ ui, camera, cameras, status, menu, full, isFull }: Props): JSX.Element {
  const { station, words } = ui;
  const [hasControls, setControls] = useState(false);
  const seen = station.seen(camera.id);
  const isFrozen = seen?.frozen === true;
  const toggle = () => void full.current?.toggle();
  // As it is then, not as it was when this was drawn.
  const freeze = () => {
    const now = station.seen(camera.id);
    if (now) station.freeze(camera.id, !now.frozen);
  };
  const snapshot = () => void saveNow(ui, camera, isFrozen);
  const pip = () => void togglePip().catch(() => ui.say(words.noPip));
  useKeys({ f: toggle, s: snapshot, p: pip, c: () => setControls((has) => !has), ' ': freeze });
  // Who leaves does not leave the picture frozen for the next time.
  useEffect(() => () => station.freeze(camera.id, false), [station, camera.id]);
  const isMoving = station.fallback === 0 && seen !== null;
  const buttons = [
    h(ActionButton, { id: 'snapshot', icon: 'snapshot', label: words.snapshot, hint: words.snapshotHint, onClick: snapshot }),
    h(ActionButton, {
      ...{ id: 'freeze', icon: isFrozen ? 'play' : 'freeze', label: words.freeze, hint: words.freezeHint },
      ...{ pressed: isFrozen, disabled: !isMoving, onClick: freeze },
    }),
    h(ActionButton, { id: 'pip', icon: 'pip', label: words.pip, hint: words.pipHint, disabled: !isMoving, onClick: pip }),
    h(ActionButton, { id: 'full', icon: 'full', label: words.full, hint: words.fullHint, pressed: isFull, onClick: toggle }),
    h(ActionButton, {
      ...{ id: 'controls', icon: 'controls', label: words.controls, hint: words.controlsHint },
      ...{ expanded: hasControls, onClick: () => setControls(!hasControls) },
    }),
  ];
  return h(
    Fragment,
    null,
    h('header', { class: 'brand' }, h(Title, { ui, camera, cameras }), h(KindPill, { label: status.label })),
    h('div', { class: 'actions' }, h('div', { class: 'deeds' }, buttons), h('div', { class: 'menu' }, menu)),
    h('div', { class: 'banners' }, h(Banners, { ui, camera })),
    h(
      'main',
      { class: 'stage', id: 'stage', onDblClick: toggle },
      h(Picture, { ui, camera, status }),
      status.panel && h(Panel, { ui, status, camera }),
    ),
    h(Facts, { ui, camera, status }),
    hasControls && h(Controls, { ui, camera, onClose: () => setControls(false) }),
  );
}

/** What stands still is saved as it stands; else the camera is asked for a fresh one. */
async function saveNow({ station, words, say }: Ui, { id }: Camera, isFrozen: boolean): Promise<void> {
  try {
    const file = isFrozen ? await station.keep(id) : null;
    if (!file) return say(words.saved(await saveSnapshot(id, station.now ?? Date.now())));
    const name = snapshotName(id, file.taken ?? station.now ?? Date.now());
    saveAs(name, new Blob([file.jpeg], { type: 'image/jpeg' }));
    say(words.saved(name));
  } catch (error) {
    if (error instanceof LoginNeeded) return station.logIn();
    say(words.noSnapshot(error instanceof Error ? error.message : String(error)));
  }
}

/** Keys without Ctrl and the like, unless they are meant for a field or button that has the focus. */
function useKeys(deeds: Record<string, () => void>): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { key, target, ctrlKey, metaKey, altKey, repeat } = event;
      if (ctrlKey || metaKey || altKey || repeat || !(target instanceof Element)) return;
      const isField = target.closest('input, select, textarea, dialog') !== null;
      const deed = isField || (key === ' ' && target.closest('button, a')) ? undefined : deeds[key];
      if (!deed) return;
      event.preventDefault();
      deed();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  });
}
