import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Knob, Knobs } from '../../../shared/knob.ts';
import type { Camera } from '../camera.ts';
import { AskDoctor } from './ask-doctor.ts';
import { ActionButton } from './icon.ts';
import { KnobRow } from './knob-row.ts';
import type { Ui } from './ui.ts';

/** In this order; the device's own come behind. A snapshot has a button of its own. */
const PICTURE = ['capture', 'resolution', 'fps', 'quality'];
const SERVICE = ['restart', 'reset'];

/**
 * Everything that the camera lets one set. What is shown is always what the camera says; a wish that was refused says why. Who may only watch
 * sees how it is set, and no buttons.
 */
export function Controls({ ui, camera, onClose }: { ui: Ui; camera: Camera; onClose: () => void }): JSX.Element {
  const { words } = ui;
  const knobs: Knobs = camera.settings ?? {};
  const groups = [
    { title: words.picture, names: PICTURE },
    { title: words.image, names: Object.keys(knobs).filter((name) => name.startsWith('controls/')) },
    { title: words.service, names: camera.control ? SERVICE : [] },
  ].map(({ title, names }) => ({ title, names: names.filter((name) => name in knobs) }));
  const isEmpty = groups.every(({ names }) => names.length === 0);
  return h(
    'aside',
    { class: 'drawer', id: 'drawer', 'aria-label': words.controls },
    h(
      'div',
      { class: 'drawer-head' },
      h('h2', null, words.controls),
      h(ActionButton, { id: 'close-controls', icon: 'close', label: words.close, onClick: onClose }),
    ),
    (isEmpty || !camera.control) && h('p', { class: 'soft' }, isEmpty ? words.noControls : words.watchOnly),
    groups.map(({ title, names }) => names.length > 0 && h(Group, { key: title, ui, camera, title, names, knobs })),
    h(AskDoctor, { ui, camera }),
  );
}

interface GroupProps {
  ui: Ui;
  camera: Camera;
  title: string;
  names: string[];
  knobs: Knobs;
}

function Group({ ui, camera, title, names, knobs }: GroupProps): JSX.Element {
  return h(
    'fieldset',
    { class: 'group' },
    h('legend', null, title),
    names.map((name) => {
      const knob = knobs[name];
      return knob && h(Setting, { key: name, ui, camera, name, knob });
    }),
  );
}

/** One of them, with what became of the last wish. */
function Setting({ ui, camera, name, knob }: { ui: Ui; camera: Camera; name: string; knob: Knob }): JSX.Element {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);
  const set = async (value: string) => {
    setPending(true);
    setRefusal(await ui.set(camera.id, name, value));
    setPending(false);
  };
  return h(KnobRow, { words: ui.words, name, knob, isLocked: !camera.control, isPending, refusal, set });
}
