/** All measured times, a line each and a column for each suite, beside what is promised. Pure. */
import type { Measurement } from './measured.ts';

/** @param suites suite's name -> what was measured there */
export function table(suites: Map<string, Measurement[]>): string {
  const all = [...suites.values()].flat();
  const names = [...new Set(all.map(({ name }) => name))];
  const width = Math.max(0, ...names.map((name) => name.length));
  const line = (name: string, cells: string[]) => [name.padEnd(width), ...cells.map((cell) => cell.padStart(10))].join('').trimEnd();
  const rows = names.map((name) => {
    const named = [...suites.values()].map((measured) => measured.findLast((each) => each.name === name));
    const bound = named.find((each) => each?.bound !== undefined)?.bound;
    return line(name, [seconds(bound), ...named.map((each) => seconds(each?.ms))]);
  });
  return [line('measured, in seconds', ['promised', ...suites.keys()]), ...rows].join('\n');
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : (ms / 1000).toFixed(2);
}
