import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { MqttClient } from 'mqtt';
import { freePort } from '../helpers/free-port.ts';
import { HomeAssistant } from '../helpers/home-assistant.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt, type Env, receive } from '../helpers/services.ts';
import { type House, mosquittoHouse, ownHouse, startCamera, webcam } from '../helpers/smart-home.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const discovery = 'homeassistant/device/homeguard_door/config';

async function forget(t: TestContext, env: Env, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = startProgram(t, { main: 'services/forget/main.ts', args, env });
  const { code } = await program.exited;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

async function enter(t: TestContext, { url, login, env }: House): Promise<MqttClient> {
  const ca = env.MQTT_TLS_CA ? { ca: readFileSync(env.MQTT_TLS_CA) } : {};
  return connectMqtt(t, url, { protocolVersion: 5, ...login, ...ca });
}

/** What a camera that was removed leaves behind. */
async function leaveTraces(client: MqttClient, id: string, status = 'offline'): Promise<string[]> {
  const topics = ['status', 'state', 'fps', 'capture', 'controls/brightness', 'viewers/pi-8080', 'snapshot', 'fps/set'];
  for (const topic of topics) {
    const payload = topic === 'status' ? status : topic === 'snapshot' ? Buffer.alloc(1 << 20, 'x') : topic;
    await client.publishAsync(`homeguard/${id}/${topic}`, payload, { qos: 1, retain: true });
  }
  await client.publishAsync(`homeassistant/device/homeguard_${id}/config`, '{}', { qos: 1, retain: true });
  return topics;
}

/** Retained topics that a newcomer finds, but for those of all cameras. */
async function retained(t: TestContext, house: House): Promise<string[]> {
  const client = await enter(t, house);
  const received = await receive(client, '#');
  await client.publishAsync('the/end', 'now', { qos: 1, retain: true });
  await until('all that is retained', () => received.some(({ topic }) => topic === 'the/end'));
  await client.publishAsync('the/end', '', { qos: 1, retain: true });
  const found = received.filter(({ retain, payload }) => retain && payload.length > 0).map(({ topic }) => topic);
  return found.filter((topic) => !/^(the\/end|homeguard\/_broker)/.test(topic)).sort();
}

describe('forget', { concurrency: 3 }, () => {
  test('a camera that was there: Home Assistant loses it, and nothing of it is left', { timeout: 60_000 }, async (t) => {
    const house = await ownHouse(t);
    const home = await HomeAssistant.start(t, house.url, house.login);
    const camera = startCamera(t, house, await webcam(t));
    await home.set(await home.entity('front', 'number_control_brightness'), '200');
    const kept = join(house.env.DATA_DIR ?? '', 'cameras');
    const early = await forget(t, house.env, 'front');
    assert.equal(early.code, 1);
    assert.match(
      early.stderr,
      /^HomeGuard cannot forget this camera: the camera front is there: .* Stop that first, or take front out .*\.\n$/,
    );
    assert.ok(home.entities('front').length > 20);
    await camera.stop();
    assert.deepEqual(readdirSync(kept), ['front.json']);

    const { code, stdout, stderr } = await forget(t, house.env, 'front');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      /^The camera front is forgotten:\n {2}Home Assistant: its device is removed\n {2}message bus: \d\d kept values cleared, .*\n {2}settings: deleted \S+front\.json\n$/,
    );
    await until('no device', () => home.entities('front').length === 0 && home.removed.includes('camera_preview'));
    assert.deepEqual(await retained(t, house), []);
    assert.deepEqual(readdirSync(kept), []);
  });

  test("another's broker, by its own authority, with a picture that is kept; other cameras stay", { timeout: 60_000 }, async (t) => {
    const house = await mosquittoHouse(t, true);
    const client = await enter(t, house);
    await leaveTraces(client, 'door');
    await leaveTraces(client, 'doorbell', 'online');
    const kept = join(house.env.DATA_DIR ?? '', 'cameras');
    mkdirSync(kept);
    for (const name of ['door.json', 'door.json.broken', 'door.json.4711', 'doorbell.json', 'door.jsonx'])
      writeFileSync(join(kept, name), '{}');
    const unknown = await forget(t, house.env, 'dor');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /nothing is known of a camera dor, .*: the bus knows door, doorbell\. Look whether/);
    const { code, stdout, stderr } = await forget(t, house.env, 'door');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /8 kept values cleared/);
    const left = await retained(t, house);
    assert.deepEqual(
      left.filter((topic) => /door(\/|_|$)/.test(topic) || topic === discovery),
      [],
    );
    assert.equal(left.length, 9);
    assert.deepEqual(readdirSync(kept).sort(), ['door.jsonx', 'doorbell.json']);
  });

  test('what it cannot do it says, with the remedy, and does nothing', async (t) => {
    const dir = makeWorkDir(t);
    const nowhere = { MQTT_URL: `mqtt://127.0.0.1:${await freePort()}`, DATA_DIR: dir };
    mkdirSync(join(dir, 'cameras'));
    writeFileSync(join(dir, 'cameras/door.json'), '{}');
    const cases: [args: string[], env: Env, code: number, said: RegExp][] = [
      [['door'], nowhere, 1, /ECONNREFUSED.*: start the broker, or set MQTT_URL\.\n$/],
      [['Front Door'], nowhere, 1, /"Front Door" is no camera's id: an id is a small letter/],
      [['../door'], nowhere, 1, /is no camera's id/],
      [['door'], { ...nowhere, MQTT_URL: 'nowhere' }, 1, /MQTT_URL is "nowhere" and has to be/],
      [[], nowhere, 2, /^Name the one camera .*\n\nForgets a camera/],
      [['door', 'front'], nowhere, 2, /^Name the one camera/],
      [['--all'], nowhere, 2, /--all/],
    ];
    await Promise.all(
      cases.map(async ([args, env, wanted, said]) => {
        const { code, stdout, stderr } = await forget(t, env, ...args);
        assert.deepEqual([code, stdout], [wanted, ''], args.join());
        assert.match(stderr, said);
      }),
    );
    assert.ok(existsSync(join(dir, 'cameras/door.json')));
    const help = await forget(t, nowhere, '--help');
    assert.equal(help.code, 0);
    assert.match(help.stdout, /npm run forget -- door/);
  });

  test('a login that the bus does not know', async (t) => {
    const house = await mosquittoHouse(t);
    const { code, stderr } = await forget(t, { ...house.env, MQTT_PASSWORD: 'wrong' }, 'door');
    assert.equal(code, 1);
    assert.match(stderr, /refuses our login: set MQTT_USERNAME and MQTT_PASSWORD to a user it knows\.\n$/);
  });
});
