const NAME = 'homeguard:first-picture';

/** A mark in the browser's own timeline, made once: how long somebody waited for a picture. */
export function markFirstPicture(): void {
  if (performance.getEntriesByName(NAME).length === 0) performance.mark(NAME);
}
