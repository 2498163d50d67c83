import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Demand } from '../../services/broker/demand.ts';
import { MAX_CAMERAS } from '../../services/shared/contract.ts';

/** Demand over cameras that have shown themselves. */
function demandOf(...cameras: string[]): Demand {
  const demand = new Demand('homeguard');
  for (const id of cameras) demand.notice(`homeguard/${id}/status`);
  demand.changes();
  return demand;
}

const changes = (demand: Demand) => Object.fromEntries(demand.changes());

test('a camera that shows itself is told that nobody wants it, once', () => {
  const demand = new Demand('homeguard');
  assert.ok(demand.notice('homeguard/front/status'));
  assert.ok(!demand.notice('homeguard/front/frame'));
  assert.deepEqual(changes(demand), { front: 0 });
  assert.deepEqual(changes(demand), {});
});

test('a camera is known by what only a camera publishes', () => {
  for (const rest of ['status', 'state', 'frame', 'preview']) assert.ok(new Demand('homeguard').notice(`homeguard/front/${rest}`), rest);
  for (const topic of ['homeguard/front/viewers/broker', 'homeguard/front/fps/set', 'other/front/frame', 'homeguard/Front/frame']) {
    assert.ok(!new Demand('homeguard').notice(topic), topic);
  }
});

test('0, 1, 2, 1, 0', () => {
  const demand = demandOf('front');
  demand.setFilters('a', ['homeguard/front/frame']);
  assert.deepEqual(changes(demand), { front: 1 });
  demand.setFilters('b', ['homeguard/front/frame']);
  assert.deepEqual(changes(demand), { front: 2 });
  demand.setFilters('a', []);
  assert.deepEqual(changes(demand), { front: 1 });
  demand.setFilters('b', []);
  assert.deepEqual(changes(demand), { front: 0 });
  assert.deepEqual(changes(demand), {});
});

test('every filter that would bring frames counts, and no other', () => {
  const counts: Record<string, [front: number, door: number]> = {
    '#': [1, 1],
    '+/#': [1, 1],
    '+/+/frame': [1, 1],
    'homeguard/#': [1, 1],
    'homeguard/+/frame': [1, 1],
    'homeguard/+/+': [1, 1],
    'homeguard/+/#': [1, 1],
    'homeguard/front/#': [1, 0],
    'homeguard/front/+': [1, 0],
    'homeguard/front/frame': [1, 0],
    'homeguard/front/frame/#': [1, 0],
    '+/front/frame': [1, 0],
    'homeguard/door/frame': [0, 1],
    'homeguard/front/preview': [0, 0],
    'homeguard/front/state': [0, 0],
    'homeguard/front/frame/set': [0, 0],
    'homeguard/+/state': [0, 0],
    'homeguard/+': [0, 0],
    'other/front/frame': [0, 0],
    '$SYS/#': [0, 0],
    '+': [0, 0],
    '': [0, 0],
  };
  for (const [filter, [front, door]] of Object.entries(counts)) {
    const demand = demandOf('front', 'door');
    demand.setFilters('someone', [filter]);
    const told: Record<string, number> = { front: 0, door: 0, ...changes(demand) };
    assert.deepEqual(told, { front, door }, filter);
  }
});

test('one client counts once, however many of its filters match', () => {
  const demand = demandOf('front');
  demand.setFilters('a', ['homeguard/front/frame', 'homeguard/+/frame', '#']);
  assert.deepEqual(changes(demand), { front: 1 });
});

test('a camera that is asked for before it exists is counted, and forgotten when nobody asks any more', () => {
  const demand = demandOf();
  demand.setFilters('a', ['homeguard/later/frame']);
  assert.deepEqual(changes(demand), { later: 1 });
  demand.setFilters('a', []);
  assert.deepEqual(changes(demand), { later: null });
  assert.deepEqual(changes(demand), {});
});

test('a wildcard counts for a camera that shows itself later', () => {
  const demand = demandOf();
  demand.setFilters('a', ['homeguard/+/frame']);
  assert.deepEqual(changes(demand), {});
  demand.notice('homeguard/new/state');
  assert.deepEqual(changes(demand), { new: 1 });
});

test('what clients name is bounded: so many cameras, so many filters of a client', () => {
  const demand = demandOf();
  for (let i = 0; i < 1000; i++) demand.notice(`homeguard/c${i}/frame`);
  assert.equal(demand.changes().size, MAX_CAMERAS);
  demand.setFilters(
    'greedy',
    Array.from({ length: 1000 }, (_, i) => `homeguard/x${i}/frame`),
  );
  assert.ok(demand.changes().size <= MAX_CAMERAS);
  demand.setFilters('greedy', []);
  assert.ok(demand.changes().size <= MAX_CAMERAS);
  assert.equal(demand.changes().size, 0);
});

test('one that only sends pictures is forgotten after ten minutes without any, one that tells of itself never', () => {
  const demand = demandOf('front');
  demand.notice('homeguard/door/frame');
  assert.deepEqual(changes(demand), { door: 0 });
  assert.ok(!demand.sweep(1_000));
  demand.notice('homeguard/door/frame');
  assert.ok(!demand.sweep(300_000));
  assert.ok(!demand.sweep(899_999));
  assert.ok(demand.sweep(900_000));
  assert.deepEqual(changes(demand), { door: null });
  assert.deepEqual(changes(demand), {});
  assert.ok(!demand.sweep(1e9));
  assert.ok(demand.notice('homeguard/door/frame'), 'and known again with its next one');
  assert.deepEqual(changes(demand), { door: 0 });
});

test('a camera that takes back what it told is forgotten, and its count is told anew when it returns', () => {
  const demand = demandOf('front');
  demand.setFilters('a', ['homeguard/front/frame']);
  assert.deepEqual(changes(demand), { front: 1 });
  assert.ok(demand.notice('homeguard/front/status', true));
  assert.ok(!demand.notice('homeguard/front/state', true));
  assert.ok(!demand.notice('homeguard/front/preview', true));
  assert.deepEqual(changes(demand), {}, 'somebody still asks for it');
  demand.setFilters('a', []);
  assert.deepEqual(changes(demand), { front: null });
  demand.notice('homeguard/front/status');
  assert.deepEqual(changes(demand), { front: 0 });
});

test('a flood of pictures keeps no camera out that tells of itself, and of others only until it is silent', () => {
  const demand = demandOf();
  for (let i = 0; i < 1000; i++) demand.notice(`homeguard/c${i}/frame`);
  demand.sweep(0);
  demand.notice('homeguard/c1/frame');
  assert.ok(!demand.notice('homeguard/door/frame'));
  assert.ok(demand.notice('homeguard/front/status'));
  assert.ok(demand.notice('homeguard/back/state'));
  demand.sweep(60_000);
  assert.ok(demand.notice('homeguard/door/frame'));
  const counts = changes(demand);
  assert.equal(Object.keys(counts).length, MAX_CAMERAS);
  for (const id of ['front', 'back', 'door', 'c1']) assert.equal(counts[id], 0, id);
  for (let i = 0; i < 1000; i++) demand.notice(`homeguard/r${i}/status`);
  for (const id of ['front', 'back']) assert.ok(!demand.notice(`homeguard/${id}/status`), `${id} is still known`);
  assert.ok(!demand.notice('homeguard/door/frame'), 'there is no room for it any more');
});

test('another prefix, of several levels', () => {
  const demand = new Demand('home/guard');
  demand.notice('home/guard/front/status');
  demand.setFilters('a', ['home/+/front/frame']);
  demand.setFilters('b', ['homeguard/front/frame']);
  assert.deepEqual(changes(demand), { front: 1 });
});
