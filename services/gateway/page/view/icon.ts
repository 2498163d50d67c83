import { h, type JSX } from 'preact';

/** Outlines in a square of 24 × 24 units. */
const PATHS = {
  snapshot:
    'M4 8.5A1.5 1.5 0 0 1 5.5 7h2l1.4-2h6.2l1.4 2h2A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5ZM12 9.4a3.4 3.4 0 1 1 0 6.8a3.4 3.4 0 0 1 0-6.8Z',
  full: 'M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15',
  freeze: 'M9 5.5v13M15 5.5v13',
  play: 'M8 5.5v13l10.5-6.5Z',
  pip: 'M11 18.5H5.5A1.5 1.5 0 0 1 4 17V7a1.5 1.5 0 0 1 1.5-1.5h13A1.5 1.5 0 0 1 20 7v4M14 14.5h6v4.5h-6Z',
  controls:
    'M4.5 7h8M16.5 7h3M4.5 12h3M11.5 12h8M4.5 17h9M17.5 17h2M14.5 5a2 2 0 1 1 0 4a2 2 0 0 1 0-4ZM9.5 10a2 2 0 1 1 0 4a2 2 0 0 1 0-4ZM15.5 15a2 2 0 1 1 0 4a2 2 0 0 1 0-4Z',
  connect: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1',
  access:
    'M9.500 4.500a3.500 3.500 0 1 1 0 7a3.500 3.500 0 0 1 0-7ZM3 19.500c0-3.500 2.900-5.500 6.500-5.500 1.400 0 2.700.300 3.800.900M17.500 13a2.500 2.500 0 1 1 0 5a2.500 2.500 0 0 1 0-5ZM17.500 18v4M17.500 20.200h2',
  logOut: 'M13 4.5H6.500A1.500 1.500 0 0 0 5 6v12a1.500 1.500 0 0 0 1.500 1.500H13M10.500 12h9M16.300 8.500l3.500 3.500-3.500 3.500',
  language: 'M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16ZM4.300 12h15.400M12 4c-5 5-5 11 0 16M12 4c5 5 5 11 0 16',
  more: 'M12 4.700a.9.9 0 1 1 0 1.8a.9.9 0 0 1 0-1.800ZM12 11.100a.9.9 0 1 1 0 1.800a.9.9 0 0 1 0-1.800ZM12 17.500a.9.9 0 1 1 0 1.800a.9.9 0 0 1 0-1.800Z',
  back: 'M14.500 6 8.500 12l6 6',
  close: 'M6.500 6.500l11 11M17.500 6.500l-11 11',
  copy: 'M9 9h9.500v10.500H9ZM6 15H5V4.500h9.500V6',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  undo: 'M8 5.500 4.500 9 8 12.500M5 9h9a5 5 0 0 1 0 10h-3',
} as const;

/** The camera crossed out. */
const DARK = [
  'M4 8h9.500a1.500 1.500 0 0 1 1.500 1.500v5a1.500 1.500 0 0 1-1.500 1.500H4a1.500 1.500 0 0 1-1.500-1.500v-5A1.500 1.500 0 0 1 4 8ZM15 11l6-3v8l-6-3',
  'M4 3.500l16 17',
];

export function Icon({ name }: { name: keyof typeof PATHS }): JSX.Element {
  return h('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, h('path', { d: PATHS[name] }));
}

export function DarkSign(): JSX.Element {
  const [camera, stroke] = DARK;
  const paths = [h('path', { d: camera }), h('path', { class: 'gap', d: stroke }), h('path', { d: stroke })];
  return h('svg', { class: 'sign', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, paths);
}

type IconName = keyof typeof PATHS;

interface ButtonProps {
  id: string;
  icon: IconName;
  label: string;
  hint?: string | undefined;
  pressed?: boolean | undefined;
  expanded?: boolean | undefined;
  disabled?: boolean | undefined;
  onClick?: (() => void) | undefined;
  type?: 'button' | 'submit';
}

/** A button with a sign and a word; where there is little room the word is only heard. */
export function ActionButton({ id, icon, label, hint, pressed, expanded, disabled, onClick, type = 'button' }: ButtonProps): JSX.Element {
  const states = { 'aria-pressed': pressed, 'aria-expanded': expanded, disabled };
  return h(
    'button',
    { id, type, title: hint ?? label, class: 'action', onClick, ...states },
    h(Icon, { name: icon }),
    h('span', null, label),
  );
}
