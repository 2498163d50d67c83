import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { type TestContext, test } from 'node:test';
import type { CommandBus } from '../../services/gateway/command.ts';
import { openLine } from '../../services/gateway/line.ts';
import { Roster } from '../../services/gateway/roster.ts';
import { Sighting } from '../../services/gateway/sighting.ts';
import type { Bus } from '../../services/shared/bus.ts';
import { MAX_CAMERAS } from '../../services/shared/contract.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { smallJpeg } from '../helpers/pictures.ts';

const picture = smallJpeg({ width: 640, height: 480 });
const state = JSON.stringify({ condition: 'live' });

/** A roster on a clock of the test's own, and a bus that only takes note. */
function setUp(t: TestContext) {
  let now = 1_000_000;
  t.mock.method(performance, 'now', () => now);
  const { log, lines } = keepLog();
  const closed: string[] = [];
  const subscribed = new Set<string>();
  let changes = 0;
  const bus = (): Bus & CommandBus =>
    ({
      ...{ announce: () => {}, announceAgain: () => {}, onChange: () => {}, connected: true, trouble: null },
      subscribe: (filter: string) => subscribed.add(filter),
      unsubscribe: (filter: string) => subscribed.delete(filter),
    }) as unknown as Bus;
  const roster = new Roster({
    log,
    open: (id) => openLine(id, bus(), { prefix: 'homeguard', viewersTopic: 'x', smallViewersTopic: 'y', isBusy: () => false }),
    close: async (id) => void closed.push(id),
    onChange: () => changes++,
  });
  const see = (id: string) =>
    roster.seen(id, () => {
      const sighting = new Sighting(`homeguard/${id}/frame`, now, () => now);
      sighting.take(picture, now);
      return sighting;
    });
  const tell = (id: string) => roster.told(id)?.channel.camera.setState(state);
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now += 250;
      roster.tick(now, null);
    }
  };
  const frames = () => [...subscribed].filter((filter) => filter.endsWith('/frame'));
  return { roster, see, tell, pass, closed, lines, frames, changes: () => changes };
}

test('cameras that only send pictures have what room is left, and make room for those that tell of themselves', (t) => {
  const { roster, see, tell, pass, closed, lines } = setUp(t);
  tell('front');
  for (let i = 0; i < 1_000; i++) assert.equal(see(`c${i}`), i < MAX_CAMERAS - 1);
  assert.equal(roster.ids.length, MAX_CAMERAS);
  assert.equal(lines.length, 1, 'said once');
  const watched = roster.get('c0')?.channel.watch({ show: () => {}, end: () => {} });
  pass(5_000);
  roster.get('c1')?.channel.receive(picture);
  tell('back');
  assert.ok(roster.get('back') && roster.get('c0') && roster.get('c1'));
  assert.deepEqual(closed, ['c2'], 'nobody watches it, and it was silent longest');
  assert.ok(!see('another'));
  pass(15_000);
  assert.ok(see('another'), 'in place of one that is silent');
  assert.equal(roster.ids.length, MAX_CAMERAS);
  watched?.[Symbol.dispose]();
  for (let i = 0; i < MAX_CAMERAS; i++) tell(`r${i}`);
  assert.ok(roster.get('front') && roster.get('back'));
  assert.equal(roster.get('r63'), undefined, 'and those that tell of themselves keep their places');
});

test('its pictures are subscribed to for a look, and left; it goes after ten minutes of silence', (t) => {
  const { roster, see, pass, frames, closed, changes } = setUp(t);
  see('door');
  assert.deepEqual(frames(), ['homeguard/door/frame']);
  const channel = roster.get('door')?.channel;
  for (let i = 0; i < 5; i++) channel?.receive(picture);
  roster.tick(performance.now(), null);
  assert.deepEqual(frames(), []);
  pass(10_000);
  assert.deepEqual(frames(), ['homeguard/door/frame']);
  const before = changes();
  pass(6_000);
  assert.equal(channel?.darkness()?.condition, 'no-frames');
  assert.equal(changes(), before + 1);
  pass(580_000);
  assert.deepEqual(roster.ids, ['door']);
  pass(10_000);
  assert.deepEqual([roster.ids, closed], [[], ['door']]);
});

test('whoever tells a state is looked at no more, and does not go', (t) => {
  const { roster, see, tell, pass, frames } = setUp(t);
  see('front');
  tell('front');
  assert.ok(see('front'));
  roster.get('front')?.listen();
  assert.deepEqual(frames(), []);
  pass(700_000);
  assert.deepEqual(roster.ids, ['front']);
});
