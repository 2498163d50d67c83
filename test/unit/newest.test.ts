import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NewestWins } from '../../services/shared/newest.ts';

test('whoever has taken everything gets the picture', () => {
  const newest = new NewestWins();
  for (let i = 0; i < 1000; i++) assert.ok(newest.admit('a/frame', 160_000, 0));
});

test('while a picture is under way, the next one of its topic is skipped', () => {
  const newest = new NewestWins();
  assert.ok(newest.admit('a/frame', 100, 0));
  assert.ok(!newest.admit('a/frame', 100, 100));
  assert.ok(!newest.admit('a/frame', 100, 1));
  assert.ok(newest.admit('a/frame', 100, 0));
});

test('another topic has its turn beside it, and a third waits', () => {
  const newest = new NewestWins();
  assert.ok(newest.admit('a/frame', 100, 0));
  assert.ok(newest.admit('b/frame', 100, 100));
  assert.ok(!newest.admit('c/frame', 100, 200));
  // 60 of 200 are left: that is all b's, so a may send, b may not.
  assert.ok(!newest.admit('b/frame', 100, 60));
  assert.ok(newest.admit('a/frame', 100, 60));
});

test('a small picture waits behind a large one, and none is admitted beyond 192 topics', () => {
  const newest = new NewestWins();
  assert.ok(newest.admit('a/frame', 100_000, 0));
  assert.ok(!newest.admit('a/preview', 1_000, 50_000));
  const many = new NewestWins();
  for (let i = 0; i < 192; i++) assert.ok(many.admit(`${i}/frame`, 1_000, 1));
  assert.ok(!many.admit('192/frame', 1_000, 1));
  assert.ok(many.admit('192/frame', 1_000, 0));
});

test('whatever a reader takes: one waiting picture a topic, never more than three pictures, none out of order', () => {
  const step = fc.record({ topic: fc.nat(4), size: fc.integer({ min: 50, max: 100 }), read: fc.nat(150), other: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const newest = new NewestWins();
      let line: { topic: number; left: number }[] = [];
      for (const { topic, size, read, other } of steps) {
        take(line, read);
        line = line.filter(({ left }) => left > 0);
        if (other < 5) line.push({ topic: -1, left: other + 1 }); // a message that is no picture: it only adds to the backlog
        const backlog = line.reduce((sum, { left }) => sum + left, 0);
        if (!newest.admit(`${topic}/frame`, size, backlog)) continue;
        assert.ok(!line.some((each) => each.topic === topic), 'its last one is out');
        line.push({ topic, left: size });
        assert.ok(line.filter((each) => each.topic >= 0).length <= 4);
        assert.ok(line.reduce((sum, { left }) => sum + left, 0) <= 3 * 100);
      }
    }),
  );
});

function take(line: { left: number }[], bytes: number): void {
  let left = bytes;
  for (const each of line) {
    const taken = Math.min(each.left, left);
    each.left -= taken;
    left -= taken;
  }
}
