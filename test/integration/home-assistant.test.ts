import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { takeApart } from '../helpers/camera-harness.ts';
import { type Fakecam, fakecamEnv, sizedFrames } from '../helpers/fakecam.ts';
import { HomeAssistant, trials } from '../helpers/home-assistant.ts';
import type { Entity } from '../helpers/home-assistant-lint.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { type Env, startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const sizes = ['320x240', '640x480'];
/** Programs begin slowly on a busy machine. */
const beginning = 15_000;

async function webcam(t: TestContext, more: Partial<Fakecam> = {}): Promise<Env> {
  return fakecamEnv(t, { dir: await sizedFrames(t, sizes), sizes, rates: [30, 15], name: 'C922', state: makeWorkDir(t), ...more });
}

/** A bus, its address, and whom it lets in. */
interface House {
  url: string;
  /** The camera service's settings on it. */
  env: Env;
  login: { username?: string; password?: string };
}

async function ownBroker(t: TestContext): Promise<House> {
  const { url, settings, login } = await startTestBroker(t);
  return { url, env: { MQTT_URL: url, DATA_DIR: settings.dataDir }, login: login('homeassistant') };
}

async function mosquitto(t: TestContext): Promise<House> {
  const { url } = await startMosquitto(t, { users: { cams: 'of the cams', house: 'of the house' } });
  const env = { MQTT_URL: url, DATA_DIR: makeWorkDir(t), MQTT_USERNAME: 'cams', MQTT_PASSWORD: 'of the cams' };
  return { url, env, login: { username: 'house', password: 'of the house' } };
}

function startCamera(t: TestContext, { env }: House, camera: Env): Program {
  const usual = { CAMERA_ID: 'front', CAMERA_SIZE: '320x240', CAMERA_FPS: '30', CAMERA_SOURCE: camera.FAKECAM_PATH ?? '' };
  return startProgram(t, { main: 'services/camera/main.ts', env: { ...env, ...usual, ...camera } });
}

/** Those whose setting opens the device anew, or which end the picture, are tried by themselves. */
const isQuick = ({ key }: Entity) => !['number_fps', 'select_resolution', 'switch_capture'].includes(key);

/** One value of each after the other, all entities at once, as a scene does. */
async function setAll(home: HomeAssistant, entities: Entity[]): Promise<number> {
  let sets = 0;
  const most = Math.max(...entities.map((entity) => trials(entity).length));
  for (let round = 0; round < most; round++) {
    const due = entities.flatMap((entity) =>
      trials(entity)
        .slice(round, round + 1)
        .map((value) => ({ entity, value })),
    );
    await Promise.all(due.map(({ entity, value }) => home.set(entity, value)));
    sets += due.length;
  }
  return sets;
}

async function goThrough(t: TestContext, house: House): Promise<void> {
  const home = await HomeAssistant.start(t, house.url, house.login);
  const program = startCamera(t, house, await webcam(t));
  const camera = await home.entity('front', 'camera_preview', beginning);
  const of = (key: string) => home.entity('front', key);
  await of('number_control_brightness');
  assert.deepEqual(home.faults, []);

  await until('picture', () => home.isAvailable(camera) && home.picture(camera), { ms: beginning });
  const condition = await of('sensor_condition');
  await until('condition', () => home.state(condition) === 'idle');
  assert.deepEqual(Object.keys(home.attributes(condition)), ['cause', 'advice', 'since']);
  assert.equal(home.state(await of('binary_sensor_connection')), 'on');
  assert.equal(home.state(await of('binary_sensor_problem')), 'off');
  for (const key of ['sensor_frame_rate', 'sensor_dropped_frames', 'sensor_viewers', 'sensor_restarts']) {
    const sensor = await of(key);
    await until(`value of ${key}`, () => Number.isFinite(Number.parseFloat(home.state(sensor) ?? '')));
  }

  const entities = home.entities('front');
  const sets = (platform: string) => entities.filter((entity) => entity.platform === platform && isQuick(entity));
  // Automatics before what they rule.
  const made = (await setAll(home, [...sets('select'), ...sets('switch')])) + (await setAll(home, sets('number')));
  assert.ok(made >= 43, `${made} values`);
  for (const entity of entities.filter(({ config }) => config.command_topic && config.state_topic))
    assert.ok(home.state(entity), entity.key);

  await home.set(await of('select_resolution'), '640x480');
  await home.set(await of('number_fps'), '15');
  const image = await of('image_snapshot');
  await home.press(await of('button_snapshot'));
  const snapshot = await until('snapshot', () => home.picture(image), { ms: 6_000 });
  assert.ok(takeApart(snapshot).stamp.t > 0);

  await home.set(await of('switch_capture'), 'OFF');
  await until('a dark camera', () => !home.isAvailable(camera) && home.state(condition) === 'off' && !home.picture(camera));
  await home.set(await of('switch_capture'), 'ON');
  await until('a picture again', () => home.isAvailable(camera) && home.picture(camera), { ms: beginning });
  await home.press(await of('button_reset'));
  const brightness = await of('number_control_brightness');
  await until('its default', () => home.state(brightness) === '128');
  await home.press(await of('button_restart'));
  await until('restart', () => /set: restart = PRESS/.test(program.output));

  await program.stop();
  await until('offline', () => !home.isAvailable(brightness));
  assert.equal(home.state(await of('binary_sensor_connection')), 'off');
  assert.deepEqual([home.faults, home.removed], [[], []]);
}

