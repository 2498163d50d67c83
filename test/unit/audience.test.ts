import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Audience } from '../../services/camera/audience.ts';

const counter = (name: string) => `homeguard/front/viewers/${name}`;

/** A source at hand; `log` says what was done with it, and what was told. */
function setUp(t: TestContext, { always = false } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const world = { isOpen: false, isNeeded: false, isOff: false };
  const told: object[] = [];
  const source = {
    get isOpen() {
      return world.isOpen;
    },
    open: () => {
      world.isOpen = true;
    },
  };
  const audience = new Audience({
    always,
    isNeeded: () => world.isNeeded,
    isOff: () => world.isOff,
    source,
    close: () => {
      world.isOpen = false;
    },
    tell: (news) => told.push(news),
    wantSmall: () => {},
  });
  return { audience, world, told, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test('the source opens for the first viewer, and lingers after the last one', (t) => {
  const { audience, world, told, pass } = setUp(t);
  audience.look();
  assert.deepEqual([world.isOpen, told.splice(0)], [false, [{ watched: false, open: false }]]);
  audience.count(counter('hall'), '1');
  audience.count(counter('broker'), '2');
  assert.deepEqual([world.isOpen, audience.viewers, audience.isWatching], [true, 3, true]);
  audience.count(counter('hall'), '0');
  audience.count(counter('broker'), '');
  assert.deepEqual(told.at(-1), { watched: false });
  pass(1_999);
  assert.equal(world.isOpen, true);
  audience.count(counter('hall'), '1');
  pass(10_000);
  assert.equal(world.isOpen, true, 'somebody has come back');
  audience.count(counter('hall'), '0');
  pass(2_000);
  assert.equal(world.isOpen, false);
});

test('previews and snapshots keep it open, without anybody watching', (t) => {
  const { audience, world, told, pass } = setUp(t);
  world.isNeeded = true;
  audience.look();
  assert.deepEqual([world.isOpen, told.at(-1)], [true, { watched: false, open: true }]);
  world.isNeeded = false;
  audience.look();
  pass(2_000);
  assert.equal(world.isOpen, false);
});

test('always is a viewer that never leaves', (t) => {
  const { audience, world, told } = setUp(t, { always: true });
  audience.look();
  assert.deepEqual([world.isOpen, audience.isWatching, audience.viewers, told], [true, true, 0, [{ watched: true, open: true }]]);
});

test('a camera that is off opens for nobody, and forgets to close what is closed', (t) => {
  const { audience, world, told, pass } = setUp(t);
  audience.count(counter('hall'), '1');
  audience.count(counter('hall'), '0');
  world.isOff = true;
  world.isOpen = false;
  audience.look();
  const { length } = told;
  world.isOpen = true;
  pass(10_000);
  audience.count(counter('hall'), '1');
  assert.deepEqual([world.isOpen, told.length], [true, length], 'nothing was done');
  world.isOff = false;
  audience.look();
  assert.deepEqual(told.at(-1), { watched: true, open: true });
});

test('counters that do not come again after a reconnection count no more', (t) => {
  const { audience, world, pass } = setUp(t);
  audience.count(counter('hall'), '1');
  audience.count(counter('gone'), '5');
  audience.recount();
  audience.count(counter('hall'), '1');
  pass(1_999);
  assert.equal(audience.viewers, 6);
  pass(1);
  assert.deepEqual([audience.viewers, world.isOpen], [1, true]);
});

test('at the end nothing is opened or closed any more', (t) => {
  const { audience, world, told, pass } = setUp(t);
  audience.count(counter('hall'), '1');
  audience.count(counter('hall'), '0');
  audience.recount();
  audience[Symbol.dispose]();
  const { length } = told;
  audience.recount();
  audience.count(counter('hall'), '1');
  pass(10_000);
  assert.deepEqual([world.isOpen, told.length], [true, length]);
});
