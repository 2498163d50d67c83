import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { MAX_COMMANDS, MAX_COMMANDS_IN_ALL } from '../../services/gateway/command.ts';
import { type Knobs, MAX_COMMAND_BYTES } from '../../services/shared/knob.ts';
import { type FakeCamera, type Obey, startCamera } from '../helpers/fake-camera.ts';
import { connectMqtt, type Env, password, receive, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive } from '../helpers/viewers.ts';

const settings: Knobs = {
  capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' },
  fps: { type: 'number', label: 'Frame rate', value: 30, default: 30, min: 1, max: 30, step: 1 },
  'controls/brightness': { type: 'number', label: 'Brightness', value: 0, default: 0, min: -64, max: 64, step: 1 },
  'controls/power_line_frequency': { type: 'select', label: 'Mains', value: '50 Hz', default: '50 Hz', options: ['Disabled', '50 Hz'] },
};

async function setUp(t: TestContext, obey?: Obey, env: Env = {}) {
  const bus = await startTestBroker(t);
  const camera = await startCamera(t, bus, 'front', []);
  camera.takeCommands(settings, obey);
  const gateway = await startTestGateway(t, bus, env);
  await until('settings at the gateway', async () => Object.keys((await view(gateway.url)).settings).length > 0);
  return { bus, camera, gateway, url: gateway.url };
}

interface View {
  online: boolean;
  condition: string;
  settings: Knobs;
}

const view = async (url: string, id = 'front') => {
  const response = await fetch(`${url}cameras/${id}`, { headers: bearer });
  return (response.status === 200 ? await response.json() : { settings: {} }) as View;
};

interface Problem {
  status: number;
  detail: string;
  condition?: string;
  setting?: string;
  value?: string | null;
}

/** Posts a value. */
async function post(url: string, path: string, body: RequestInit['body'] = '', headers: Record<string, string> = bearer) {
  const began = performance.now();
  const response = await fetch(`${url}cameras/${path}`, { method: 'POST', body, headers });
  const text = await response.text();
  if (response.status !== 204) assert.equal(response.headers.get('content-type'), 'application/problem+json', text);
  const problem = (text ? JSON.parse(text) : { status: 0, detail: '' }) as Problem;
  return { response, status: response.status, problem, ms: performance.now() - began };
}

const json = { ...bearer, 'Content-Type': 'application/json' };
const form = { ...bearer, 'Content-Type': 'application/x-www-form-urlencoded' };
const last = ({ commands }: FakeCamera) => commands.at(-1);

