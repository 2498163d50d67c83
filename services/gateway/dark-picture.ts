import type { Camera } from './camera.ts';
import type { Darkness } from './darkness.ts';
import { titleOf } from './page/titles.ts';
import { createPlaceholder, type Picture } from './picture.ts';
import { drawPlaceholder } from './placeholder.ts';

/** The size of a placeholder for a camera that was never seen. */
const USUAL_SIZE = { width: 1280, height: 720 };

/**
 * The picture that viewers of a dark camera see.
 * @param since ISO 8601 in UTC
 */
export function drawDarkness(
  { name, size }: Pick<Camera, 'name' | 'size'>,
  { condition, cause, advice }: Darkness,
  since: string,
): Picture {
  const footer = `${name} · since ${since.slice(0, 19).replace('T', ' ')} UTC`;
  const jpeg = drawPlaceholder({ ...(size ?? USUAL_SIZE), title: titleOf(condition), cause, advice, footer });
  return createPlaceholder(jpeg, Date.now() * 1000);
}
