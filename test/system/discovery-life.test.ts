import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HomeAssistant } from '../helpers/home-assistant.ts';
import { mosquittoHouse, ownHouse, startCamera, webcam } from '../helpers/smart-home.ts';
import { until } from '../helpers/until.ts';

/** Programs begin slowly on a busy machine. */
const beginning = 15_000;

describe('discovery', { concurrency: 2 }, () => {
  test('has started: within 5 s everything is told again', { timeout: 60_000 }, async (t) => {
    const house = await mosquittoHouse(t);
    const camera = await webcam(t);
    const first = await HomeAssistant.start(t, house.url, house.login);
    startCamera(t, house, camera);
    await first.entity('front', 'number_control_brightness');
    const condition = await first.entity('front', 'sensor_condition');
    await until('a live camera', () => first.state(condition) === 'idle');
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
    const house = await ownHouse(t);
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
