import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Repeats } from '../../services/broker/repeats.ts';

const packet = (brokerCounter: number, brokerId = 'a broker') => ({ brokerId, brokerCounter });

test('a second copy is a repeat, a message that was overtaken is none', () => {
  const repeats = new Repeats();
  assert.deepEqual(
    [5, 5, 4, 6, 4, 5, 3].map((n) => repeats.isRepeat(packet(n))),
    [false, true, false, false, true, true, false],
  );
});

test('what bears no number never is, and long ago is forgotten', () => {
  const repeats = new Repeats();
  assert.deepEqual([repeats.isRepeat(packet(1, '')), repeats.isRepeat(packet(1, ''))], [false, false]);
  for (let n = 1; n <= 1_000; n++) assert.ok(!repeats.isRepeat(packet(n)));
  assert.ok(repeats.isRepeat(packet(1_000)) && repeats.isRepeat(packet(937)));
  assert.ok(!repeats.isRepeat(packet(1)));
});
