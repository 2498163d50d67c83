import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Commands } from '../../services/camera/knobs/commands.ts';
import { Doctor, type DoctorParts } from '../../services/camera/knobs/doctor.ts';
import { askDoctor, type DoctorCommandParts, readDoctorCommand } from '../../services/camera/knobs/doctor-command.ts';
import type { Outcome } from '../../services/camera/knobs/outcome.ts';
import { cameraTopics } from '../../services/shared/contract.ts';
import type { Accompaniment, Message } from '../../services/shared/message.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { tinyJpeg } from '../helpers/pictures.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

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

test('who asked the doctor with a response topic gets what he found, or why there is nothing, and when to ask again', async () => {
  const found = JSON.stringify({ id: '7', findings: [] });
  const examined = setUp({ refused: null, id: '7', found });
  const reply = (await examined.send('doctor', '{"id":"7"}', { responseTopic: 'replies/me' })).find(({ topic }) => topic === 'replies/me');
  assert.deepEqual([reply?.payload, reply?.contentType], [found, 'application/json']);
  const refused = setUp({ refused: 'Later.', id: '7', retrySeconds: 4 });
  const sent = await refused.send('doctor', '{"id":"7"}', { responseTopic: 'replies/me' });
  const answer = { setting: 'doctor', wanted: '{"id":"7"}', value: null, refused: 'Later.', id: '7', retry_s: 4 };
  for (const { payload } of sent) assert.deepEqual(JSON.parse(String(payload)), answer);
  assert.equal(sent.length, 2);
});

test('the doctor is asked with nothing, or with an id; what he found bears it', async () => {
  for (const [text, named] of [
    ['', {}],
    ['press', {}],
    ['{}', {}],
    [' {"id":"a b"} ', { id: 'a b' }],
  ] as const) {
    assert.deepEqual(readDoctorCommand(text), named, text);
  }
  for (const text of ['{', '{"id":""}', '{"id":7}', '{"id":null}', `{"id":"${'x'.repeat(65)}"}`, '{"id":"\\u0007"}'])
    assert.match((readDoctorCommand(text) as { refused?: string }).refused ?? '', /^The doctor is asked with nothing/, text);
  const checkup = { ok: true, summary: 'It comes.', machine: { model: '', system: '', user: '', groups: [] }, findings: [] };
  const sent: object[] = [];
  const parts = (taken: boolean): DoctorCommandParts => ({
    camera: 'front',
    doctor: { examine: async (camera) => (camera === 'front' ? { checkup } : { refused: 'Who?' }) },
    send: async (told) => {
      sent.push(told);
      return taken;
    },
  });
  const found = JSON.stringify({ ...checkup, id: 'one' });
  assert.deepEqual(await askDoctor('{"id":"one"}', parts(true)), { refused: null, id: 'one', found });
  assert.deepEqual(sent, [{ ...checkup, id: 'one' }]);
  assert.match((await askDoctor('', parts(false))).refused ?? '', /did not go out/);
  assert.match((await askDoctor('', { ...parts(true), doctor: undefined })).refused ?? '', /cannot be asked here/);
});

describe('a doctor in a process of his own', { concurrency: true }, () => {
  const checkup = { ok: true, summary: 'It comes.', machine: { model: '', system: '', user: '', groups: [] }, findings: [] };
  const program = (t: TestContext, script: string) => {
    const file = join(makeWorkDir(t), 'doctor.mjs');
    writeFileSync(file, `const checkup = ${JSON.stringify(checkup)};\n${script}`);
    return file;
  };
  const call = (t: TestContext, script: string, more: Partial<DoctorParts> = {}) => {
    const { log, lines } = keepLog();
    const doctor = new Doctor({ env: { MARK: 'its own' }, log, restMs: 0, ...more, file: program(t, script) });
    return { doctor, lines };
  };

  test('he is given the settings and the camera, and what he prints counts, whether all is well or not', async (t) => {
    const script = `checkup.summary = [process.env.MARK, process.env.PATH, ...process.argv.slice(2)].join();
      process.exitCode = checkup.summary.includes('door') ? 1 : 0;
      console.log(JSON.stringify(checkup));`;
    const { doctor } = call(t, script);
    for (const camera of ['front', 'door'])
      assert.deepEqual(await doctor.examine(camera), { checkup: { ...checkup, summary: `its own,,--json,--camera,${camera}` } });
  });

  test('two at once, or one right after the other: the later one is told when', async (t) => {
    const { doctor } = call(t, 'console.log(JSON.stringify(checkup))', { restMs: 60_000 });
    const [first, second] = await Promise.all([doctor.examine('front'), doctor.examine('door')]);
    assert.ok('checkup' in first);
    assert.deepEqual(second, { refused: 'The doctor is here already: ask again in a moment.', retrySeconds: 3 });
    assert.deepEqual(await doctor.examine('front'), {
      refused: 'The doctor was here just now: ask again in a moment.',
      retrySeconds: 60,
    });
  });

  test('who takes too long, says too much, fails or finds nothing is ended, told of, and another may come', async (t) => {
    const endless = `import { spawn } from 'node:child_process';
      spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit' });`;
    for (const [script, why] of [
      [endless, /he took longer than 0.4 s/],
      ["process.stdout.write('x'.repeat(200_000)); setTimeout(() => {}, 60_000);", /he said more than 131072 bytes/],
      ["console.error('a stack'); process.exitCode = 3;", /he ended with code 3 and without findings/],
      ["console.log('{}')", /he ended with code 0 and without findings/],
      ['process.kill(process.pid)', /he ended with a signal and without findings/],
    ] as const) {
      const { doctor, lines } = call(t, script, { longestMs: why.source.includes('longer') ? 400 : 15_000 });
      const begun = performance.now();
      const visit = await doctor.examine('front');
      // What he has begun keeps his pipes open for as long as it lives, a minute.
      assert.ok(performance.now() - begun < 30_000, 'what he has begun is ended with him');
      assert.match('refused' in visit ? visit.refused : '', why);
      assert.ok(!('retrySeconds' in visit));
      assert.match(lines.at(-1)?.msg ?? '', why);
      assert.doesNotMatch(String(((await doctor.examine('front')) as { refused?: string }).refused), /already/);
    }
  });

  test('a stop ends him at once', async (t) => {
    const { doctor } = call(t, 'setTimeout(() => {}, 60_000)');
    const visit = doctor.examine('front');
    await doctor[Symbol.asyncDispose]();
    assert.match(((await visit) as { refused?: string }).refused ?? '', /HomeGuard stops/);
  });
});
