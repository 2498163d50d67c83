import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CommandBus, Commands } from '../../services/gateway/command.ts';
import { cameraTopics } from '../../services/shared/contract.ts';
import type { Message } from '../../services/shared/message.ts';
import { tinyJpeg } from '../helpers/pictures.ts';

const topics = cameraTopics('homeguard', 'front');

/** A bus at hand, and what was subscribed to and published on it. */
function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const handlers = new Map<string, (message: Message) => void>();
  const sent: { topic: string; payload: string }[] = [];
  const world = { taken: true, isFull: false };
  const bus: CommandBus = {
    connected: true,
    trouble: null,
    deliver: async (topic, payload) => {
      sent.push({ topic, payload: String(payload) });
      return world.taken;
    },
    subscribe: (filter, handler) => void handlers.set(filter, handler),
    unsubscribe: (filter) => void handlers.delete(filter),
    onChange: () => {},
  };
  const commands = new Commands(bus, topics, () => world.isFull);
  const say = (topic: string, payload: Buffer | object, { retain = false, user = {} }: Partial<Message> = {}) =>
    handlers.get(topic)?.({ topic, payload: Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload)), retain, user });
  return { commands, sent, say, world, subscribed: () => [...handlers.keys()], timers: t.mock.timers };
}

test('it listens for pictures only while one is awaited', async (t) => {
  const { commands, sent, say, subscribed } = setUp(t);
  const [one, other] = [commands.takePicture('640x480'), commands.takePicture('1280x720')];
  assert.deepEqual(subscribed(), [topics.answer, topics.snapshot]);
  for (const [i, { payload }] of sent.entries()) {
    assert.deepEqual(subscribed(), [topics.answer, topics.snapshot]);
    say(topics.snapshot, tinyJpeg({ seq: i }));
    say(topics.answer, { setting: 'snapshot', wanted: payload, value: null, refused: null });
  }
  assert.deepEqual(subscribed(), [topics.answer]);
  const pictures = await Promise.all([one, other]);
  assert.deepEqual(
    pictures.map((outcome) => outcome.is === 'done' && outcome.picture?.stamp?.seq),
    [0, 1],
  );
});

test('of pictures with ids only its own is taken, whatever else comes first', async (t) => {
  const { commands, sent, say } = setUp(t);
  const asked = commands.takePicture('640x480');
  const [{ payload = '' } = {}] = sent;
  const { id } = JSON.parse(payload) as { id: string };
  say(topics.snapshot, tinyJpeg({ seq: 1 }), { user: { id: 'of somebody else' } });
  say(topics.answer, { setting: 'snapshot', wanted: payload, value: null, refused: null });
  say(topics.snapshot, tinyJpeg({ seq: 2 }), { user: { id: 'of somebody else' } });
  say(topics.snapshot, tinyJpeg({ seq: 3 }), { user: { id } });
  const outcome = await asked;
  assert.equal(outcome.is === 'done' && outcome.picture?.stamp?.seq, 3);
});

test('for other commands it never listens for pictures', async (t) => {
  const { commands, say, subscribed } = setUp(t);
  const done = commands.send('snapshot', '640x480');
  assert.deepEqual(subscribed(), [topics.answer]);
  say(topics.answer, { setting: 'snapshot', wanted: '640x480', value: null, refused: null });
  assert.deepEqual(await done, { is: 'done', picture: null });
});

test('a setting is waited for 5 s, a picture 10 s, and nothing is left of either', async (t) => {
  const { commands, say, subscribed, timers } = setUp(t);
  const [value, picture] = [commands.send('fps', '15'), commands.takePicture('640x480')];
  say(topics.snapshot, tinyJpeg({ seq: 1 }), { retain: true });
  timers.tick(5_000);
  assert.deepEqual(await value, { is: 'unanswered', seconds: 5 });
  timers.tick(4_999);
  assert.equal(commands.underWay, 1);
  timers.tick(1);
  assert.deepEqual(await picture, { is: 'unanswered', seconds: 10 });
  assert.deepEqual([commands.underWay, subscribed()], [0, [topics.answer]]);
});

test('two alike are two, also when both answers come at once', async (t) => {
  const { commands, say } = setUp(t);
  const both = [commands.send('fps', '15'), commands.send('fps', '15')];
  for (const refused of [null, 'No.']) say(topics.answer, { setting: 'fps', wanted: '15', value: '15', refused });
  assert.deepEqual(
    (await Promise.all(both)).map(({ is }) => is),
    ['done', 'refused'],
  );
});

test('a reason without an end is cut', async (t) => {
  const { commands, say } = setUp(t);
  const refused = commands.send('fps', '15');
  say(topics.answer, { setting: 'fps', wanted: '15', value: '30', refused: 'x'.repeat(10_000) });
  assert.deepEqual(await refused, { is: 'refused', reason: 'x'.repeat(500), value: '30' });
});

test('a bus that does not take a command: told at once, with the right that may be missing', async (t) => {
  const { commands, world } = setUp(t);
  world.taken = false;
  const outcome = await commands.send('fps', '15');
  assert.equal(outcome.is, 'lost');
  assert.match(outcome.is === 'lost' ? String(outcome.why.advice) : '', /right to publish/);
  assert.equal(commands.underWay, 0);
});

test('none is sent beyond the bounds', async (t) => {
  const { commands, sent, world } = setUp(t);
  world.isFull = true;
  assert.deepEqual(await commands.send('fps', '15'), { is: 'too-many', where: 'gateway' });
  world.isFull = false;
  for (let i = 0; i < 8; i++) void commands.send('fps', String(i));
  assert.deepEqual(await commands.takePicture('640x480'), { is: 'too-many', where: 'camera' });
  assert.equal(sent.length, 8);
});
