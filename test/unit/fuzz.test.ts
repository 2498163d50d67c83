/** The targets of `npm run fuzz`, each for a moment. What fails says how it is seen again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attack } from '../fuzz/target.ts';
import { targets } from '../fuzz/targets.ts';

/** For each, in ms and in inputs, whichever ends first. */
const MS = 100;
const RUNS = 300;

for (const each of targets) {
  test(`stands what it is given: ${each.name}`, () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    assert.equal(attack(each, { seed, ms: MS, runs: RUNS }).failure, null);
  });
}
