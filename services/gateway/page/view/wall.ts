import { h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import { isDark } from '../liveness.ts';
import { statusOf } from '../status.ts';
import { layOut } from './grid.ts';
import { Tile } from './tile.ts';
import type { Ui } from './ui.ts';

/** All cameras at once, as large as the screen allows. */
export function Wall({ ui, cameras }: { ui: Ui; cameras: Camera[] }): JSX.Element {
  const element = useRef<HTMLElement>(null);
  const room = useRoom(element);
  const { columns, width } = layOut(cameras.length, room);
  const tiles = cameras.map((camera) => h(Tile, { key: camera.id, ui, camera, count: cameras.length, width }));
  const style = { '--columns': String(columns), '--tile': `${width}px` };
  return h('main', { ref: element, class: 'wall', id: 'wall' }, h('ul', { class: 'tiles', style }, tiles));
}

/** `4 cameras`, and how many of them have no picture. */
export function wallTitle({ words, station }: Ui, cameras: Camera[]): string {
  const dark = cameras.filter((camera) => isDark(camera) || statusOf(station.sight(camera), words).kind === 'stale').length;
  return [words.cameras(cameras.length), dark > 0 ? words.dark(dark) : ''].filter(Boolean).join(' · ');
}

function useRoom(element: { current: HTMLElement | null }): { width: number; height: number } {
  const [room, setRoom] = useState({ width: innerWidth, height: innerHeight });
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setRoom({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return room;
}
