import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { Channel } from '../../services/gateway/channel.ts';
import { checkWanted } from '../../services/gateway/setting.ts';

const settings = {
  capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' },
  fps: { type: 'number', label: 'Frame rate', value: 15, default: 30, min: 1, max: 30, step: 1 },
  resolution: { type: 'select', label: 'Resolution', value: '640x480', default: '1280x720', options: ['640x480', '1920x1080'] },
  'controls/power_line_frequency': { type: 'select', label: 'Mains', value: '50 Hz', default: '50 Hz', options: ['Disabled', '50 Hz'] },
  'controls/exposure_time': { type: 'number', label: 'Exposure', value: 5, default: 5, min: 0, max: 10, step: 5, inactive: true },
};

function channelOf(state: object = {}): Channel {
  const camera = new Camera('front');
  camera.online = true;
  const format = { pixel: 'MJPG', width: 640, height: 480, fps: 30, encoded: false };
  assert.ok(camera.setState(JSON.stringify({ condition: 'live', cause: null, advice: null, since: '', format, settings, ...state })));
  return new Channel(camera, () => {});
}

async function check(channel: Channel, setting: string, wanted: string) {
  const checked = checkWanted(channel, setting, wanted);
  if (!(checked instanceof Response)) return checked.text;
  assert.equal(checked.headers.get('content-type'), 'application/problem+json');
  return (await checked.json()) as { status: number; detail: string; settings?: string[]; sizes?: string[]; condition?: string };
}

test('a value that is right is sent as the setting’s topic gives it', async () => {
  const channel = channelOf();
  const right: [setting: string, wanted: string, sent: string][] = [
    ['fps', ' 15 ', '15'],
    ['fps', 'default', '30'],
    ['capture', 'off', 'OFF'],
    ['capture', 'true', 'ON'],
    ['controls/power_line_frequency', '50 hz', '50 Hz'],
    ['restart', '', ''],
    ['reset', 'now', 'now'],
    ['snapshot', '', ''],
    ['snapshot', '1920X1080', '1920x1080'],
  ];
  for (const [setting, wanted, sent] of right) assert.equal(await check(channel, setting, wanted), sent, `${setting} = ${wanted}`);
});

test('every other one is refused with what would be right', async () => {
  const channel = channelOf();
  const wrong: [setting: string, wanted: string, status: number, detail: string | RegExp][] = [
    ['fps', '31', 422, 'fps has to be a whole number from 1 to 30.'],
    ['fps', '', 422, 'fps has to be a whole number from 1 to 30.'],
    ['fps', 'x'.repeat(1000), 422, 'fps has to be a whole number from 1 to 30.'],
    ['capture', 'maybe', 422, 'capture has to be ON or OFF.'],
    ['resolution', '10x10', 422, 'resolution has to be one of: 640x480, 1920x1080.'],
    ['controls/exposure_time', '5', 422, /^controls\/exposure_time has no effect now: .*\.$/],
    ['snapshot', '10x10', 422, 'The size of a snapshot has to be one of: 640x480, 1920x1080.'],
    [
      'quality',
      '50',
      404,
      /^quality cannot be set here: the camera itself encodes its pictures.* What can be set on this camera now: capture, fps/,
    ],
    [
      'controls/gain',
      '5',
      404,
      /^The device has no controls\/gain\. What can be set .*: capture, fps, resolution, .*, snapshot, restart, reset\.$/,
    ],
    ['constructor', '5', 404, /^There is no setting "constructor"\./],
    ['frame', '5', 404, /^There is no setting "frame"\./],
    ['controls/../fps', '5', 404, /^There is no setting "controls\/\.\.\/fps"\./],
    ['controls/+', '5', 404, /^There is no setting "controls\/\+"\./],
    ['y'.repeat(1000), '5', 404, /^There is no setting "y{80}"\./],
  ];
  for (const [setting, wanted, status, detail] of wrong) {
    const refused = await check(channel, setting, wanted);
    assert.ok(typeof refused === 'object', `${setting} = ${wanted}`);
    assert.equal(refused.status, status, setting);
    if (typeof detail === 'string') assert.equal(refused.detail, detail);
    else assert.match(refused.detail, detail);
  }
});

test('programs find what there is in members of the problem', async () => {
  const unknown = await check(channelOf(), 'nothing', '');
  assert.ok(typeof unknown === 'object');
  assert.deepEqual(unknown.settings, [...Object.keys(settings), 'snapshot', 'restart', 'reset']);
  const size = await check(channelOf(), 'snapshot', '1x1');
  assert.ok(typeof size === 'object');
  assert.deepEqual(size.sizes, ['640x480', '1920x1080']);
});

test('a camera that only sends pictures takes nothing', async () => {
  for (const value of [undefined, null, 'none', []]) {
    const refused = await check(channelOf({ settings: value }), 'restart', '');
    assert.ok(typeof refused === 'object');
    assert.deepEqual([refused.status, /tells of no settings/.test(refused.detail)], [404, true]);
  }
});

test('a camera that offers no sizes says so', async () => {
  for (const resolution of [undefined, { ...settings.fps }]) {
    const refused = await check(channelOf({ settings: { resolution } }), 'snapshot', '640x480');
    assert.ok(typeof refused === 'object');
    assert.equal(refused.detail, 'The size of a snapshot cannot be chosen on this camera: leave it away.');
  }
});

test('out of reach: 503 with the cause, whatever is wanted', async () => {
  const offline = channelOf();
  offline.camera.online = false;
  const busless = channelOf();
  busless.changed('The bus is gone.');
  for (const [channel, condition] of [
    [offline, 'offline'],
    [busless, 'bus-lost'],
  ] as const) {
    for (const setting of ['fps', 'nothing', 'snapshot']) {
      const refused = await check(channel, setting, '5');
      assert.ok(typeof refused === 'object');
      assert.deepEqual([refused.status, refused.condition], [503, condition]);
    }
  }
});

test('a dark camera takes settings, and says of snapshots and missing knobs why', async () => {
  const dark = channelOf({ condition: 'no-device', cause: 'There is no /dev/video0.', advice: 'Plug it in.' });
  assert.equal(await check(dark, 'capture', 'OFF'), 'OFF');
  const snapshot = await check(dark, 'snapshot', '');
  assert.ok(typeof snapshot === 'object');
  assert.deepEqual([snapshot.status, snapshot.detail], [503, 'There is no /dev/video0. Plug it in.']);
  const missing = await check(dark, 'controls/gain', '1');
  assert.ok(typeof missing === 'object');
  assert.match(missing.detail, /^controls\/gain cannot be set now: There is no \/dev\/video0\. What can/);
});
