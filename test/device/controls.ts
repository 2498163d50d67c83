/** A device's controls by the word of `v4l2-ctl -L`, read apart from the service's own reader. Pure. */

export interface Control {
  name: string;
  type: string;
  value: number;
  min: number;
  max: number;
  step: number;
  /** Index -> text. */
  menu: Map<number, string>;
}

/** What `v4l2-ctl -L` lists. */
export function parseControls(listing: string): Control[] {
  const controls: Control[] = [];
  for (const line of listing.split('\n')) {
    const [, name, type, rest = ''] = /^ *(\w+) 0x[0-9a-f]+ \((\w+)\) *: (.*)$/.exec(line) ?? [];
    const number = (field: string, usual: number) => Number(new RegExp(`\\b${field}=(-?\\d+)`).exec(rest)?.[1] ?? usual);
    if (name && type) {
      const range = { min: number('min', 0), max: number('max', 1), step: number('step', 1) };
      controls.push({ name, type, value: number('value', 0), ...range, menu: new Map() });
    }
    const [, index, text] = /^\s+(\d+): (.*)$/.exec(line) ?? [];
    if (index && text) controls.at(-1)?.menu.set(Number(index), text);
  }
  return controls;
}

/** Another value than the one that it has, as V4L2 and as our topics write it. */
export function otherValue({ type, value, min, max, step, menu }: Control): { value: number; text: string } {
  if (type === 'bool') return { value: 1 - value, text: value ? 'OFF' : 'ON' };
  if (type === 'menu') {
    const [other = 0, text = ''] = [...menu].find(([index]) => index !== value) ?? [];
    return { value: other, text };
  }
  const middle = min + Math.floor((max - min) / 2 / step) * step;
  const other = middle === value ? middle + step : middle;
  return { value: other, text: String(other) };
}
