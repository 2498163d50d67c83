import { h, type JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import { LOOK_MS } from '../liveness.ts';
import type { Status } from '../status.ts';
import { number } from '../words/times.ts';
import { LiveCanvas } from './live-canvas.ts';
import { PlainStream } from './plain-stream.ts';
import type { Ui } from './ui.ts';
import { useZoom } from './zoom.ts';

/** The picture itself, or the plain stream that stands in; it can be zoomed and pushed. Hidden while a panel tells why there is none. */
export function Picture({ ui, camera, status }: { ui: Ui; camera: Camera; status: Status }): JSX.Element {
  const { station, words } = ui;
  const { note, panel } = status;
  const lens = useRef<HTMLDivElement>(null);
  const { zoom, reset } = useZoom(lens);
  const [natural, setNatural] = useState<{ width: number; height: number } | null>(null);
  const seen = station.seen(camera.id);
  const size = (station.fallback ? natural : seen) ?? camera.size ?? camera.format;
  const ratio = size && size.height > 0 && size.width > 0 ? size.width / size.height : 16 / 9;
  const turn = station.fallback;
  const label = words.liveView(camera.name);
  const stream = turn > 0 && h(PlainStream, { key: `stream-${turn}`, id: camera.id, turn, label, onSize: setNatural });
  const transform = zoom.scale > 1 ? `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` : 'none';
  return h(
    'div',
    { class: `picture${note ? ' gone' : ''}`, id: 'picture', hidden: panel !== null, style: { '--ratio': String(ratio) } },
    h(
      'div',
      { ref: lens, class: `lens${zoom.scale > 1 ? ' zoomed' : ''}`, id: 'lens' },
      h(
        'div',
        { class: 'glass', style: { transform, transitionDuration: `${LOOK_MS / 2}ms` } },
        stream || h(LiveCanvas, { key: camera.id, ui, id: camera.id, fps: null, width: null, label, always: true }),
      ),
    ),
    note &&
      h(
        'div',
        { class: 'note', id: 'note', 'aria-hidden': 'true' },
        h('strong', { id: 'note-title' }, note.title),
        h('span', { id: 'note-detail' }, note.detail),
      ),
    zoom.scale > 1 &&
      h('button', { type: 'button', class: 'chip', id: 'zoom-out', onClick: reset }, words.zoomOut(number(zoom.scale, words))),
  );
}
