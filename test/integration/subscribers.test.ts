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
  for (const [name, { frames, missed }] of Object.entries(fast)) {
    assert.ok(frames >= SECONDS * 25, `${name} got ${frames}`);
    assert.equal(missed, 0, name);
  }
});
