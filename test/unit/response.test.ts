import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readResponse } from '../../services/camera/knobs/response.ts';

const closed = ['home/cameras', 'homeassistant'];
const read = (responseTopic?: string, correlationData?: Buffer) => readResponse({ responseTopic, correlationData }, closed);

test('without a response topic there is no answer of its own, whatever is correlated', () => {
  assert.equal(read(), null);
  assert.equal(read(undefined, Buffer.alloc(1_000)), null);
});

test('a topic that is nobody else’s is answered, with what is to come back', () => {
  for (const topic of ['replies/me', 'me', '/me', 'home/camerasque/x', 'home', 'homeassistants/x', 'set/x', 'Grüße/an mich', 'x/reset']) {
    assert.deepEqual(read(topic), { topic, correlationData: undefined }, topic);
  }
  const correlationData = Buffer.alloc(256, 7);
  assert.deepEqual(read('me', correlationData), { topic: 'me', correlationData });
  assert.deepEqual(read('x'.repeat(256)), { topic: 'x'.repeat(256), correlationData: undefined });
});

for (const [topic, why] of [
  ['', /empty/],
  ['x'.repeat(257), /longer than 256 bytes/],
  ['ü'.repeat(129), /longer than 256 bytes/],
  [Array(17).fill('x').join('/'), /more than 16 levels/],
  ['a/+/b', /wildcard/],
  ['a/#', /wildcard/],
  ['#', /wildcard/],
  ['a\0b', /cannot be printed/],
  ['a\nb', /cannot be printed/],
  ['a\u0085b', /cannot be printed/],
  ['a\ufffeb', /cannot be printed/],
  ['a\ud800b', /cannot be printed/],
  ['$SYS/broker', /begins with \$/],
  ['$share/x/y', /begins with \$/],
  ['zigbee2mqtt/lamp/set', /is a command/],
  ['set', /is a command/],
  ['home/cameras', /begins with home\/cameras\//],
  ['home/cameras/front/status', /begins with home\/cameras\//],
  ['home/cameras/front/fps/set', /command/],
  ['home/cameras//x', /begins with home\/cameras\//],
  ['homeassistant/status', /begins with homeassistant\//],
  ['homeassistant/device/x/config', /begins with homeassistant\//],
] as const) {
  test(`no answer goes to ${JSON.stringify(topic.slice(0, 40))}`, () => {
    const { refused } = read(topic) as { refused: string };
    assert.match(refused, /^No answer can go to the response topic ".*": .+\.$/);
    assert.match(refused, why);
    assert.ok(refused.length < 400, 'what is repeated is bounded');
  });
}

test('what is to come back is bounded', () => {
  assert.match((read('me', Buffer.alloc(257)) as { refused: string }).refused, /at most 256 bytes/);
});
