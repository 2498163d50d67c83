/** What conditions are called, on the page and on the gateway's placeholder pictures. */
export const TITLES = {
  starting: 'Starting…',
  live: 'Waiting for the next picture',
  idle: 'Waiting for the first picture',
  off: 'Camera is switched off',
  'no-device': 'No camera found',
  'permission-denied': 'Permission denied',
  'device-busy': 'Camera is in use elsewhere',
  'no-frames': 'Camera sends no pictures',
  'bad-format': 'Picture format not supported',
  'no-usb-bandwidth': 'Not enough USB bandwidth',
  'source-failed': 'Video source failed',
  offline: 'Camera service is not running',
  'bus-lost': 'Message bus not reachable',
} as const;

/** The title for a condition of the `state` topic, or for the gateway's own `offline` and `bus-lost`; `No picture` for any other. */
export function titleOf(condition: string): string {
  return Object.hasOwn(TITLES, condition) ? TITLES[condition as keyof typeof TITLES] : 'No picture';
}
