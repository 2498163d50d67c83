import { type Bitmap2D, generate } from 'lean-qr';
import { h, type JSX } from 'preact';
import { useMemo } from 'preact/hooks';

/** Clear space around the modules that readers need (ISO/IEC 18004, 5.3.8), in modules. */
const QUIET = 4;

/** A text as a QR code: always black on white, whatever the page's colours, or many readers see nothing. */
export function QrCode({ text, label }: { text: string; label: string }): JSX.Element {
  // The page is drawn anew a few times a second.
  const code = useMemo(() => generate(text), [text]);
  const side = code.size + 2 * QUIET;
  const attributes = { viewBox: `${-QUIET} ${-QUIET} ${side} ${side}`, role: 'img', 'aria-label': label };
  return h(
    'svg',
    { class: 'qr', 'shape-rendering': 'crispEdges', ...attributes },
    h('rect', { class: 'qr-ground', x: -QUIET, y: -QUIET, width: side, height: side }),
    h('path', { class: 'qr-modules', d: outline(code) }),
  );
}

/** The dark modules of each row, one run after the other. */
function outline(code: Bitmap2D): string {
  const { size } = code;
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let run = 0;
      while (x + run < size && code.get(x + run, y)) run++;
      if (run > 0) path += `M${x} ${y}h${run}v1h-${run}z`;
      x += run;
    }
  }
  return path;
}
