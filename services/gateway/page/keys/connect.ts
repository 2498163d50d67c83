import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { BusTopics } from './bus.ts';
import { Dialog, Tabs } from './dialog.ts';
import type { DialogProps } from './open.ts';
import { Phone } from './phone.ts';
import { Programs } from './programs.ts';
import { Site } from './site.ts';
import { keyWords } from './words.ts';

/** How others get at a camera: programs, the phone, somebody else's page, the bus. */
export function ConnectDialog({ ui, me, camera: shown, onClose }: DialogProps): JSX.Element {
  const words = keyWords();
  const { cameras } = ui.station;
  const [id, setId] = useState(shown?.id);
  const camera = cameras.find((each) => each.id === id) ?? cameras.find((each) => each.default) ?? cameras[0];
  const choose = (event: Event) => setId((event.currentTarget as HTMLSelectElement).value);
  const options = cameras.map((each) => h('option', { key: each.id, value: each.id }, each.name));
  const aside =
    cameras.length > 1 &&
    h('select', { class: 'which', 'aria-label': words.cameraToConnect, value: camera?.id, onChange: choose }, options);
  const tabs = [
    ...(camera ? [{ id: 'programs', label: words.programs, body: () => h(Programs, { ui, me, camera, cameras }) }] : []),
    { id: 'phone', label: words.phone, body: (isShown: boolean) => h(Phone, { ui, me, isShown }) },
    ...(camera
      ? [
          { id: 'site', label: words.site, body: () => h(Site, { key: camera.id, ui, me, camera }) },
          { id: 'bus', label: words.bus, body: () => h(BusTopics, { ui, camera }) },
        ]
      : []),
  ];
  return h(Dialog, {
    ...{ ui, id: 'connect-dialog', title: ui.words.connect, aside, onClose },
    children: h(Tabs, { label: ui.words.connect, tabs }),
  });
}
