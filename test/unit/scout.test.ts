import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { type TestContext, test } from 'node:test';
import { FIRST_WINDOW_MS, OURS_MS, REST_MS, Scout, WINDOW_EVERY_MS, WINDOW_MS } from '../../services/gateway/scout.ts';
import type { Message } from '../../services/shared/message.ts';
import { smallJpeg, tinyJpeg } from '../helpers/pictures.ts';

const picture = smallJpeg({ width: 640, height: 480 });

/** A scout on a clock of the test's own. */
function setUp(t: TestContext, { isOurs = false, room = 64 } = {}) {
  let now = 10_000;
  t.mock.method(performance, 'now', () => now);
  const handlers = new Map<string, (message: Message) => void>();
  const known = new Set<string>();
  let opened = 0;
  const scout = new Scout({
    prefix: 'homeguard',
    open: () => {
      opened++;
      return {
        subscribe: (filter, handler) => handlers.set(filter, handler),
        unsubscribe: (filter) => handlers.delete(filter),
        close: async () => {},
      };
    },
    isOurs: () => isOurs,
    isKnown: (id) => known.has(id),
    found: (id) => known.size < room && Boolean(known.add(id)),
  });
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now += 250;
      scout.tick(now);
    }
  };
  const publish = (id: string, payload: Buffer, retain = false) => {
    const topic = `homeguard/${id}/frame`;
    for (const [filter, handler] of handlers) {
      if (filter === topic || filter === 'homeguard/+/frame') handler({ topic, payload, retain, user: {} });
    }
  };
  return { scout, known, pass, publish, clock: () => now, filters: () => [...handlers.keys()], opened: () => opened };
}

test('a broker that is not ours: all frames for ten seconds, then for five in every minute, and none while the bus is away', (t) => {
  const { scout, pass, filters, clock } = setUp(t);
  pass(20_000);
  assert.deepEqual(filters(), []);
  scout.connected(clock());
  pass(OURS_MS - 250);
  assert.deepEqual(filters(), []);
  let open = 0;
  const total = 10 * WINDOW_EVERY_MS;
  for (let ms = 0; ms < total; ms += 250) {
    pass(250);
    if (filters().length > 0) open += 250;
  }
  assert.equal(open, FIRST_WINDOW_MS + 9 * WINDOW_MS);
  scout.connected(null);
  pass(2 * WINDOW_EVERY_MS);
  assert.deepEqual(filters(), []);
});

test('in a window a camera is found by its first picture; what is none, or was kept, is no camera', (t) => {
  const { scout, known, pass, publish, clock } = setUp(t);
  scout.connected(clock());
  pass(OURS_MS);
  for (const junk of [Buffer.alloc(0), Buffer.from('noise'), picture.subarray(1), tinyJpeg()]) publish('junk', junk);
  publish('old', picture, true);
  publish('Wrong', picture);
  assert.deepEqual([...known], []);
  publish('door', picture);
  publish('back', picture);
  assert.deepEqual([...known], ['door', 'back']);
});

test('our own broker: only those that it names are looked at, until a picture of them has come', (t) => {
  const { scout, known, pass, publish, clock, filters, opened } = setUp(t, { isOurs: true });
  scout.connected(clock());
  pass(100_000);
  known.add('front');
  scout.named('front', '0');
  pass(1_000);
  assert.equal(opened(), 0, 'no connection for cameras that tell of themselves');
  scout.named('door', '0');
  scout.named('later', '1');
  pass(250);
  assert.deepEqual(filters(), ['homeguard/door/frame', 'homeguard/later/frame']);
  publish('door', picture);
  pass(250);
  assert.deepEqual([[...known], filters()], [['front', 'door'], ['homeguard/later/frame']]);
  scout.named('later', '');
  pass(250);
  assert.deepEqual(filters(), []);
  known.delete('door');
  pass(250);
  assert.deepEqual(filters(), ['homeguard/door/frame'], 'it may come back');
});

test('one that sends no pictures, or for which there is no room, costs one message in ten seconds', (t) => {
  for (const [bytes, room] of [
    [Buffer.from('noise'), 64],
    [picture, 0],
  ] as const) {
    const { scout, pass, publish, filters } = setUp(t, { isOurs: true, room });
    scout.named('door', '0');
    pass(250);
    publish('door', bytes);
    assert.deepEqual(filters(), []);
    pass(REST_MS - 250);
    assert.deepEqual(filters(), []);
    pass(500);
    assert.deepEqual(filters(), ['homeguard/door/frame']);
    t.mock.restoreAll();
  }
});

test('whatever is named, so many are waited for and no more', (t) => {
  const { scout, pass, filters } = setUp(t, { isOurs: true });
  for (let i = 0; i < 1_000; i++) scout.named(`c${i}`, '0');
  pass(250);
  assert.equal(filters().length, 128);
});
