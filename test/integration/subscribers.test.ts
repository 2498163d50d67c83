import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenTo, tell } from '../helpers/audience.ts';

/** The same for minutes: test/soak/subscribers.test.ts. */
const SECONDS = 3;

test('mosquitto_sub and Paho get every frame as the webcam made it, and slow ones fewer, but whole', async (t) => {
  const { fast, slow } = await listenTo(t, { seconds: SECONDS, decodeEvery: 10 });
  for (const [name, got] of Object.entries({ ...fast, ...slow })) {
    t.diagnostic(tell(name, got));
    assert.deepEqual(got.faults, [], name);
  }
  for (const [name, { frames, missed, lost }] of Object.entries(fast)) {
    assert.ok(frames >= SECONDS * 25, `${name} got ${frames}`);
    // A machine that is busy with other things makes readers late, and the late ones miss some.
    assert.ok(lost === 0 && missed <= frames / 20, `${name}: ${missed} missed, ${lost} of them lost`);
  }
});
