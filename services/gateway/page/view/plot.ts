import { h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const SECONDS = 60;
const HEIGHT = 26;
const WIDTH = 3 * (SECONDS - 1);

/** Pictures a second over the last minute, as a small surface; where none came there is none. */
export function Plot({ fps, ceiling, label }: { fps: number | null; ceiling: number; label: string }): JSX.Element {
  const latest = useRef(fps);
  latest.current = fps;
  const [samples, setSamples] = useState<number[]>([]);
  useEffect(() => {
    const timer = setInterval(() => setSamples((before) => [...before, latest.current ?? 0].slice(-SECONDS)), 1_000);
    return () => clearInterval(timer);
  }, []);
  const top = Math.max(ceiling, ...samples);
  const points = samples.map((value, i) => `${WIDTH - 3 * (samples.length - 1 - i)} ${y(value, top)}`);
  const first = WIDTH - 3 * (samples.length - 1);
  const line = points.length > 1 ? `M${points.join('L')}` : '';
  return h(
    'svg',
    { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    h('title', null, label),
    h('path', { class: 'base', d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }),
    line && h('path', { class: 'surface', d: `${line}V${HEIGHT}H${first}Z` }),
    line && h('path', { class: 'curve', d: line }),
  );
}

function y(value: number, top: number): string {
  return (HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1);
}
