import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { busLost } from '../../services/gateway/darkness.ts';
import { CONDITIONS } from '../../services/shared/contract.ts';

const state = (more: object = {}) =>
  JSON.stringify({
    condition: 'live',
    cause: null,
    advice: null,
    since: '2026-11-22T10:38:45.120Z',
    device: { path: '/dev/video0', name: 'C922', bus: 'usb-1' },
    format: { pixel: 'MJPG', width: 640, height: 480, fps: 15, encoded: false },
    ...more,
  });

function online(json = state()): Camera {
  const camera = new Camera('front');
  camera.online = true;
  assert.ok(camera.setState(json));
  return camera;
}

test('a camera of which nothing is known is offline, and says what to do', () => {
  const camera = new Camera('front');
  assert.equal(camera.name, 'front');
  assert.equal(camera.size, null);
  assert.equal(camera.darkness?.condition, 'offline');
  assert.match(camera.darkness?.advice ?? '', /Start the camera service/);
});

test('live, idle and starting promise frames; every other condition is dark with its cause and advice', () => {
  for (const condition of CONDITIONS) {
    const since = '2026-11-22T10:38:45.120Z';
    const camera = online(state({ condition, cause: 'seen', advice: 'do', since }));
    const shows = ['live', 'idle', 'starting'].includes(condition);
    assert.deepEqual(camera.darkness, shows ? null : { condition, cause: 'seen', advice: 'do', since }, condition);
  }
});

test('an offline camera is dark whatever its last state was', () => {
  const camera = online();
  const darkness = () => camera.darkness?.condition ?? null;
  assert.equal(darkness(), null);
  camera.online = false;
  assert.equal(darkness(), 'offline');
});

test('its name is the one given, else the device’s, else its id', () => {
  assert.equal(online(state({ name: 'Front door' })).name, 'Front door');
  assert.equal(online().name, 'C922');
  assert.equal(online(state({ device: null })).name, 'front');
  assert.equal(online(state({ device: { path: null, name: null, bus: null } })).name, 'front');
});

test('a dark camera keeps the size that it had; one that was always dark has the one that it is set to', () => {
  const camera = online();
  camera.setState(JSON.stringify(state({ condition: 'no-device', format: null })));
  assert.deepEqual(camera.size, { width: 640, height: 480 });
  const resolution = { type: 'select', label: 'Resolution', value: '320x240', default: '320x240', options: ['320x240'] } as const;
  assert.deepEqual(online(state({ condition: 'off', format: null, settings: { resolution } })).size, { width: 320, height: 240 });
});

test('size and rate are those of its format, when they can be believed', () => {
  assert.deepEqual(online().size, { width: 640, height: 480 });
  assert.equal(online().promisedFps, 15);
  assert.equal(online(state({ format: null })).promisedFps, 30);
  for (const format of [
    null,
    {},
    { width: 0, height: 480 },
    { width: 1e9, height: 480 },
    { width: '640', height: 480 },
    { width: 640.5, height: 1 },
  ]) {
    assert.equal(online(state({ format })).size, null, JSON.stringify(format));
  }
  for (const fps of [0, -5, 'many', null, {}, 1e9]) {
    const { promisedFps } = online(state({ format: { width: 640, height: 480, fps } }));
    assert.ok(promisedFps > 0 && promisedFps <= 1000, `${fps} -> ${promisedFps}`);
  }
});

test('a state that is none is refused, and the last one kept', () => {
  const camera = online();
  for (const json of ['live', '[]', 'null', '5', '{}', '{"condition":"broken"}', '{"condition":["live"]}', '{"condition":']) {
    assert.ok(!camera.setState(json), json);
  }
  assert.equal(camera.view(null).condition, 'live');
});

test('texts that are none do no harm: anyone may publish a state', () => {
  const odd: unknown[] = [5, {}, [], true, { toString: 5 }];
  for (const value of odd) {
    const camera = new Camera('front');
    camera.online = true;
    const taken = camera.setState(JSON.stringify({ condition: 'no-device', cause: value, advice: value, since: value, name: value }));
    const { cause, advice, name } = camera.view(null);
    for (const text of taken ? [cause, advice, name, camera.darkness?.cause ?? null, camera.darkness?.advice ?? null] : []) {
      assert.ok(text === null || typeof text === 'string', `${JSON.stringify(value)} -> ${JSON.stringify(text)}`);
    }
  }
});

test('what is shown of it', () => {
  const settings = { fps: { type: 'number', label: 'Frames a second', value: 15, default: 30, min: 1, max: 30, step: 1 } };
  assert.deepEqual(online(state({ name: 'Front', test: true, settings })).view(null), {
    id: 'front',
    name: 'Front',
    online: true,
    condition: 'live',
    cause: null,
    advice: null,
    since: '2026-11-22T10:38:45.120Z',
    test: true,
    device: { path: '/dev/video0', name: 'C922', bus: 'usb-1' },
    format: { pixel: 'MJPG', width: 640, height: 480, fps: 15, encoded: false },
    size: { width: 640, height: 480 },
    small: null,
    settings,
  });
  assert.deepEqual(online().view(null).settings, {});
});

test('live and idle with a hint: nothing is dark, and the hint is shown', () => {
  for (const condition of ['live', 'idle'] as const) {
    const camera = online(state({ condition, cause: 'It is dim: 15 of 30 frames come.', advice: 'Switch on a light.' }));
    assert.equal(camera.darkness, null);
    const { cause, advice } = camera.view(null);
    assert.deepEqual([cause, advice], ['It is dim: 15 of 30 frames come.', 'Switch on a light.']);
  }
});

test('small frames are offered while it is there and on, in a size that can be', () => {
  const small = { width: 640, height: 360 };
  const camera = online(state({ small }));
  assert.deepEqual(camera.small, small);
  assert.deepEqual(camera.view(null).small, small);
  camera.online = false;
  assert.equal(camera.small, null);
  for (const odd of [null, 1, 'x', [], { width: 640 }, { width: 640, height: -1 }, { width: '640', height: 360 }])
    assert.equal(online(state({ small: odd } as object)).small, null);
  assert.equal(online(state({ condition: 'off', small })).small, null);
});

test('switched off it is until it says otherwise, even when its service ends', () => {
  const camera = online(state({ condition: 'off' }));
  assert.ok(camera.isOff);
  camera.online = false;
  assert.ok(camera.isOff);
  camera.setState(state());
  assert.ok(!camera.isOff);
});

test('a state without an end is none', () => {
  const camera = online();
  assert.ok(!camera.setState(state({ condition: 'off', padding: 'x'.repeat(300_000) })));
  assert.equal(camera.view(null).condition, 'live');
});

test('while the bus is lost, that is what is shown, with its trouble', () => {
  const view = online().view('The bus does not answer.');
  assert.equal(view.online, false);
  assert.equal(view.condition, 'bus-lost');
  assert.equal(view.cause, 'The bus does not answer.');
  assert.deepEqual(busLost('why').condition, 'bus-lost');
});
