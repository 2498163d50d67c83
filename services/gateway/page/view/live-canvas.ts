import { h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { blank, takesPictures } from '../feed/video.ts';
import type { Ui } from './ui.ts';

interface Props {
  ui: Ui;
  id: string;
  /** How many pictures a second can be shown here; null: all there are. */
  fps: number | null;
  /** How many device pixels it has across; null: the picture's own are wanted. */
  width: number | null;
  label: string;
  /** Wanted off the screen, too: where the picture is hidden until there is one, it would be waited for without end. */
  always?: boolean;
}

/**
 * A camera's pictures, for as long as this is on the page; they are wanted while it is on the screen. What was handed to a worker never
 * comes back, so give this the camera's id as its `key`.
 */
export function LiveCanvas({ ui: { station }, id, fps, width, label, always = false }: Props): JSX.Element {
  const element = useRef<HTMLCanvasElement & HTMLVideoElement>(null);
  const isSeen = useSeen(element) || always;
  useEffect(() => (element.current ? station.draw(id, element.current) : undefined), [station, id]);
  const isEmpty = station.seen(id) === null;
  useEffect(() => {
    if (isEmpty && element.current instanceof HTMLVideoElement) blank(element.current);
  }, [isEmpty]);
  useEffect(() => (isSeen ? station.want(id, { fps, width }) : undefined), [station, id, fps, width, isSeen]);
  const shown = { ref: element, class: 'view', 'aria-label': label };
  return takesPictures ? h('video', { ...shown, muted: true, autoplay: true, playsInline: true }) : h('canvas', { ...shown, role: 'img' });
}

/** Whether an element is on the screen, or nearly so; until that is known it is taken to be. */
function useSeen(element: { current: Element | null }): boolean {
  const [isSeen, setSeen] = useState(true);
  useEffect(() => {
    if (!element.current || typeof IntersectionObserver === 'undefined') return;
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? true), { rootMargin: '80px' });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return isSeen;
}
