/** What the guest tells the host besides its tests' results: measured times, a line of JSON each, in a file that both see. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

export interface Measurement {
  name: string;
  ms: number;
  /** What is promised, in ms; absent where nothing is. */
  bound?: number;
}

/** Notes a time for the table, and asserts that it keeps within its bound. */
export function measured(t: TestContext, name: string, ms: number, bound?: number): void {
  const measurement: Measurement = { name, ms: Math.round(ms), bound };
  appendFileSync('/out/measured', `${JSON.stringify(measurement)}\n`);
  const text = `${name}: ${(ms / 1000).toFixed(2)} s${bound === undefined ? '' : `, promised: ${bound / 1000} s`}`;
  t.diagnostic(text);
  if (bound !== undefined) assert.ok(ms <= bound, text);
}
