/**
 * What v4l2-ctl (v4l-utils 1.22 to 1.32) prints -> what a device offers. Pure. It never calls setlocale: its words are English everywhere.
 * Unknown lines are passed over, and a text may end anywhere: the device can vanish while it is listed.
 */
import type { Capabilities, Control, FrameSize, PixelFormat } from './capabilities.ts';

/** What is kept of a list; the longest known are vivid's, with 81 formats, 70 controls and 111 entries in a menu. */
const MAX_FORMATS = 128;
const MAX_SIZES = 64;
const MAX_RATES = 32;
const MAX_CONTROLS = 128;
const MAX_MENU = 128;
const MAX_LINE = 500;
/** Settings write at most four digits a side. */
const MAX_SIDE = 9_999;
const MAX_RATE = 1_000;

/** What is offered of a device that takes any size in a range, where it fits in; its largest comes on top. */
const COMMON_SIZES = [
  '160x120',
  '320x240',
  '640x360',
  '640x480',
  '800x600',
  '1024x768',
  '1280x720',
  '1280x960',
  '1920x1080',
  '2560x1440',
  '3840x2160',
];
/** The same for rates, in frames a second. */
const COMMON_RATES = [60, 50, 30, 25, 20, 15, 10, 5, 1];

/** V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE. */
const CAPTURE = 0x1 | 0x1000;

/** As v4l2-ctl calls them. Arrays and compound types are left out: they are no knobs. */
const TYPES = new Map<string, Control['type']>([
  ['int', 'int'],
  ['int64', 'int64'],
  ['bool', 'bool'],
  ['menu', 'menu'],
  ['intmenu', 'intmenu'],
  ['bitmask', 'bitmask'],
  ['button', 'button'],
  ['str', 'string'],
]);

/** @param text of `v4l2-ctl --info --list-formats-ext --list-ctrls-menus` */
export function parseCapabilities(text: string): Capabilities {
  const lines = wholeLines(text);
  return { ...readInfo(lines), formats: readFormats(lines), controls: readControls(lines) };
}

/** Without a last line that was cut off: `1280x72` is a size, too. */
function wholeLines(text: string): string[] {
  const lines = text.split('\n').slice(0, -1);
  // The device gives its names and texts itself: nothing of them may steer a terminal.
  return lines.map((line) => line.slice(0, MAX_LINE).replace(/[^\P{Cc}\t]/gu, ''));
}

function readInfo(lines: string[]): Omit<Capabilities, 'formats' | 'controls'> {
  const fields = new Map<string, string>();
  const start = lines.findIndex((line) => line.startsWith('Driver Info'));
  for (const line of start < 0 ? [] : lines.slice(start + 1)) {
    if (/^\S/.test(line)) break; // `Media Driver Info:` has fields of the same names.
    const [, name, value] = /^\s+(\w[\w ]*?)\s*:(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, value.trim());
  }
  // `Capabilities` are those of all the nodes of a camera together.
  const bits = Number(fields.get('Device Caps') ?? fields.get('Capabilities') ?? 0);
  const [driver = '', card = '', bus = ''] = ['Driver name', 'Card type', 'Bus info'].map((name) => fields.get(name));
  return { driver, card, bus, capture: (bits & CAPTURE) !== 0 };
}

function readFormats(lines: string[]): PixelFormat[] {
  const formats = new Map<string, Map<string, FrameSize>>();
  let sizes = new Map<string, FrameSize>();
  let size: FrameSize | undefined;
  for (const line of lines) {
    const fourcc = /^\s*\[\d+\]: '([^']{1,8})'/.exec(line)?.[1]?.trimEnd();
    if (fourcc) {
      // Some cameras list a format twice.
      sizes = formats.get(fourcc) ?? new Map();
      if (formats.size < MAX_FORMATS) formats.set(fourcc, sizes);
      size = undefined;
    } else if (/^\s*Size: /.test(line)) {
      size = undefined;
      for (const name of sizesIn(line)) {
        size = sizes.get(name) ?? newSize(name);
        if (sizes.size < MAX_SIZES) sizes.set(name, size);
      }
    } else if (/^\s*Interval: /.test(line)) {
      size?.rates.push(...ratesIn(line));
    }
  }
  return [...formats].map(([fourcc, found]) => ({ fourcc, sizes: [...found.values()].map(withSortedRates) }));
}

function newSize(name: string): FrameSize {
  const [width = 0, height = 0] = name.split('x').map(Number);
  return { width, height, rates: [] };
}

function withSortedRates({ rates, ...size }: FrameSize): FrameSize {
  const sorted = [...new Set(rates)].sort((a, b) => b - a);
  return { ...size, rates: sorted.slice(0, MAX_RATES) };
}

