import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import { statusOf } from '../status.ts';
import { duration, number, sentence } from '../words/times.ts';
import { tileFps, tilePixels } from './grid.ts';
import { DarkSign } from './icon.ts';
import { LiveCanvas } from './live-canvas.ts';
import type { Ui } from './ui.ts';

/** Without WebSockets a tile takes a picture so often, in ms: a browser opens six connections to one host, so streams would be too many. */
const STILL_MS = 2_000;

interface Props {
  ui: Ui;
  camera: Camera;
  /** How many tiles there are. */
  count: number;
  /** Of the tile, in CSS pixels. */
  width: number;
}

/** One camera on the wall: its picture, name, age, rate and condition; a tap leads to it. */
export function Tile({ ui, camera, count, width }: Props): JSX.Element {
  const { station, words } = ui;
  const sight = station.sight(camera);
  const { kind, label, note, panel } = statusOf(sight, words);
  const moves = kind === 'live' || kind === 'late';
  const figures = [
    sight.picture?.age == null || !(moves || kind === 'stale') ? '' : duration(sight.picture.age, words),
    moves && sight.fps !== null ? words.fps(number(sight.fps, words)) : '',
  ];
  const picture = station.fallback
    ? h(Still, { id: camera.id })
    : h(LiveCanvas, {
        ...{ key: camera.id, ui, id: camera.id, fps: tileFps(count), width: tilePixels(width, devicePixelRatio) },
        label: words.liveView(camera.name),
      });
  const dark = panel && [
    h(DarkSign, null),
    h('strong', null, panel.title),
    h('span', { class: 'tile-advice' }, firstSentence(panel.advice)),
  ];
  return h(
    'li',
    { class: 'tile', 'data-kind': kind, 'data-camera': camera.id },
    h(
      'a',
      { href: `#${encodeURIComponent(camera.id)}` },
      h('div', { class: `picture${note ? ' gone' : ''}` }, picture, panel && h('div', { class: `tile-dark ${kind}` }, dark)),
      h(
        'div',
        { class: 'caption' },
        h('span', { class: 'dot', role: 'img', 'aria-label': label }),
        h('span', { class: 'tile-name' }, camera.name),
        camera.test && h('span', { class: 'tag' }, words.testPicture),
        h(
          'span',
          { class: 'figures', 'aria-hidden': 'true' },
          kind === 'live' ? '' : h('span', { class: 'tile-label' }, panel ? '' : label),
          figures.filter(Boolean).join(' · '),
        ),
      ),
    ),
  );
}

/** Pictures one by one, each asked for when the last one has come. */
function Still({ id }: { id: string }): JSX.Element {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setTurn(turn + 1), STILL_MS);
    return () => clearTimeout(timer);
  }, [turn]);
  return h('img', { class: 'view', alt: '', src: `cameras/${id}/snapshot?max_age=${STILL_MS}&turn=${turn}` });
}

/** More does not fit on a tile; what is to be typed is on the camera's own page. */
function firstSentence(advice: string): string {
  return sentence(advice.replaceAll('`', '').split(/(?<=[.!?]) /)[0] ?? '');
}
