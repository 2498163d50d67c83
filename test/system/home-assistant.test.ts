import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { takeApart } from '../helpers/camera-harness.ts';
import { HomeAssistant, trials } from '../helpers/home-assistant.ts';
import type { Entity } from '../helpers/home-assistant-lint.ts';
import { type House, mosquittoHouse, ownHouse, startCamera, webcam } from '../helpers/smart-home.ts';
import { until } from '../helpers/until.ts';

/** Programs begin slowly on a busy machine. */
const beginning = 15_000;

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

describe('Home Assistant', { concurrency: 2 }, () => {
  test('finds a camera on our broker, shows and sets all of it', { timeout: 60_000 }, async (t) => goThrough(t, await ownHouse(t)));

  test('finds a camera on Mosquitto, shows and sets all of it', { timeout: 60_000 }, async (t) => goThrough(t, await mosquittoHouse(t)));
});
