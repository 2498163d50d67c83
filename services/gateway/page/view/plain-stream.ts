import { h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  id: string;
  /** A stream that broke stands still without a word; another number has it begun anew. */
  turn: number;
  label: string;
  onSize: (size: { width: number; height: number }) => void;
}

/** The MJPEG stream of a camera. */
export function PlainStream({ id, turn, label, onSize }: Props): JSX.Element {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const element = image.current;
    // Taken off the page it would go on loading.
    return () => element?.removeAttribute('src');
  }, [id, turn]);
  const measure = () => {
    const { naturalWidth: width = 0, naturalHeight: height = 0 } = image.current ?? {};
    onSize({ width, height });
  };
  const src = `cameras/${id}/stream?turn=${turn}`;
  return h('img', { ref: image, id: 'fallback', class: 'view', src, alt: label, onLoad: measure });
}
