import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Commands } from '../../services/camera/knobs/commands.ts';
import type { Outcome } from '../../services/camera/knobs/outcome.ts';
import { cameraTopics } from '../../services/shared/contract.ts';
import type { Accompaniment, Message } from '../../services/shared/message.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { tinyJpeg } from '../helpers/pictures.ts';
import { until } from '../helpers/until.ts';

const topics = cameraTopics('homeguard', 'front');

/** A bus at hand; `obeyed` is what was done, `sent` what went out. */
function setUp(outcome: Outcome | Promise<Outcome> = { refused: null }) {
  const { log, lines } = keepLog();
  const handlers: ((message: Message) => void)[] = [];
  const obeyed: string[] = [];
  const sent: (Accompaniment & { topic: string; payload: string | Buffer })[] = [];
  const world = { taken: true };
  new Commands({
    bus: {
      connected: true,
      subscribe: (_filter, handler) => void handlers.push(handler),
      announce: () => {},
      deliver: async (topic, payload, more) => {
        sent.push({ topic, payload, ...more });
        return world.taken;
      },
    },
    topics,
    log,
    closed: ['homeguard', 'homeassistant'],
    obey: async (setting, text) => {
      obeyed.push(`${setting}=${text}`);
      return await outcome;
    },
    valueOf: (setting) => (setting === 'fps' ? '30' : null),
  });
  const send = async (setting: string, text: string, more: Partial<Message> = {}) => {
    const before = sent.length;
    handlers[0]?.({ topic: topics.set(setting), payload: Buffer.from(text), retain: false, user: {}, ...more });
    await until('answer', () => sent.length > before);
    return sent.slice(before);
  };
  return { send, obeyed, sent, world, lines, begin: handlers };
}

const correlationData = Buffer.from('17');

test('without a response topic a command is answered in one place, as it always was', async () => {
  const { send } = setUp();
  const [answer, ...others] = await send('fps', '15', { correlationData });
  assert.deepEqual([answer?.topic, others], [topics.answer, []]);
  assert.deepEqual(JSON.parse(String(answer?.payload)), { setting: 'fps', wanted: '15', value: '30', refused: null });
});

test('with one it is answered there, too, with what is to come back', async () => {
  for (const refused of [null, 'No.']) {
    const { send } = setUp({ refused });
    const sent = await send('fps', '15', { responseTopic: 'replies/me', correlationData });
    const [response, answer] = ['replies/me', topics.answer].map((topic) => sent.find((each) => each.topic === topic));
    assert.equal(sent.length, 2);
    assert.equal(response?.payload, answer?.payload);
    assert.deepEqual(JSON.parse(String(response?.payload)), { setting: 'fps', wanted: '15', value: '30', refused });
    assert.deepEqual(
      [response?.contentType, response?.correlationData, response?.retain],
      ['application/json', correlationData, undefined],
    );
    assert.deepEqual([answer?.contentType, answer?.correlationData], [undefined, undefined]);
  }
});

test('who asked for a picture gets the picture, with its stamp and id; when there is none, why', async () => {
  const [jpeg, stamp] = [tinyJpeg({ seq: 3, t: 9 }), { seq: 3, t: 9 }];
  const { send } = setUp({ refused: null, id: 'abc', taken: { jpeg, stamp, id: 'abc' } });
  const sent = await send('snapshot', '{"id":"abc"}', { responseTopic: 'replies/me', correlationData });
  const [response] = sent.filter(({ topic }) => topic === 'replies/me');
  assert.deepEqual(response, { topic: 'replies/me', payload: jpeg, stamp, user: { id: 'abc' }, correlationData });
  const answer = sent.find(({ topic }) => topic === topics.answer);
  assert.deepEqual(JSON.parse(String(answer?.payload)), {
    ...{ setting: 'snapshot', wanted: '{"id":"abc"}', value: null, refused: null, id: 'abc' },
  });
  const dark = setUp({ refused: 'Dark.', id: 'abc' });
  const [reason] = (await dark.send('snapshot', '{"id":"abc"}', { responseTopic: 'me' })).filter(({ topic }) => topic === 'me');
  assert.deepEqual([JSON.parse(String(reason?.payload)).refused, reason?.contentType], ['Dark.', 'application/json']);
});

test('who wants the answer where nobody is answered is refused, and nothing is done', async () => {
  for (const responseTopic of ['homeguard/front/status', 'homeguard/front/fps/set', 'homeassistant/status', 'a/#', '']) {
    const { send, obeyed, lines } = setUp();
    const sent = await send('fps', '15', { responseTopic, correlationData });
    assert.deepEqual([obeyed, sent.map(({ topic }) => topic)], [[], [topics.answer]]);
    assert.match(JSON.parse(String(sent[0]?.payload)).refused, /^No answer can go to the response topic /);
    assert.ok(lines.some(({ msg }) => msg.includes('refused: fps = "15": No answer can go to')));
  }
});

test('a bus that does not take the answer: the log says which right is missing', async () => {
  const { send, world, lines } = setUp();
  world.taken = false;
  await send('fps', '15', { responseTopic: 'replies/me' });
  await until('the log', () => lines.some(({ msg }) => /response topic replies\/me: give the camera's user the right/.test(msg)));
});

test('beyond the bound they are refused, at their response topic, too', async () => {
  const { begin, obeyed, sent } = setUp(new Promise<Outcome>(() => {}));
  const message = { topic: topics.set('fps'), payload: Buffer.from('15'), retain: false, user: {}, responseTopic: 'me' };
  for (let i = 0; i < 65; i++) begin[0]?.(message);
  await until('refusal', () => sent.length === 2);
  assert.equal(obeyed.length, 64);
  for (const { payload } of sent) assert.match(String(payload), /Too many commands at once/);
});
