/** The picture that viewers see when a camera has nothing to show: the condition, the cause and the advice, in words. */
import { box, CAMERA_OFF } from './camera-off.ts';
import { fill } from './canvas.ts';
import { type Colour, createPicture, encodeJpeg, type Picture } from './jpeg-encoder.ts';
import { arrange, type Layout, type Line, type Page, pageOf } from './placeholder-layout.ts';
import { drawable, firstLines, shapesOf, wrap } from './text.ts';

/** What the picture says. Sides in pixels, clamped to 160–3840; the texts may be of any length and hold any character. */
export interface Placeholder {
  width: number;
  height: number;
  title: string;
  cause: string | null;
  advice: string | null;
  /** Small, at the bottom: the camera's name and the time. */
  footer?: string;
}

// A dark slate; everything but the sign has its tint, so only luminance tells text from ground.
const tinted = (y: number): Colour => ({ y, cb: 133, cr: 125 });
const GROUND = tinted(24);
const RULE = tinted(46);
const FOOTER = tinted(128);
const INK: Record<Line['role'], Colour> = { title: tinted(245), cause: tinted(152), advice: tinted(218) };
/** Amber, #f5a623. */
const SIGN: Colour = { y: 175, cb: 49, cr: 178 };

/** No picture has room for more characters of one text. */
const LONGEST_TEXT = 2000;

/**
 * Draws the picture; answers with a JPEG file. Never throws, whatever the texts: letters become smaller until the text fits, and when
 * they cannot become smaller, the text is cut, with an ellipsis.
 */
export function drawPlaceholder(p: Placeholder): Buffer {
  const picture = createPicture(clampSide(p.width), clampSide(p.height), GROUND);
  const page = pageOf(picture.width, picture.height);
  const { sign, lines } = arrange({ title: readable(p.title), cause: readable(p.cause), advice: readable(p.advice) }, page);
  drawSign(picture, page, sign);
  for (const { role, text, font, baseline } of lines) fill(picture, shapesOf(text, font, page.left, baseline), INK[role]);
  if (p.footer) drawFooter(picture, page, readable(p.footer));
  return encodeJpeg(picture);
}

const clampSide = (side: number) => Math.min(3840, Math.max(160, Math.round(side) || 0));
const readable = (text: string | null) => drawable((text ?? '').slice(0, LONGEST_TEXT));

function drawSign(picture: Picture, page: Page, { top, size }: Layout['sign']): void {
  const scale = size / 48;
  const at = { x: page.left - 2 * scale, y: top, scale };
  fill(picture, [{ ...at, contours: CAMERA_OFF.camera }], SIGN);
  fill(picture, [{ ...at, contours: CAMERA_OFF.gap }], GROUND);
  fill(picture, [{ ...at, contours: CAMERA_OFF.stroke }], SIGN);
}

function drawFooter(picture: Picture, page: Page, text: string): void {
  const { font, baseline, ruleTop } = page.footer;
  const rule = box(0, 0, page.width, Math.max(1, Math.round(page.size / 24)));
  fill(picture, [{ contours: [rule], x: page.left, y: ruleTop, scale: 1 }], RULE);
  const [line = ''] = firstLines(wrap(text, font, page.width), 1, font, page.width);
  fill(picture, shapesOf(line, font, page.left, baseline), FOOTER);
}
