import { Fragment, h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import { copy } from '../copy.ts';
import { ActionButton, Icon } from './icon.ts';
import type { Ui } from './ui.ts';

/** The addresses at which other programs find the cameras, to be copied. */
export function ConnectDialog({ ui, cameras, onClose }: { ui: Ui; cameras: Camera[]; onClose: () => void }): JSX.Element {
  const { words } = ui;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const leave = (event: MouseEvent) => {
    if (event.target === dialog.current) dialog.current?.close();
  };
  const several = cameras.length > 1;
  return h(
    'dialog',
    { ref: dialog, class: 'dialog', id: 'connect-dialog', 'aria-labelledby': 'connect-title', onClose, onClick: leave },
    h(
      'div',
      { class: 'dialog-body' },
      h(
        'div',
        { class: 'drawer-head' },
        h('h2', { id: 'connect-title' }, words.connect),
        h(ActionButton, { id: 'close-connect', icon: 'close', label: words.close, onClick: () => dialog.current?.close() }),
      ),
      h('p', { class: 'soft' }, words.connectIntro),
      cameras.map((camera) => h(Addresses, { key: camera.id, ui, camera, heading: several })),
      h('p', { class: 'soft' }, h('strong', null, words.homeAssistant), ' ', words.homeAssistantText),
    ),
  );
}

function Addresses({ ui, camera, heading }: { ui: Ui; camera: Camera; heading: boolean }): JSX.Element {
  const { words } = ui;
  const { id, topic } = camera;
  const at = (path: string) => new URL(path, document.baseURI).href;
  const rows = [
    [words.thisPage, at(`#${encodeURIComponent(id)}`)],
    [words.mjpeg, at(`cameras/${id}/stream`)],
    [words.stillPicture, at(`cameras/${id}/snapshot`)],
    [words.webSocket, at(`cameras/${id}/ws`).replace(/^http/, 'ws')],
  ] as const;
  const topics = [
    [words.topicFrames, `${topic}/frame`],
    [words.topicPreview, `${topic}/preview`],
    [words.topicState, `${topic}/state`],
    [words.topicSet, `${topic}/{setting}/set`],
  ] as const;
  return h(
    Fragment,
    null,
    heading && h('h3', null, camera.name),
    h(
      'ul',
      { class: 'addresses' },
      rows.map(([name, text]) => h(Address, { key: name, ui, name, text })),
    ),
    h(heading ? 'h4' : 'h3', null, words.mqtt),
    h(
      'ul',
      { class: 'addresses' },
      topics.map(([name, text]) => h(Address, { key: name, ui, name, text })),
    ),
  );
}

function Address({ ui: { words, say }, name, text }: { ui: Ui; name: string; text: string }): JSX.Element {
  const onClick = async () => {
    if (await copy(text)) say(words.copied);
  };
  return h(
    'li',
    null,
    h('span', { class: 'address-name' }, name),
    h('code', null, text),
    h(
      'button',
      { type: 'button', class: 'copy', onClick, 'aria-label': `${words.copy}: ${name}`, title: words.copy },
      h(Icon, { name: 'copy' }),
    ),
  );
}
