import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinMqtt, startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

test('what is sent right after a retained value does not make a subscriber lose that value; and nobody gets anything twice', async (t) => {
  const { broker, login } = await startTestBroker(t);
  const join = () => joinMqtt(t, () => broker.connect(), { protocolVersion: 5, ...login('homeassistant') });
  const [publisher, one, all] = [await join(), await join(), await join()];
  const heard: Record<'one' | 'all', string[]> = { one: [], all: [] };
  one.on('message', (topic, payload) => heard.one.push(`${topic} ${payload}`));
  all.on('message', (topic, payload) => heard.all.push(`${topic} ${payload}`));
  for (const topic of ['a/state', 'a/preview', 'a/telemetry', 'a/answer']) await one.subscribeAsync(topic, { qos: 1 });
  for (const filter of ['#', 'a/+', 'a/state']) await all.subscribeAsync(filter, { qos: 1 });
  const sent: string[] = [];
  for (let n = 0; n < 20; n++) {
    for (const [topic, qos, retain] of [
      ['a/state', 1, true],
      ['a/preview', 0, true],
      ['a/telemetry', 0, false],
      ['a/answer', 1, false],
    ] as const) {
      publisher.publish(topic, String(n), { qos, retain });
      sent.push(`${topic} ${n}`);
    }
  }
  await until('all of it', () => heard.one.length >= sent.length && heard.all.length >= sent.length);
  // The order holds within a topic [MQTT-4.6.0-5].
  const inOrder = (list: string[]) => list.toSorted((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1]));
  for (const list of [heard.one, heard.all]) {
    assert.deepEqual(list.toSorted(), sent.toSorted());
    const states = list.filter((each) => each.startsWith('a/state'));
    assert.deepEqual(states, inOrder(states));
  }
});