describe('settings over HTTP', { concurrency: 3 }, () => {
  test('a value is sent on, waited for, and 204 once the camera has done it', async (t) => {
    const { bus, camera, url } = await setUp(t);
    const listener = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    const commands = await receive(listener, 'homeguard/front/#');
    const { response, status } = await post(url, 'front/fps', '15');
    assert.equal(status, 204);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.deepEqual(camera.commands, [{ setting: 'fps', wanted: '15' }]);
    const command = await until('command', () => commands.find(({ topic }) => topic === 'homeguard/front/fps/set'));
    assert.deepEqual([command.payload.toString(), command.qos, command.retain], ['15', 1, false]);
    // It is not kept for a camera that comes later.
    const late = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    const kept = await receive(late, 'homeguard/front/#');
    await until('retained state', () => kept.some(({ topic }) => topic.endsWith('/state')));
    assert.deepEqual(
      kept.filter(({ topic }) => topic.endsWith('/set')),
      [],
    );
  });

  test('however the value comes: text, JSON, a form; and what it means is sent', async (t) => {
    const { camera, url } = await setUp(t);
    const ways: [path: string, body: RequestInit['body'], headers: Record<string, string>, wanted: string][] = [
      ['fps', '15', bearer, '15'],
      ['fps', '15', { ...bearer, 'Content-Type': 'text/plain; charset=utf-8' }, '15'],
      ['fps', ' 16\n', { ...bearer, 'Content-Type': 'application/octet-stream' }, '16'],
      ['fps', '{"value":17}', json, '17'],
      ['fps', '{"value":"18"}', { ...bearer, 'Content-Type': 'Application/JSON; charset=utf-8' }, '18'],
      ['fps', '19', json, '19'],
      ['fps', 'value=20', form, '20'],
      ['fps', '21', form, '21'],
      ['capture', '{"value":false}', json, 'OFF'],
      ['capture', 'on', form, 'ON'],
      ['controls/brightness', '-3', bearer, '-3'],
      ['controls%2Fbrightness', '-4', bearer, '-4'],
      ['controls/power_line_frequency', new URLSearchParams({ value: '50 hz' }), bearer, '50 Hz'],
      ['restart', '', bearer, ''],
      ['restart', '', json, ''],
      ['fps/', 'default', bearer, '30'],
    ];
    for (const [path, body, headers, wanted] of ways) {
      const { status, problem } = await post(url, `front/${path}`, body, headers);
      assert.equal(status, 204, `${path} ${body}: ${problem.detail}`);
      const setting = path.replace('%2F', '/').replace(/\/$/, '');
      assert.deepEqual(last(camera), { setting, wanted });
    }
    const fields = new FormData();
    fields.set('value', '22');
    assert.equal((await post(url, 'front/fps', fields)).status, 204);
    assert.deepEqual(last(camera), { setting: 'fps', wanted: '22' });
  });

  test('a body that is not what it says: 400, and nothing is sent', async (t) => {
    const { camera, url } = await setUp(t);
    for (const body of ['{', '{"value":null}', '{"value":{"a":1}}', '{"fps":15}', '[15]', 'null']) {
      const { status, problem } = await post(url, 'front/fps', body, json);
      assert.equal(status, 400, body);
      assert.match(problem.detail, /send the value as plain text, as JSON \{"value": …\}, or as form field value/);
    }
    assert.equal((await post(url, 'front/fps', 'x', { ...bearer, 'Content-Type': 'multipart/form-data' })).status, 400);
    assert.deepEqual(camera.commands, []);
  });

  test('wrong, unknown and not there: refused with what would be right, and nothing is sent', async (t) => {
    const { camera, url } = await setUp(t);
    const wrong = await post(url, 'front/fps', '31');
    assert.deepEqual([wrong.status, wrong.problem.detail], [422, 'fps has to be a whole number from 1 to 30.']);
    const all = 'capture, fps, controls/brightness, controls/power_line_frequency, snapshot, restart, reset';
    const known = `What can be set on this camera now: ${all}.`;
    const unknown = await post(url, 'front/frame', '5');
    assert.deepEqual([unknown.status, unknown.problem.detail], [404, `There is no setting "frame". ${known}`]);
    const quality = await post(url, 'front/quality', '5');
    assert.equal(quality.status, 404);
    assert.match(quality.problem.detail, /^quality cannot be set here: the camera itself encodes/);
    for (const path of ['front/%2B', 'front/%23', 'front/a/b/set', 'front/fps/set', 'front/__proto__', 'front/%00', 'front/%']) {
      assert.equal((await post(url, path, '5')).status, 404, path);
    }
    const nobody = await post(url, 'nope/fps', '5');
    assert.deepEqual([nobody.status, nobody.problem.detail], [404, 'There is no camera "nope". Known are: front.']);
    assert.deepEqual(camera.commands, []);
  });

  test('a body without an end is 413, whether or not it tells its length', async (t) => {
    const { camera, url } = await setUp(t);
    assert.equal((await post(url, 'front/fps', 'x'.repeat(MAX_COMMAND_BYTES))).status, 422);
    const told = await post(url, 'front/fps', 'x'.repeat(MAX_COMMAND_BYTES + 1));
    assert.deepEqual([told.status, told.problem.detail], [413, 'A value is at most 1024 bytes long.']);
    const chunks = (count: number) =>
      new ReadableStream({
        start: (to) => to.enqueue(Buffer.from('15')),
        pull: (to) => (count-- > 0 ? to.enqueue(Buffer.alloc(600, 32)) : to.close()),
      });
    const send = (count: number) =>
      fetch(`${url}cameras/front/fps`, { method: 'POST', body: chunks(count), headers: bearer, duplex: 'half' } as RequestInit);
    assert.equal((await send(50)).status, 413);
    assert.equal((await send(1)).status, 204);
    assert.deepEqual(camera.commands, [{ setting: 'fps', wanted: '15' }]);
  });

  test('the camera refuses: 422 with its reason', async (t) => {
    const { url } = await setUp(t, () => ({ refused: 'fps cannot be set while the device is busy', value: '30' }));
    const { status, problem } = await post(url, 'front/fps', '15');
    assert.equal(status, 422);
    assert.equal(problem.detail, 'fps cannot be set while the device is busy.');
    assert.deepEqual([problem.setting, problem.value], ['fps', '30']);
  });

  test('no answer within 5 s: 504 with what to look at, whatever else is said on the answer topic', async (t) => {
    const { bus, camera, url } = await setUp(t, () => null);
    const mischief = await connectMqtt(t, bus.url, bus.login('camera'));
    const waiting = post(url, 'front/fps', '15');
    await until('command', () => camera.commands.length);
    const done = { value: '15', refused: null };
    const answers = [
      { setting: 'fps', wanted: '16', ...done },
      { setting: 'capture', wanted: '15', ...done },
      { setting: 'fps', wanted: 15, ...done },
      { setting: 'fps', wanted: '15', value: null, refused: { why: 'no' } },
      { setting: 'fps', wanted: '15', ...done, padding: 'x'.repeat(20_000) },
    ].map((answer) => JSON.stringify(answer));
    for (const text of ['', '{', 'null', '5', '[]', ...answers]) await mischief.publishAsync('homeguard/front/answer', text, { qos: 1 });
    const { status, problem, ms } = await waiting;
    assert.equal(status, 504);
    assert.match(
      problem.detail,
      /did not answer within 5 s: look at the log of the camera service; \/cameras\/front shows what is set now/,
    );
    assert.ok(ms >= 4_900 && ms <= 6_500, `${ms} ms`);
  });

  test('each gets the answer to its own command, in whatever order they come', async (t) => {
    const { camera, url } = await setUp(t, () => null);
    const values = ['1', '2', '3', '3', '4'];
    const posts = values.map((value) => post(url, 'front/fps', value));
    await until('commands', () => camera.commands.length === values.length);
    for (const wanted of ['4', '2', '3', '3', '1']) {
      await camera.answer({ setting: 'fps', wanted, value: null, refused: wanted === '2' ? 'Not two.' : null });
    }
    const answers = (await Promise.all(posts)).map(({ status, problem }) => problem.detail || status);
    assert.deepEqual(answers, [204, 'Not two.', 204, 204, 204]);
  });

  test('the camera service is gone, before or meanwhile: 503 that says so, at once', async (t) => {
    const { camera, url } = await setUp(t, () => null);
    const waiting = post(url, 'front/fps', '15');
    await until('command', () => camera.commands.length);
    await camera.kill();
    const after = await waiting.then(() => post(url, 'front/fps', '15'));
    for (const { status, problem, ms } of [await waiting, after]) {
      assert.deepEqual([status, problem.condition], [503, 'offline']);
      assert.match(problem.detail, /not connected to the message bus\. Start the camera service/);
      assert.ok(ms < 3_000, `${ms} ms`);
    }
  });

  test('the bus is lost, before or meanwhile: 503 that says so, at once', async (t) => {
    const { bus, camera, url } = await setUp(t, () => null);
    const waiting = post(url, 'front/fps', '15');
    await until('command', () => camera.commands.length);
    await bus.stop();
    const after = await waiting.then(() => post(url, 'front/fps', '15'));
    for (const { status, problem, ms } of [await waiting, after]) {
      assert.deepEqual([status, problem.condition], [503, 'bus-lost']);
      assert.match(problem.detail, /message bus.* start the broker/);
      assert.ok(ms < 3_000, `${ms} ms`);
    }
  });

  test('a stop of the gateway waits for no answer, and says so', async (t) => {
    const { camera, gateway, url } = await setUp(t, () => null);
    const waiting = post(url, 'front/fps', '15');
    await until('command', () => camera.commands.length);
    const began = performance.now();
    await gateway.stop();
    const { status, problem } = await waiting;
    assert.deepEqual([status, problem.detail], [503, 'The gateway is being stopped. Try again once it runs.']);
    assert.ok(performance.now() - began < 3_000);
  });

  test('too many at once to one camera: 429 for those beyond, and room again afterwards', async (t) => {
    const { camera, url } = await setUp(t, () => null);
    const posts = Array.from({ length: MAX_COMMANDS }, (_, i) => post(url, 'front/fps', String(i + 1)));
    await until('commands', () => camera.commands.length === MAX_COMMANDS);
    const { response, status, problem } = await post(url, 'front/fps', '30');
    assert.deepEqual([status, response.headers.get('retry-after')], [429, '1']);
    assert.match(problem.detail, /Too many commands to this camera are under way/);
    for (const { setting, wanted } of [...camera.commands]) await camera.answer({ setting, wanted, value: null, refused: null });
    for (const { status } of await Promise.all(posts)) assert.equal(status, 204);
    const more = post(url, 'front/fps', '30');
    await until('command', () => last(camera)?.wanted === '30');
    await camera.answer({ setting: 'fps', wanted: '30', value: null, refused: null });
    assert.equal((await more).status, 204);
  });

  test('too many to all cameras: 503 for those beyond', async (t) => {
    const bus = await startTestBroker(t);
    const ids = Array.from({ length: MAX_COMMANDS_IN_ALL / MAX_COMMANDS + 1 }, (_, i) => `c${i}`);
    const cameras = await Promise.all(ids.map((id) => startCamera(t, bus, id, [])));
    for (const camera of cameras) camera.takeCommands(settings, () => null);
    const { url } = await startTestGateway(t, bus);
    await until('cameras', async () => {
      const views = (await (await fetch(`${url}cameras`, { headers: bearer })).json()) as View[];
      return views.filter(({ online, settings: { fps } }) => online && fps).length === ids.length;
    });
    const posts = ids.slice(0, -1).flatMap((id) => Array.from({ length: MAX_COMMANDS }, (_, i) => post(url, `${id}/fps`, String(i + 1))));
    const sent = () => cameras.flatMap(({ commands }) => commands).length;
    await until('commands', () => sent() === MAX_COMMANDS_IN_ALL);
    const { response, status, problem } = await post(url, `${ids.at(-1)}/fps`, '1');
    assert.deepEqual([status, response.headers.get('retry-after')], [503, '1']);
    assert.match(problem.detail, /Too many commands to all cameras together/);
    for (const camera of cameras) {
      for (const { setting, wanted } of [...camera.commands]) await camera.answer({ setting, wanted, value: null, refused: null });
    }
    for (const { status } of await Promise.all(posts)) assert.equal(status, 204);
  });

  test('only for those who are logged in, and not from a page of another site', async (t) => {
    const { camera, url } = await setUp(t);
    assert.equal((await post(url, 'front/fps', '15', {})).status, 401);
    const login = await fetch(`${url}login`, { method: 'POST', body: new URLSearchParams({ password }), redirect: 'manual' });
    const Cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    for (const origin of ['http://evil.example', 'null', `${new URL(url).origin}0`]) {
      const { status, problem } = await post(url, 'front/fps', '15', { Cookie, Origin: origin });
      assert.equal(status, 403, origin);
      assert.match(problem.detail, /may not do this/);
    }
    assert.deepEqual(camera.commands, []);
    assert.equal((await post(url, 'front/fps', '15', { Cookie, Origin: new URL(url).origin })).status, 204);
    assert.equal((await post(url, 'front/fps', '15', { Cookie })).status, 204);
  });

  test('below a base path, too, and only as POST', async (t) => {
    const { camera, url } = await setUp(t, undefined, { GATEWAY_BASE_PATH: '/cams/' });
    assert.equal((await post(url, 'front/controls/brightness', '5')).status, 204);
    assert.deepEqual(last(camera), { setting: 'controls/brightness', wanted: '5' });
    const elsewhere = await fetch(url.replace('cams/', 'cameras/front/fps'), { method: 'POST', body: '5', headers: bearer });
    assert.equal(elsewhere.status, 404);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assert.equal((await fetch(`${url}cameras/front/fps`, { method, headers: bearer })).status, 404, method);
    }
  });

  test('views show the knobs and their values, and pages hear of changes; what is no knob is left away', async (t) => {
    const { camera, url } = await setUp(t);
    assert.deepEqual((await view(url)).settings, settings);
    const list = (await (await fetch(`${url}cameras`, { headers: bearer })).json()) as View[];
    assert.deepEqual(list[0]?.settings, settings);
    const { messages } = await openLive(t, `${url}cameras/front/ws`);
    const { fps } = settings;
    const changed = { fps: { ...fps, value: 15 } };
    camera.setState('live', { settings: { ...changed, capture: { type: 'lever' }, frame: fps } as unknown as Knobs });
    await until('change', () => JSON.stringify(messages.at(-1)?.settings) === JSON.stringify(changed));
    for (const value of [null, [], 'none', { fps: { type: 'number', label: 5 } }]) {
      camera.setState('live', { settings: value as unknown as Knobs });
      await until('empty settings', async () => JSON.stringify((await view(url)).settings) === '{}');
      camera.setState('live', { settings });
      await until('settings', async () => (await view(url)).settings.fps);
    }
    assert.equal((await view(url)).online, true);
  });
});
