import { h, type JSX } from 'preact';
import type { Camera } from '../camera.ts';
import type { Status } from '../status.ts';
import { duration, number } from '../words/times.ts';
import { Plot } from './plot.ts';
import type { Ui } from './ui.ts';

const UNKNOWN = '–';
/** Below this a rate is told in kbit/s. */
const MEGA = 1_000_000;

/** How it stands with the picture, in figures. */
export function Facts({ ui: { station, words }, camera, status }: { ui: Ui; camera: Camera; status: Status }): JSX.Element {
  const seen = station.seen(camera.id);
  const { kind } = status;
  const moves = kind === 'live' || kind === 'late' || kind === 'frozen';
  const size = seen ?? camera.size;
  const fps = moves && seen ? seen.fps : null;
  const rows = [
    ['age', words.age, seen?.age == null ? UNKNOWN : duration(seen.age, words)],
    ['rate', words.rate, fps === null ? UNKNOWN : words.fps(number(fps, words))],
    ['bitrate', words.bitrate, moves && seen?.bitrate != null ? bits(seen.bitrate, (value) => number(value, words)) : UNKNOWN],
    ['dropped', words.dropped, moves && seen?.dropped != null ? String(seen.dropped) : UNKNOWN],
    ['size', words.size, size ? `${size.width} × ${size.height}` : UNKNOWN],
    ['viewers', words.viewers, String(camera.viewers)],
  ] as const;
  return h(
    'section',
    { class: 'facts', 'aria-label': words.figures },
    h(
      'dl',
      null,
      rows.map(([id, name, value]) => {
        const title = id === 'dropped' ? words.droppedHint : undefined;
        return h('div', { key: id, class: `fact-${id}`, title }, h('dt', null, name), h('dd', { id }, value));
      }),
    ),
    h(Plot, { key: camera.id, fps, ceiling: camera.format?.fps ?? 30, label: words.plot }),
  );
}

function bits(rate: number, write: (value: number) => string): string {
  return rate < MEGA ? `${Math.round(rate / 1000)} kbit/s` : `${write(rate / MEGA)} Mbit/s`;
}
