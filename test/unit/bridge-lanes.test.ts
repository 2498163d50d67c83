import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inFilters, laneOf, type Names, outFilters } from '../../services/broker/bridge/lanes.ts';
import { birthTopic, bridgeTopic, cameraTopics, discoveryTopic, filterMatches } from '../../services/shared/contract.ts';

const names: Names = { prefix: 'homeguard', discoveryPrefix: 'homeassistant', frames: false };
const topics = cameraTopics('homeguard', 'front');
const out = (as: string) => ({ way: 'out', camera: 'front', as });
const into = (as: string, camera: string | null = 'front') => ({ way: 'in', camera, as });

test('every topic of the contract has its lane', () => {
  const lanes: [string, unknown][] = [
    [topics.frame, null],
    [topics.preview, out('preview')],
    [topics.snapshot, out('snapshot')],
    [topics.status, out('value')],
    [topics.state, out('value')],
    [topics.telemetry, out('telemetry')],
    [topics.answer, out('event')],
    [topics.doctor, out('event')],
    [topics.setting('capture'), out('value')],
    [topics.setting('fps'), out('value')],
    [topics.setting('resolution'), out('value')],
    [topics.setting('quality'), out('value')],
    [topics.setting('controls/focus_absolute'), out('value')],
    [discoveryTopic('homeassistant', 'front'), out('value')],
    [topics.set('capture'), into('command')],
    [topics.set('fps'), into('command')],
    [topics.set('snapshot'), into('command')],
    [topics.set('restart'), into('command')],
    [topics.set('reset'), into('command')],
    [topics.set('doctor'), into('command')],
    [topics.set('controls/focus_absolute'), into('command')],
    [birthTopic('homeassistant'), into('birth', null)],
    [topics.viewers('broker'), null],
    [topics.viewers('gateway-pi-8080'), null],
    [bridgeTopic('homeguard'), null],
    ['homeguard/_broker/telemetry', null],
    ['homeguard/_gateway/page', null],
    ['homeguard/cameras', null],
  ];
  for (const [topic, lane] of lanes) assert.deepEqual(laneOf(names, topic), lane, topic);
  assert.deepEqual(laneOf({ ...names, frames: true }, topics.frame), out('frame'));
});

test('what only looks like one of them crosses neither way', () => {
  for (const topic of [
    'homeguard/front/viewers/set',
    'homeguard/front/controls/set',
    'homeguard/front/set',
    'homeguard/front/status/set',
    'homeguard/front/frame/set',
    'homeguard/front/fps/set/set',
    'homeguard/front/controls/a/b/set',
    'homeguard/front/restart',
    'homeguard/front/__proto__',
    'homeguard/front/toString',
    'homeguard/Front/fps/set',
    'homeguards/front/fps/set',
    'homeassistant/device/other_front/config',
    'homeassistant/device/homeguard_Front/config',
    'x/homeassistant/device/homeguard_front/config',
    'homeassistant/status/set',
    '$SYS/broker/clients',
    '',
  ]) {
    assert.equal(laneOf({ ...names, frames: true }, topic), null, topic);
  }
});

const level = fc.constantFrom(
  ...['homeguard', 'homeassistant', 'a', 'front', 'door', 'device', 'homeguard_front', 'config', 'status', 'state', 'set', 'fps'],
  ...['capture', 'controls', 'brightness', 'frame', 'preview', 'snapshot', 'viewers', 'answer', 'telemetry', '_bridge', 'hello', ''],
);
const levels = (most: number) => fc.array(level, { minLength: 1, maxLength: most }).map((all) => all.join('/'));
const anyNames = fc.record({ prefix: levels(3), discoveryPrefix: levels(3), frames: fc.boolean() });
const ids = ['front', 'door', 'device', 'homeguard_front', 'a', 'set', 'controls'];
const setting = fc.constantFrom('fps', 'capture', 'snapshot', 'viewers', 'controls/brightness', 'controls');
const rest = fc.oneof(
  levels(4),
  fc.tuple(fc.constantFrom(...ids), setting, fc.constantFrom('', '/set')).map((parts) => `${parts[0]}/${parts[1]}${parts[2]}`),
);
/** Names, also such as nobody would choose, and a topic, mostly one below them. */
const cases = anyNames.chain((some) =>
  fc.tuple(fc.constant(some), fc.constantFrom('', `${some.prefix}/`, `${some.prefix}/`, `${some.discoveryPrefix}/`), rest),
);
const all = (some: Names, filters: typeof inFilters) => ids.flatMap((id) => filters(some, id));

test('no message can run in circles: what crosses one way is not taken the other way', () => {
  const seen = { out: 0, in: 0 };
  fc.assert(
    fc.property(cases, ([some, base, rest]) => {
      const topic = base + rest;
      const matches = (filters: string[]) => filters.some((filter) => filterMatches(filter, topic));
      const lane = laneOf(some, topic);
      if (!lane) return;
      seen[lane.way]++;
      const heardThere = matches(all(some, inFilters)) || topic === birthTopic(some.discoveryPrefix);
      if (lane.way === 'out' && ids.includes(lane.camera)) assert.ok(matches(outFilters(some, lane.camera)), 'what may cross is asked for');
      // Where settings make one of two topics, it is the lane alone that decides.
      if (lane.way === 'out') assert.ok(!heardThere);
      if (lane.way === 'in') assert.ok(heardThere || !ids.includes(lane.camera ?? ''));
    }),
    { numRuns: 5_000 },
  );
  assert.ok(seen.out > 100 && seen.in > 100, JSON.stringify(seen));
});

test('a topic comes by one subscription of a side only, so nothing crosses twice', () => {
  fc.assert(
    fc.property(cases, fc.constantFrom(...ids), ([some, base, rest], id) => {
      const hits = (filters: string[]) => filters.filter((filter) => filterMatches(filter, base + rest)).length;
      if (!laneOf(some, base + rest)) return;
      assert.ok(hits(outFilters(some, id)) <= 1);
      assert.ok(hits(inFilters(some, id)) <= 1);
    }),
    { numRuns: 5_000 },
  );
});

test('frames are not even asked for unless they are to cross: who asks counts as a viewer', () => {
  assert.ok(!outFilters(names, 'front').some((filter) => filterMatches(filter, topics.frame)));
  assert.ok(outFilters({ ...names, frames: true }, 'front').some((filter) => filterMatches(filter, topics.frame)));
});
