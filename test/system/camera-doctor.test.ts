/** The doctor over the bus: real cameras, brokers and gateways, and the doctor as a child of the camera service. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Checkup } from '../../services/shared/checkup.ts';
import type { Answer } from '../../services/shared/contract.ts';
import { startTestCamera } from '../helpers/camera-harness.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { fakecamEnv, makeNode, sizedFrames } from '../helpers/fakecam.ts';
import { publishJpegs } from '../helpers/jpeg-topics.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { oldBroker } from '../helpers/old-broker.ts';
import { asUser } from '../helpers/other-user.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt, type Received, receive, startTestBroker, startTestGateway, token } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** A visit takes a second or two on a machine that has nothing else to do. */
const visiting = { ms: 25_000 };
const isRoot = process.getuid?.() === 0;

interface Told extends Partial<Checkup> {
  status: number;
  detail?: string;
  command?: string;
  condition?: string;
  retryAfter: string | null;
}

/** Asks over HTTP; whoever comes too soon waits, unless that is what is looked at. */
async function ask(url: string, id = 'camera', { patient = true } = {}): Promise<Told> {
  const response = await fetch(`${url}cameras/${id}/doctor`, { method: 'POST', headers: bearer });
  const told = { ...((await response.json()) as Told), status: response.status, retryAfter: response.headers.get('retry-after') };
  if (told.status !== 429 || !patient) return told;
  await new Promise((resolve) => setTimeout(resolve, Number(told.retryAfter) * 1000));
  return ask(url, id, { patient });
}

const condition = async (url: string, id = 'camera') => {
  const response = await fetch(`${url}cameras/${id}`, { headers: bearer });
  return ((await response.json()) as { condition?: string }).condition;
};
const finding = ({ findings = [] }: Told, topic: string, subject?: string) =>
  findings.find((each) => each.topic === topic && (subject === undefined || each.subject === subject)) ??
  assert.fail(`no ${topic}: ${JSON.stringify(findings)}`);

