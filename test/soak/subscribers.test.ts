/**
 * Subscribers of other people's making for as long as HOMEGUARD_SOAK_MINUTES says (10). `npm run soak` allows a test 20 minutes; for longer:
 * `HOMEGUARD_SOAK_MINUTES=600 node_modules/.bin/node --test test/soak/subscribers.test.ts`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenTo, tell } from '../helpers/audience.ts';

const minutes = Number(process.env.HOMEGUARD_SOAK_MINUTES ?? 10);
/** Of the process, from the end of the first minute to the last one. */
const MAX_GROWTH_BYTES = 10 << 20;
/** Of its frames a fast reader may miss so many by being late itself. */
const MAX_LATE_SHARE = 0.005;
/** What is compared is the mean of so many seconds: garbage is collected now and then. */
const MEAN_SECONDS = 30;

const mean = (numbers: number[]) => numbers.reduce((all, each) => all + each, 0) / numbers.length;
const mb = (bytes: number) => `${(bytes / (1 << 20)).toFixed(1)} MB`;

test(`${minutes} minutes: every frame whole, none lost by those who keep up, and memory stays`, async (t) => {
  assert.ok(minutes >= 1, `HOMEGUARD_SOAK_MINUTES is "${process.env.HOMEGUARD_SOAK_MINUTES}" and has to be a number of minutes, 1 or more`);
  const seconds = Math.round(minutes * 60);
  const { fast, slow, memory } = await listenTo(t, { seconds, decodeEvery: 1 });
  for (const [name, got] of Object.entries({ ...fast, ...slow })) t.diagnostic(tell(name, got));
  const middle = Math.min(60, Math.floor(seconds / 3));
  const [early, late] = [mean(memory.slice(Math.max(0, middle - MEAN_SECONDS), middle)), mean(memory.slice(-MEAN_SECONDS))];
  t.diagnostic(`memory: ${mb(early)} in the first minute, ${mb(late)} in the last, ${mb(Math.max(...memory))} at most`);

  for (const [name, { faults }] of Object.entries({ ...fast, ...slow })) assert.deepEqual(faults, [], name);
  for (const [name, { frames, missed, lost }] of Object.entries(fast)) {
    assert.equal(lost, 0, name);
    // None, while the machine has nothing else to do: whoever had to wait for a core has missed some.
    assert.ok(missed <= frames * MAX_LATE_SHARE, `${name} missed ${missed} of ${frames}`);
    assert.ok(frames >= seconds * 29, `${name} got ${frames} in ${seconds} s`);
  }
  for (const [name, { frames, missed }] of Object.entries(slow)) {
    assert.ok(missed > frames, `${name} was to be slow, and missed ${missed}`);
    assert.ok(frames >= seconds, `${name} got ${frames} in ${seconds} s`);
  }
  assert.ok(late - early < MAX_GROWTH_BYTES, `memory grew from ${mb(early)} to ${mb(late)}`);
});
