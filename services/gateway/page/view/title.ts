import { Fragment, h, type JSX } from 'preact';
import type { Camera } from '../camera.ts';
import { isDark } from '../liveness.ts';
import { logo } from './app.ts';
import { Icon } from './icon.ts';
import type { Ui } from './ui.ts';

/** The camera's name; with several cameras it is a menu of them, and there is a way back to all. */
export function Title({ ui: { words }, camera, cameras }: { ui: Ui; camera: Camera; cameras: Camera[] }): JSX.Element {
  const hasOthers = cameras.length > 1;
  const choose = (event: Event) => {
    location.hash = encodeURIComponent((event.currentTarget as HTMLSelectElement).value);
  };
  const options = cameras.map((each) => {
    return h('option', { key: each.id, value: each.id }, isDark(each) ? words.withoutPicture(each.name) : each.name);
  });
  return h(
    Fragment,
    null,
    hasOthers
      ? h('a', { class: 'back', id: 'back', href: '#', 'aria-label': words.allCameras, title: words.allCameras }, h(Icon, { name: 'back' }))
      : h('img', { class: 'logo', src: logo(), alt: 'HomeGuard', width: 28, height: 28 }),
    h(
      'div',
      { class: 'title' },
      h('h1', { id: 'name' }, camera.name),
      hasOthers && h('svg', { viewBox: '0 0 12 12', 'aria-hidden': 'true' }, h('path', { d: 'M2.500 4.500 6 8l3.500-3.500' })),
      hasOthers && h('select', { id: 'cameras', 'aria-label': words.camera, value: camera.id, onChange: choose }, options),
    ),
  );
}
