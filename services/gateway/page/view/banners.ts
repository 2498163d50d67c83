import { Fragment, h, type JSX } from 'preact';
import type { Camera } from '../camera.ts';
import { sentence } from '../words/times.ts';
import { FallbackBanner, told } from './app.ts';
import type { Ui } from './ui.ts';

/** What is to be known beside the picture. */
export function Banners({ ui, camera }: { ui: Ui; camera: Camera }): JSX.Element {
  const { words } = ui;
  const isTest = camera.test === true;
  const isSlow = camera.condition === 'live' && !isTest && Boolean(camera.cause);
  return h(
    Fragment,
    null,
    isTest &&
      h(
        'p',
        { class: 'banner test', id: 'test' },
        h('strong', null, words.testPicture),
        ' ',
        h('span', { id: 'test-text' }, told(camera, sentence) || words.noRealCamera),
      ),
    isSlow &&
      h(
        'p',
        { class: 'banner test', id: 'hint' },
        h('strong', null, words.slowPictures),
        ' ',
        h('span', { id: 'hint-text' }, told(camera, sentence)),
      ),
    ui.station.seen(camera.id)?.saves === true &&
      h('p', { class: 'banner', id: 'saving' }, h('strong', null, words.slowLine), ' ', words.slowLineText),
    h(FallbackBanner, { ui }),
  );
}
