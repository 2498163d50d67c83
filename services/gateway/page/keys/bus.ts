import { Fragment, h, type JSX } from 'preact';
import type { Camera } from '../camera.ts';
import type { Ui } from '../view/ui.ts';
import { CopyRow, CopyRows } from './copy-row.ts';
import { keyWords } from './words.ts';

/** A camera's topics, and the way to Home Assistant. */
export function BusTopics({ ui, camera: { topic } }: { ui: Ui; camera: Camera }): JSX.Element {
  const words = keyWords();
  const topics = [
    [words.topicFrames, `${topic}/frame`],
    [words.topicPreview, `${topic}/preview`],
    [words.topicState, `${topic}/state`],
    [words.topicSet, `${topic}/{setting}/set`],
  ] as const;
  return h(
    Fragment,
    null,
    h('p', { class: 'soft' }, words.busIntro),
    h(CopyRows, { children: topics.map(([name, text]) => h(CopyRow, { key: text, ui, name, text })) }),
    h('h3', null, words.homeAssistant),
    h('ol', { class: 'steps' }, h('li', null, words.homeAssistantBridge), h('li', null, words.homeAssistantFinds)),
    h(CopyRows, { children: [h(CopyRow, { ui, name: words.setting, text: 'BRIDGE_URL=mqtt://homeassistant.local:1883' })] }),
  );
}
