/** Where the texts of the placeholder picture stand, and how large: as large as looks right, as small as they must be. Lengths in pixels. */
import { type Font, firstLines, sharpSize, wrap } from './text.ts';

/** Where text may stand. */
export interface Page {
  left: number;
  top: number;
  width: number;
  height: number;
  /** How large the letters would best be. */
  size: number;
  footer: { font: Font; baseline: number; ruleTop: number };
}

/** The page of a picture of `width` × `height` pixels. */
export function pageOf(width: number, height: number): Page {
  // Sizes that look right on a large picture would be illegible on a small one.
  const size = Math.max(9, Math.min(height / 26, width / 34), Math.min(12, width / 24, height / 18));
  const left = Math.round(Math.max(10, 0.07 * width));
  const top = Math.round(Math.max(8, Math.min(0.07 * height, left)));
  const font: Font = { face: 'regular', size: sharpSize(Math.max(9, 0.68 * size)) };
  const baseline = height - top;
  const ruleTop = Math.round(baseline - 2 * font.size);
  return { left, top, width: width - 2 * left, height: ruleTop - 2 * top, size, footer: { font, baseline, ruleTop } };
}

/** What is to be said, ready to be drawn; an empty text takes no room. */
export interface Texts {
  title: string;
  cause: string;
  advice: string;
}

/** A line of text, its letters standing on `baseline`. */
export interface Line {
  role: keyof Texts;
  text: string;
  font: Font;
  baseline: number;
}

/** The sign's place and size (0: no sign), and the lines below it. */
export interface Layout {
  sign: { top: number; size: number };
  lines: Line[];
}

/** More lines of cause and advice than this nobody reads off a picture. */
const MOST_LINES = 8;

/** The layout with the largest letters at which everything fits; else with the smallest, without the sign, and the text cut. */
export function arrange(texts: Texts, page: Page): Layout {
  const smallest = Math.max(9, 0.6 * page.size);
  for (let size = page.size; size > smallest; size *= 0.9) {
    const { layout, whole } = arrangeAt(texts, page, size, true);
    if (whole) return layout;
  }
  return arrangeAt(texts, page, smallest, false).layout;
}

/** The sign, the title, the cause and the advice, one below the other. Not `whole` when text was cut, or there is too little room. */
function arrangeAt(texts: Texts, page: Page, size: number, withSign: boolean): { layout: Layout; whole: boolean } {
  const body: Font = { face: 'regular', size: sharpSize(size) };
  const heading: Font = { face: 'bold', size: sharpSize(1.8 * size) };
  const leading = Math.round(1.42 * body.size);
  const gap = Math.round(0.55 * leading);
  const signSize = withSign ? Math.round(1.6 * heading.size) : 0;
  const signRoom = Math.round(1.2 * signSize);

  const titleLines = wrap(texts.title, heading, page.width);
  const title = firstLines(titleLines, 2, heading, page.width);
  const titleLeading = Math.round(1.2 * heading.size);
  const fixed = signRoom + title.length * titleLeading + 2 * gap;
  const room = Math.floor((page.height - fixed) / leading);
  const { cause, advice, whole } = share(texts, Math.min(MOST_LINES, room), body, page.width);
  const height = fixed + (cause.length + advice.length) * leading;

  // A little above the middle looks like the middle.
  const top = page.top + Math.max(0, Math.round(0.46 * (page.height - height)));
  const lines: Line[] = [];
  let baseline = top + signRoom;
  const stack = (role: keyof Texts, rows: string[], font: Font, step: number) => {
    for (const text of rows) {
      baseline += step;
      lines.push({ role, text, font, baseline });
    }
    baseline += rows.length > 0 ? gap : 0;
  };
  stack('title', title, heading, titleLeading);
  stack('cause', cause, body, leading);
  stack('advice', advice, body, leading);
  return { layout: { sign: { top, size: signSize }, lines }, whole: whole && titleLines.length <= 2 && height <= page.height };
}

/** Shares out `rows` lines; when there are too few, the advice may take two thirds of them, as it is what helps. */
function share({ cause, advice }: Texts, rows: number, font: Font, width: number) {
  const causeLines = wrap(cause, font, width);
  const adviceLines = wrap(advice, font, width);
  const forAdvice = Math.min(adviceLines.length, Math.max(Math.ceil((2 * rows) / 3), rows - causeLines.length));
  return {
    cause: firstLines(causeLines, rows - forAdvice, font, width),
    advice: firstLines(adviceLines, forAdvice, font, width),
    whole: causeLines.length + adviceLines.length <= rows,
  };
}
