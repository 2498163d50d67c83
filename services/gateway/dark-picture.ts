import type { Camera } from './camera.ts';
import type { Darkness, ShownCondition } from './darkness.ts';
import { titleOf } from './page/titles.ts';
import { createPlaceholder, type Picture } from './picture.ts';
import { drawPlaceholder } from './placeholder.ts';

/** It is sent so often, in ms, so that no viewer takes it for a stalled line. */
const PLACEHOLDER_MS = 700;
/** The size of a placeholder for a camera that was never seen. */
const USUAL_SIZE = { width: 1280, height: 720 };

/**
 * The picture that viewers of a dark camera see.
 * @param since ISO 8601 in UTC
 */
function drawDarkness({ name, size }: Pick<Camera, 'name' | 'size'>, { condition, cause, advice }: Darkness, since: string): Picture {
  const footer = `${name} · since ${since.slice(0, 19).replace('T', ' ')} UTC`;
  const jpeg = drawPlaceholder({ ...(size ?? USUAL_SIZE), title: titleOf(condition), cause, advice, footer });
  return createPlaceholder(jpeg, Date.now() * 1000);
}

/** What the viewers of one camera see while it is dark: drawn anew when it has something else to say. */
export class DarkPicture {
  readonly #camera: Camera;
  #drawn: Drawn | null = null;
  /** Since when the gateway sees a darkness that the camera cannot tell of. */
  #began: { condition: ShownCondition; since: string } | null = null;

  constructor(camera: Camera) {
    this.#camera = camera;
  }

  /** Is it to be shown to all again, as what it says is new or viewers have waited? `now` in ms, monotonic. */
  isDue(dark: Darkness, now: number): boolean {
    return this.#drawn?.key !== this.#key(dark) || now - this.#drawn.shownAt >= PLACEHOLDER_MS;
  }

  /** The picture for all viewers, who from now on wait for the next. */
  turn(dark: Darkness, now: number): Picture {
    const drawn = this.#draw(dark, now);
    drawn.shownAt = now;
    return drawn.picture;
  }

  /** The picture for one who has just come. */
  of(dark: Darkness, now: number): Picture {
    return this.#draw(dark, now).picture;
  }

  /** When a darkness began, ISO 8601 in UTC: as the camera told, or as it is first asked for here. */
  since({ condition, since }: Darkness): string {
    if (since) return since;
    if (this.#began?.condition !== condition) this.#began = { condition, since: new Date().toISOString() };
    return this.#began.since;
  }

  /** The darkness has ended. */
  ended(): void {
    this.#began = null;
  }

  /** It has ended with a picture: what was drawn is shown no more. */
  forget(): void {
    this.ended();
    this.#drawn = null;
  }

  #draw(dark: Darkness, now: number): Drawn {
    const key = this.#key(dark);
    if (this.#drawn?.key !== key) this.#drawn = { key, picture: drawDarkness(this.#camera, dark, this.since(dark)), shownAt: now };
    return this.#drawn;
  }

  #key(dark: Darkness): string {
    return JSON.stringify([dark, this.#camera.size]);
  }
}

interface Drawn {
  key: string;
  picture: Picture;
  /** Monotonic, in ms. */
  shownAt: number;
}