/** `Size: Discrete 640x480`, `Size: Stepwise 16x16 - 16384x8640 with step 2/2`, `Size: Continuous 16x16 - 1920x1080`. */
function sizesIn(line: string): string[] {
  const discrete = /Discrete (\d+x\d+)\b/.exec(line)?.[1];
  if (discrete) return [discrete].filter(canBeSet);
  const range = /(?:Stepwise|Continuous) (\d+)x(\d+) - (\d+)x(\d+)\b(?: with step (\d+)\/(\d+))?/.exec(line);
  if (!range) return [];
  const [minWidth = 0, minHeight = 0, maxWidth = 0, maxHeight = 0, stepX = 1, stepY = 1] = range.slice(1).map((each) => Number(each ?? 1));
  const fits = (name: string) => {
    const { width, height } = newSize(name);
    return onGrid(width, minWidth, maxWidth, stepX) && onGrid(height, minHeight, maxHeight, stepY);
  };
  return [...new Set([...COMMON_SIZES.filter(fits), `${maxWidth}x${maxHeight}`])].filter(canBeSet);
}

function onGrid(value: number, min: number, max: number, step: number): boolean {
  return value >= min && value <= max && (value - min) % Math.max(1, step) === 0;
}

function canBeSet(name: string): boolean {
  const { width, height } = newSize(name);
  return Math.min(width, height) >= 10 && Math.max(width, height) <= MAX_SIDE;
}

/** `Interval: Discrete 0.033s (30.000 fps)`, `Interval: Stepwise 0.033s - 1.000s with step 0.033s (1.000-30.000 fps)`. */
function ratesIn(line: string): number[] {
  const [, first, second] = /\(([\d.]+)(?:-([\d.]+))? fps\)/.exec(line) ?? [];
  const ends = [first, second].filter((each) => each !== undefined).map(Number);
  const [min, max] = [Math.min(...ends), Math.max(...ends)];
  const common = second === undefined ? [] : COMMON_RATES.filter((rate) => rate >= min && rate <= max);
  return [max, ...common].filter((rate) => rate > 0 && rate <= MAX_RATE);
}

function readControls(lines: string[]): Control[] {
  const controls = new Map<string, Control>();
  let control: Control | null = null;
  for (const line of lines) {
    const [, name, type, said] = /^\s*([a-z0-9][a-z0-9_]*) 0x[0-9a-f]{8} \(([\w-]+)\) *: ?(.*)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined && said !== undefined) {
      control = readControl(name, TYPES.get(type), said);
      // Of two with the same name v4l2-ctl sets the last.
      if (control && (controls.size < MAX_CONTROLS || controls.has(name))) controls.set(name, control);
    } else if (control?.type === 'menu' || control?.type === 'intmenu') {
      const [, index, text] = /^\s+(\d+): (.*)$/.exec(line) ?? [];
      if (text !== undefined && control.menu.length < MAX_MENU) control.menu.push({ index: Number(index), text: menuText(control, text) });
    }
  }
  return [...controls.values()];
}

/** `1000 (0x3e8)` in a menu of numbers is `1000`. */
function menuText({ type }: Control, text: string): string {
  return (type === 'intmenu' ? text.replace(/ \(0x[0-9a-f]+\)$/, '') : text).trim();
}

/** @param said `min=0 max=255 step=1 default=128 value=128 flags=inactive, volatile` */
function readControl(name: string, type: Control['type'] | undefined, said: string): Control | null {
  const text = type === 'string' ? (/ value='(.*)'/.exec(said)?.[1] ?? '') : null;
  const flags = / flags=([^=']*)$/.exec(said)?.[1]?.split(', ') ?? [];
  if (type === undefined || / dims=/.test(said) || flags.includes('disabled')) return null;
  const field = (key: string) => readNumber(type, new RegExp(`(?:^| )${key}=(-?\\w+)`).exec(said)?.[1]);
  const [min, max] = type === 'bool' ? [0, 1] : [field('min') ?? 0, field('max') ?? 0];
  return {
    name,
    type,
    min,
    max,
    step: field('step') ?? 1,
    default: field('default') ?? 0,
    value: type === 'button' || type === 'string' || flags.includes('write-only') ? null : field('value'),
    text,
    menu: [],
    // Who has grabbed a control lets nobody else change it.
    readOnly: flags.includes('read-only') || flags.includes('grabbed'),
    inactive: flags.includes('inactive'),
  };
}

/** A number, hexadecimal for bitmasks; one of 64 bits that JavaScript cannot hold becomes the nearest it can. */
function readNumber(type: Control['type'], digits: string | undefined): number | null {
  const value = digits === undefined ? Number.NaN : Number(digits);
  if (Number.isNaN(value)) return null;
  // Before 1.32 a bitmask's value was printed as a signed number.
  if (type === 'bitmask') return Math.min(value < 0 ? value + 2 ** 32 : value, 2 ** 32 - 1);
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, value));
}
