import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CommandBus, Commands } from '../../services/gateway/command.ts';
import { MAX_CHECKUP_BYTES, readCheckup } from '../../services/shared/checkup.ts';
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

const found = {
  ok: false,
  summary: 'No picture can come.',
  machine: { model: 'Pi', system: 'Debian', user: 'pi', groups: ['pi'] },
  findings: [{ topic: 'permission', ok: false, subject: '/dev/video0', text: 'may not be opened', remedy: 'Run `sudo usermod`.' }],
};

test('of what doctors find only what bears its id is taken, whichever way it overtakes the answer', async (t) => {
  for (const findingsFirst of [true, false]) {
    const { commands, sent, say, subscribed, timers } = setUp(t);
    const asked = commands.askDoctor();
    const [{ topic = '', payload = '' } = {}] = sent;
    assert.equal(topic, topics.set('doctor'));
    assert.deepEqual(subscribed(), [topics.answer, topics.doctor]);
    const { id } = JSON.parse(payload) as { id: string };
    const answer = () => say(topics.answer, { setting: 'doctor', wanted: payload, value: null, refused: null, id });
    if (!findingsFirst) answer();
    say(topics.doctor, { ...found, id: 'of somebody else', summary: 'wrong' });
    say(topics.doctor, { ...found, summary: 'wrong' }, { user: { id } });
    say(topics.doctor, { ...found, id, summary: 'kept' }, { retain: true });
    say(topics.doctor, { id, ok: 'yes' });
    say(topics.doctor, Buffer.from('{'));
    say(topics.doctor, { ...found, id, findings: [{ ...found.findings[0], more: 'is left out' }] });
    if (findingsFirst) answer();
    assert.deepEqual(await asked, { is: 'done', picture: null, checkup: { ...found, id } });
    assert.deepEqual(subscribed(), [topics.answer]);
    timers.reset();
  }
});

test('a doctor who was just there: when to ask again, as far as that is believed', async (t) => {
  for (const [told, retry] of [
    [3, { retrySeconds: 3 }],
    [2.5, { retrySeconds: 3 }],
    [1e9, {}],
    [-1, {}],
    ['3', {}],
    [undefined, {}],
  ]) {
    const { commands, sent, say, timers } = setUp(t);
    const asked = commands.askDoctor();
    say(topics.answer, { setting: 'doctor', wanted: sent[0]?.payload, value: null, refused: 'Later.', retry_s: told });
    assert.deepEqual(await asked, { is: 'refused', reason: 'Later.', value: null, ...(retry as object) });
    timers.reset();
  }
});

test('what is no checkup is none, and a long one neither', () => {
  const read = (given: unknown) => readCheckup(Buffer.from(JSON.stringify(given)));
  assert.deepEqual(read({ ...found, secret: 'x' }), found);
  const [finding] = found.findings;
  for (const wrong of [
    null,
    [],
    {},
    { ...found, ok: null },
    { ...found, findings: {} },
    { ...found, findings: Array(257).fill(finding) },
    { ...found, findings: [{ ...finding, ok: 'no' }] },
    { ...found, findings: [{ ...finding, remedy: 'x'.repeat(4_001) }] },
    { ...found, machine: null },
    { ...found, padding: 'x'.repeat(MAX_CHECKUP_BYTES) },
  ]) {
    assert.equal(read(wrong), null, JSON.stringify(wrong)?.slice(0, 80));
  }
});
