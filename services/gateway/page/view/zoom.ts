import { useEffect, useRef, useState } from 'preact/hooks';
import { move, type Spot, WHOLE, type Zoom, zoomAt } from './lens.ts';

/** How far one notch of a wheel goes, by its pixels; and one press of a key. */
const WHEEL = 0.0015;
const STEP = 1.25;
const PUSH_PX = 60;

/** Wheel, pinch, drag and the keys + − 0 and arrows, on an element. */
export function useZoom(lens: { current: HTMLElement | null }): { zoom: Zoom; reset: () => void } {
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const element = lens.current;
    if (!element) return;
    const change = (next: Zoom) => {
      latest.current = next;
      setZoom(next);
    };
    return listen(element, () => latest.current, change);
  }, [lens]);
  return { zoom, reset: () => setZoom(WHOLE) };
}

function listen(element: HTMLElement, zoom: () => Zoom, change: (zoom: Zoom) => void): () => void {
  const done = new AbortController();
  const { signal } = done;
  const fingers = new Map<number, Spot>();
  const room = () => ({ width: element.clientWidth, height: element.clientHeight });
  const spotOf = ({ clientX, clientY }: MouseEvent): Spot => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    change(zoomAt(zoom(), Math.exp(-event.deltaY * WHEEL), spotOf(event), room()));
  };
  const drag = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = spotOf(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    const middle = other ? { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 } : now;
    const factor = other ? distance(now, other) / Math.max(1, distance(before, other)) : 1;
    const push = { x: (now.x - before.x) / (other ? 2 : 1), y: (now.y - before.y) / (other ? 2 : 1) };
    change(move(zoomAt(zoom(), factor, middle, room()), push, room()));
  };
  const press = (event: KeyboardEvent) => {
    const next = byKey(event, zoom(), room());
    if (!next) return;
    event.preventDefault();
    change(next);
  };
  element.addEventListener('wheel', wheel, { passive: false, signal });
  element.addEventListener(
    'pointerdown',
    (event) => {
      fingers.set(event.pointerId, spotOf(event));
      element.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  element.addEventListener('pointermove', drag, { signal });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    element.addEventListener(end, ({ pointerId }) => void fingers.delete(pointerId), { signal });
  }
  document.addEventListener('keydown', press, { signal });
  return () => done.abort();
}

function byKey({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent, zoom: Zoom, room: { width: number; height: number }): Zoom | null {
  if (ctrlKey || metaKey || altKey || (target instanceof Element && target.closest('input, select, textarea, dialog'))) return null;
  const middle = { x: room.width / 2, y: room.height / 2 };
  if (key === '+' || key === '=') return zoomAt(zoom, STEP, middle, room);
  if (key === '-') return zoomAt(zoom, 1 / STEP, middle, room);
  if (key === '0') return WHOLE;
  const pushes: Record<string, Spot> = {
    ArrowLeft: { x: PUSH_PX, y: 0 },
    ArrowRight: { x: -PUSH_PX, y: 0 },
    ArrowUp: { x: 0, y: PUSH_PX },
    ArrowDown: { x: 0, y: -PUSH_PX },
  };
  const push = zoom.scale > 1 ? pushes[key] : undefined;
  return push ? move(zoom, push, room) : null;
}

function distance(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
