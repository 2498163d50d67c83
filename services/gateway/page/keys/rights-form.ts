import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import { Fault, Tick } from './form.ts';
import { ADMIN, camerasOf, EVERY, implied, may, othersOf, type Power, type Rights, toggle } from './rights.ts';
import { keyWords } from './words.ts';

interface Props {
  rights: Rights;
  cameras: Camera[];
  fault: string;
  onChange: (rights: Rights) => void;
}

/** What a user may, as boxes: watch and set, for all cameras and for each. */
export function RightsForm({ rights, cameras, fault, onChange }: Props): JSX.Element {
  const words = keyWords();
  const nameOf = (id: string) => cameras.find((each) => each.id === id)?.name ?? id;
  const inline = (id: string) => (id === EVERY ? words.everyCameraInline : nameOf(id));
  // A camera that is only named in a right keeps its row when that is taken away, or it could not be given back.
  const [first] = useState(rights);
  const known = cameras.map(({ id }) => id);
  const ids = [EVERY, ...camerasOf(first, known)];
  const others = othersOf(rights);
  const box = (power: Power, id: string) =>
    h(Tick, {
      label: null,
      name: power === 'read' ? words.mayWatch(inline(id)) : words.mayControl(inline(id)),
      checked: may(rights, power, id),
      disabled: implied(rights, power, id),
      onChange: () => onChange(toggle(rights, `${power}:${id}`)),
    });
  const head = [words.camera, words.watch, words.control].map((text) => h('th', { key: text, scope: 'col' }, text));
  const rows = ids.map((id) =>
    h(
      'tr',
      { key: id },
      h('th', { scope: 'row' }, id === EVERY ? words.everyCamera : nameOf(id)),
      h('td', null, box('read', id)),
      h('td', null, box('control', id)),
    ),
  );
  return h(
    'fieldset',
    { class: 'rights' },
    h('legend', null, words.mayDo),
    h('table', null, h('thead', null, h('tr', null, head)), h('tbody', null, rows)),
    h(Tick, { label: words.isAdmin, checked: rights.includes(ADMIN), onChange: () => onChange(toggle(rights, ADMIN)) }),
    others.length > 0 &&
      h(
        'p',
        { class: 'soft' },
        words.otherRights,
        ': ',
        others.map((right) => h('code', { key: right }, right, ' ')),
      ),
    fault && h(Fault, { text: fault }),
  );
}
