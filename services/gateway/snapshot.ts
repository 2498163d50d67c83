import type { Channel } from './channel.ts';
import type { Picture } from './picture.ts';

/** A snapshot waits so long for a fresh frame, in ms. */
const WAIT_MS = 3_000;

/** One picture that is at most `maxAge` ms old, waiting up to three seconds for it; null when none comes. */
export async function takeSnapshot(channel: Channel, maxAge: number): Promise<Picture | null> {
  const recent = channel.recent(maxAge);
  if (recent) return recent;
  const { promise, resolve } = Promise.withResolvers<Picture | null>();
  const timer = setTimeout(() => resolve(null), WAIT_MS);
  let asked = false;
  using _watching = channel.watch({
    // What is shown while `watch` is still under way is the picture that was too old.
    show: (picture) => {
      if (asked && !picture.isPlaceholder) resolve(picture);
    },
    end: () => resolve(null),
  });
  asked = true;
  // Awaited here: the watching ends when this function does.
  return await promise.finally(() => clearTimeout(timer));
}