describe('the doctor over the bus', { concurrency: 3 }, () => {
  test('in one process: the camera that HomeGuard itself reads is well, its broker and service too; other cameras are not named', async (t) => {
    const sizes = ['640x480'];
    const dir = await sizedFrames(t, sizes);
    const env = await fakecamEnv(t, { dir, sizes, state: makeWorkDir(t), name: 'C922 Pro Stream Webcam' });
    const path = env.FAKECAM_PATH ?? '';
    const program = startProgram(t, { env: { ...env, CAMERAS: `front=${path},secret=test`, GATEWAY_TOKEN: token } });
    const [, url = ''] = await program.outputMatching(/(http:\/\/127\.0\.0\.1:\d+\/)/, visiting);
    const [, port] = await program.outputMatching(/MQTT: 127\.0\.0\.1:(\d+)/);
    await until('pictures', async () => (await condition(url, 'front')) === 'idle', visiting);
    const told = await ask(url, 'front');
    assert.deepEqual([told.status, told.ok, told.summary], [200, true, 'The picture comes.'], JSON.stringify(told));
    assert.deepEqual(
      told.findings?.filter(({ ok }) => ok !== true),
      [],
    );
    assert.match(finding(told, 'holder', path).text, /^is in use by HomeGuard's camera service \(ffmpeg, pid \d+\)$/);
    assert.match(finding(told, 'broker', `mqtt://127.0.0.1:${port}`).text, /^speaks MQTT 5, the login as camera is right$/);
    assert.match(finding(told, 'service', 'front').text, /^says (idle|live), 640x480 at /);
    assert.ok(!JSON.stringify(told).includes('secret'), 'whoever may set one camera learns of no other');
    assert.ok(!('id' in told));
    // He rests, and is one for all cameras of the process.
    const soon = await ask(url, 'secret', { patient: false });
    assert.deepEqual([soon.status, soon.detail], [429, 'The doctor was here just now: ask again in a moment.']);
    assert.match(soon.retryAfter ?? '', /^[1-4]$/);
    // A stop in the midst of a visit leaves nothing behind.
    const visit = ask(url, 'front').catch(() => null);
    await until('the doctor', () => program.helpers().length > 2, visiting);
    await program.stop();
    await visit;
  });

  test('a camera that may not be opened, over our broker: refused rights, two who ask at once, and MQTT 5 and 3.1.1', async (t) => {
    const bus = await startTestBroker(t);
    const { url } = await startTestGateway(t, bus);
    const path = makeNode(makeWorkDir(t), { mode: 0o660, gid: 44 });
    const { username = '', password = '' } = bus.login('camera');
    const program = startProgram(t, {
      main: 'services/camera/main.ts',
      through: isRoot ? asUser('65534', '--clear-groups') : [],
      env: {
        ...(await fakecamEnv(t, { path, ...(!isRoot && { fail: 13 }) })),
        ...{ CAMERA_SOURCE: path, MQTT_URL: bus.url, MQTT_USERNAME: username, MQTT_PASSWORD: password },
      },
    });
    await until('refusal', async () => (await condition(url)) === 'permission-denied', visiting);
    const seen = await receive(await connectMqtt(t, bus.url, { protocolVersion: 5, ...bus.login('homeassistant') }), 'homeguard/camera/+');
    const old = await connectMqtt(t, bus.url, { protocolVersion: 4, ...bus.login('homeassistant') });
    const heard = await receive(old, 'homeguard/camera/+');
    const on = (list: Received[], name: string) => list.filter(({ topic }) => topic === `homeguard/camera/${name}`);
    const parsed = (list: Received[], name: string) => on(list, name).map(({ payload }) => JSON.parse(String(payload)) as Answer & Checkup);

    const [told, other] = await Promise.all([ask(url), ask(url)]);
    for (const each of [told, other]) {
      assert.deepEqual([each.status, each.ok], [200, false], JSON.stringify(each));
      const { ok, text, remedy } = finding(each, 'permission', path);
      assert.equal(ok, false);
      assert.match(text, /^may not be opened: EACCES on /);
      assert.match(remedy ?? '', /`/);
      assert.match(finding(each, 'service').text, /^says permission-denied: EACCES/);
    }
    await until('both on the bus', () => on(seen, 'doctor').length === 2);
    for (const { retain, qos, payload, properties } of on(seen, 'doctor')) {
      const { id } = JSON.parse(String(payload)) as { id: string };
      assert.deepEqual([retain, qos, { ...properties?.userProperties }], [false, 1, { id }]);
    }
    const kept = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/camera/+');
    await until('what is retained', () => on(kept, 'status').length === 1 && on(kept, 'state').length === 1);
    assert.deepEqual(on(kept, 'doctor'), []);

    // What was asked with an id is found again by whoever knows no MQTT 5, and comes before its answer.
    const command = (text: string) => old.publishAsync('homeguard/camera/doctor/set', text, { qos: 1 });
    await until(
      'rest',
      async () => {
        await command('{"id":"old"}');
        const before = parsed(heard, 'answer').length;
        await until('answer', () => parsed(heard, 'answer').length > before, visiting);
        return parsed(heard, 'answer').some(({ id, refused }) => id === 'old' && refused === null);
      },
      visiting,
    );
    assert.equal(parsed(heard, 'doctor').filter(({ id }) => id === 'old').length, 1);
    const order = heard.filter(({ topic, payload }) => /\/(doctor|answer)$/.test(topic) && String(payload).includes('"old"'));
    assert.deepEqual(
      order.slice(-2).map(({ topic }) => topic.split('/').at(-1)),
      ['doctor', 'answer'],
    );
    await command('{"id":""}');
    await until('refusal', () => /^The doctor is asked with nothing/.test(parsed(heard, 'answer').at(-1)?.refused ?? ''));

    // Gone: what to type where it should run.
    await program.stop();
    await until('offline', async () => (await condition(url)) === 'offline', visiting);
    const gone = await ask(url);
    assert.equal(gone.status, 503);
    assert.match(gone.detail ?? '', /^The camera service is not connected to the message bus\. Start the camera service/);
    assert.match(gone.command ?? '', /doctor$/);
  });

  test('over Mosquitto by MQTT 3.1.1, with no device there: the finding says so; a publisher of pictures has no doctor', async (t) => {
    const users = { camera: 'of the camera', gateway: 'of the gateway' };
    const mosquitto = await startMosquitto(t, { users });
    const address = await oldBroker(t, mosquitto.port);
    const login = (user: keyof typeof users) => ({ MQTT_URL: address, MQTT_USERNAME: user, MQTT_PASSWORD: users[user] });
    startProgram(t, { main: 'services/camera/main.ts', env: { CAMERA_SOURCE: 'usb:Never Built', ...login('camera') } });
    const publisher = await connectMqtt(t, mosquitto.url, { username: 'camera', password: users.camera });
    publishJpegs(t, publisher, 'esp', await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 }));
    const { url } = await startTestGateway(t, null, login('gateway'));
    await until('camera', async () => (await condition(url)) === 'no-device', visiting);
    // The gateway has a connection for each camera, which finds out by itself that there is no MQTT 5.
    const told = await until('findings', async () => ((each) => each.condition !== 'bus-lost' && each)(await ask(url)), visiting);
    assert.equal(told.status, 200, JSON.stringify(told));
    assert.match(finding(told, 'camera', 'camera').text, /^has no device: /);
    assert.match(finding(told, 'broker').text, /the login as camera is right$/);
    await until('the publisher', async () => (await condition(url, 'esp')) !== undefined, visiting);
    const none = await ask(url, 'esp');
    assert.deepEqual(
      [none.status, none.detail, none.command],
      [404, 'No doctor can look at camera "esp": it only sends pictures, and no camera service of HomeGuard.', undefined],
    );
  });

  test('a camera service that has no doctor, or one that never answers', async (t) => {
    const bus = await startTestBroker(t);
    const { url } = await startTestGateway(t, bus);
    await startTestCamera(t, bus, { CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240' });
    await until('camera', async () => (await condition(url)) === 'idle', visiting);
    const none = await ask(url);
    assert.deepEqual([none.status, none.detail], [503, 'The doctor cannot be asked here: run him on the machine of the camera.']);
    assert.match(none.command ?? '', /doctor$/);
    const silent = await startCamera(t, bus, 'silent', []);
    silent.takeCommands({ capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' } }, () => null);
    await until('settings', async () => {
      const response = await fetch(`${url}cameras/silent`, { headers: bearer });
      return Object.keys(((await response.json()) as { settings?: object }).settings ?? {}).length > 0;
    });
    const lost = await ask(url, 'silent');
    assert.equal(lost.status, 504);
    assert.match(lost.detail ?? '', /^The doctor did not come back/);
    assert.match(lost.command ?? '', /doctor$/);
  });
});
