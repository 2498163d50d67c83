/** What a device offers, and what is wanted -> how it is opened. Pure. */
import type { FrameSize, PixelFormat } from './capabilities.ts';

export interface Mode {
  fourcc: string;
  /** ffmpeg's name for it, for `-input_format`. */
  inputFormat: string;
  /** It gives JPEG, which goes through untouched. */
  copy: boolean;
  width: number;
  height: number;
  /** Frames a second. */
  fps: number;
}

export interface Size {
  width: number;
  height: number;
}

/**
 * What ffmpeg can read (libavdevice/v4l2-common.c), best first: JPEG costs nothing, then by what it costs the bus and us, colours before
 * gray, and H.264 last, which has to be decoded. Bayer is left out: ffmpeg takes it, but knows nothing of white balance or exposure.
 */
const INPUT_FORMATS: Record<string, string> = {
  MJPG: 'mjpeg',
  JPEG: 'mjpeg',
  YU12: 'yuv420p',
  NV12: 'nv12',
  YV12: 'yuv420p',
  YUYV: 'yuyv422',
  UYVY: 'uyvy422',
  '422P': 'yuv422p',
  '411P': 'yuv411p',
  YUV9: 'yuv410p',
  RGBP: 'rgb565le',
  RGBR: 'rgb565be',
  RGBO: 'rgb555le',
  RGBQ: 'rgb555be',
  BGR3: 'bgr24',
  RGB3: 'rgb24',
  BGR4: 'bgr0',
  RGB4: '0rgb',
  GREY: 'gray',
  Y16: 'gray16le',
  H264: 'h264',
};
const COPIED = 'mjpeg';
/** Two sizes are as near as each other, rounding aside. */
const NO_MATTER = 1e-9;

/**
 * The best format, of its sizes the nearest to the one wanted, of its rates the nearest; what the device does not tell is taken as wanted.
 * @returns null when it has no format that can be read
 */
export function chooseMode(formats: PixelFormat[], wanted: { size: Size; fps: number }): Mode | null {
  const format = bestFormat(formats);
  const inputFormat = format && INPUT_FORMATS[format.fourcc];
  if (!format || !inputFormat) return null;
  const { width, height, rates } = nearestSize(format.sizes, wanted.size) ?? { ...wanted.size, rates: [] };
  const fps = nearestRate(rates, wanted.fps) ?? wanted.fps;
  return { fourcc: format.fourcc, inputFormat, copy: inputFormat === COPIED, width, height, fps };
}

/** The sizes to choose from, smallest area first. */
export function sizesOf(formats: PixelFormat[]): Size[] {
  const sizes = (bestFormat(formats)?.sizes ?? []).map(({ width, height }) => ({ width, height }));
  return sizes.sort((a, b) => area(a) - area(b) || a.width - b.width);
}

/** The rates to choose from at a size, highest first. */
export function ratesOf(formats: PixelFormat[], size: Size): number[] {
  return bestFormat(formats)?.sizes.find((each) => isSame(each, size))?.rates ?? [];
}

/** What needs less room on the bus: the next smaller size at the same rate, else the next lower rate; null when it is the least. */
export function nextSmaller(formats: PixelFormat[], mode: Mode): (Size & { fps: number }) | null {
  const sizes = formats.find(({ fourcc }) => fourcc === mode.fourcc)?.sizes ?? [];
  const smaller = sizes.filter((each) => area(each) < area(mode) && (each.rates.length === 0 || each.rates.includes(mode.fps)));
  const largest = smaller.reduce<FrameSize | null>((best, each) => (best && area(best) >= area(each) ? best : each), null);
  if (largest) return { width: largest.width, height: largest.height, fps: mode.fps };
  const lower = (sizes.find((each) => isSame(each, mode))?.rates ?? []).filter((rate) => rate < mode.fps);
  return lower.length > 0 ? { width: mode.width, height: mode.height, fps: Math.max(...lower) } : null;
}

function bestFormat(formats: PixelFormat[]): PixelFormat | null {
  for (const fourcc of Object.keys(INPUT_FORMATS)) {
    const found = formats.find((format) => format.fourcc === fourcc);
    if (found) return found;
  }
  return null;
}

function nearestSize(sizes: FrameSize[], wanted: Size): FrameSize | null {
  return nearest(sizes, (size) => Math.abs(Math.log(size.width / wanted.width)) + Math.abs(Math.log(size.height / wanted.height)), area);
}

function nearestRate(rates: number[], wanted: number): number | null {
  return nearest(
    rates,
    (rate) => Math.abs(rate - wanted),
    (rate) => rate,
  );
}

/** The one with the least distance, at a tie the greater. */
function nearest<Item>(items: Item[], distance: (item: Item) => number, greatness: (item: Item) => number): Item | null {
  let best: Item | null = null;
  for (const item of items) {
    const nearer = best === null ? 1 : distance(best) - distance(item);
    if (best === null || nearer > NO_MATTER || (nearer > -NO_MATTER && greatness(item) > greatness(best))) best = item;
  }
  return best;
}

function area({ width, height }: Size): number {
  return width * height;
}

function isSame(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