describe('Home Assistant', { concurrency: 4 }, () => {
  test('finds a camera on our broker, shows and sets all of it', { timeout: 60_000 }, async (t) => goThrough(t, await ownBroker(t)));

  test('finds a camera on Mosquitto, shows and sets all of it', { timeout: 60_000 }, async (t) => goThrough(t, await mosquitto(t)));

  test('has started: within 5 s everything is told again', { timeout: 60_000 }, async (t) => {
    const house = await mosquitto(t);
    const camera = await webcam(t);
    const first = await HomeAssistant.start(t, house.url, house.login);
    startCamera(t, house, camera);
    await first.entity('front', 'number_control_brightness');
    await until('picture', () => first.state(first.entities('front').find(({ key }) => key === 'sensor_condition') as Entity) === 'idle');
    first.heard.length = 0;
    const began = performance.now();
    await first.sayBirth();
    const wanted = ['capture', 'fps', 'resolution', 'controls/brightness', 'state', 'status', 'telemetry'].map(
      (name) => `homeguard/front/${name}`,
    );
    for (const topic of [first.topicOf('front'), ...wanted])
      await until(`${topic} again`, () => first.heard.some((each) => each.topic === topic), { ms: 7_000 });
    const again = first.heard.filter(({ topic }) => topic === first.topicOf('front') || topic === 'homeguard/front/state');
    for (const { at, topic } of again) assert.ok(at - began > 900 && at - began < 5_500, `${topic} after ${at - began} ms`);
    assert.equal(again.filter(({ topic }) => topic === first.topicOf('front')).length, 1);
  });

  test('keeps the controls of a camera that is not plugged in, and loses those that another one has not', {
    timeout: 60_000,
  }, async (t) => {
    const house = await ownBroker(t);
    const home = await HomeAssistant.start(t, house.url, house.login);
    const messages = () => home.heard.filter(({ topic }) => topic === home.topicOf('front')).map(({ payload }) => payload.toString());
    const before = startCamera(t, house, await webcam(t));
    await home.entity('front', 'number_control_brightness');
    await before.stop();
    const told = messages().length;

    const absent = startCamera(t, house, { CAMERA_SOURCE: '/dev/video-none' });
    await until('the message of one that finds no camera', () => messages().length > told, { ms: beginning });
    assert.equal(messages().at(-1), messages()[told - 1]);
    await absent.stop();

    startCamera(t, house, await webcam(t, { state: undefined, name: 'Other' }));
    await until('removal', () => home.removed.includes('number_control_brightness'), { ms: beginning });
    assert.ok(
      home.removed.every((key) => key.includes('_control_')),
      home.removed.join(),
    );
    assert.ok(home.entities('front').some(({ key }) => key === 'select_resolution'));
    assert.deepEqual(home.faults, []);
  });
});
