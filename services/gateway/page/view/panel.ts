import { h, type JSX } from 'preact';
import type { Camera } from '../camera.ts';
import { copy } from '../copy.ts';
import type { Status } from '../status.ts';
import { AskDoctor } from './ask-doctor.ts';
import { DarkSign, Icon } from './icon.ts';
import type { Ui } from './ui.ts';

/** In words, when there is no picture: what it is, what mends it, what was seen, what happens now. */
export function Panel({ ui, status, camera }: { ui: Ui; status: Status; camera?: Camera }): JSX.Element | null {
  const { words } = ui;
  const { panel, kind } = status;
  if (!panel) return null;
  const isDark = kind === 'dark';
  return h(
    'section',
    { class: `panel${isDark ? '' : ' calm'}`, id: 'panel', 'aria-labelledby': 'panel-title' },
    isDark ? h(DarkSign, null) : h('span', { class: 'spinner' }),
    h('h2', { id: 'panel-title' }, panel.title),
    h('p', { class: 'advice', id: 'advice' }, withLines(ui, panel.advice)),
    camera?.condition === 'off' && (camera.control ? h(SwitchOn, { ui, camera }) : h('p', { class: 'soft' }, words.watchOnly)),
    panel.said && h('p', { class: 'cause' }, h('span', null, words.says), h('span', { id: 'said', lang: 'en' }, withLines(ui, panel.said))),
    panel.cause && h('p', { class: 'cause' }, h('span', null, words.seen), h('code', { id: 'cause' }, panel.cause)),
    panel.trying && h('p', { class: 'trying' }, h('span', null, words.tries), h('span', { id: 'trying' }, panel.trying)),
    h('p', { class: 'since', id: 'since' }, panel.since),
    isDark && camera && h(AskDoctor, { key: camera.id, ui, camera }),
  );
}

/** What is to be typed stands between backticks, and alone in its element, with a button that copies it; what follows begins anew. */
export function withLines(ui: Ui, advice: string) {
  return advice.split('`').map((part, i) => (i % 2 === 0 ? part.replace(/^\s*[,;:.]\s*/, '') : h(Line, { ui, text: part })));
}

export function Line({ ui: { words, say }, text }: { ui: Ui; text: string }): JSX.Element {
  const onClick = async () => {
    if (await copy(text)) say(words.copied);
  };
  const label = `${words.copy}: ${text}`;
  return h(
    'span',
    { class: 'line' },
    h('code', null, text),
    h('button', { type: 'button', class: 'copy', onClick, 'aria-label': label, title: words.copy }, h(Icon, { name: 'copy' })),
  );
}

function SwitchOn({ ui, camera }: { ui: Ui; camera: Camera }): JSX.Element {
  const onClick = async () => {
    const refusal = await ui.set(camera.id, 'capture', 'ON');
    if (refusal) ui.say(ui.words.refused(refusal));
  };
  return h('button', { type: 'button', class: 'primary', id: 'switch-on', onClick }, ui.words.switchOn);
}
