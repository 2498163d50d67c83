/** Targets that take text: topics and filters, settings, and what other programs print. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { mayBring } from '../../services/broker/topic-filters.ts';
import { topicOf } from '../../services/broker/topic-kinds.ts';
import { lets, rulesOfAccount } from '../../services/broker/topic-rights.ts';
import { chooseMode, ratesOf, sizesOf } from '../../services/camera/device/mode.ts';
import { parseCapabilities } from '../../services/camera/device/v4l2-text.ts';
import { controlKnob, controlValue } from '../../services/camera/knobs/control-knob.ts';
import { diagnose, type Failure } from '../../services/camera/trouble/diagnosis.ts';
import { pickKernelLines } from '../../services/camera/trouble/kernel-log.ts';
import { NO_SCENE } from '../../services/camera/trouble/scene.ts';
import { createClientFinder } from '../../services/gateway/access/proxy.ts';
import { CAMERA_ID, CONDITIONS, filterMatches, parseTopic } from '../../services/shared/contract.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { isSettingName, readKnob, textOf } from '../../services/shared/knob.ts';
import { networkOf } from '../../services/shared/login-limit.ts';
import { parseRights } from '../../services/shared/rights.ts';
import { readSettings } from '../../services/shared/settings.ts';
import { brokenText, oddText } from './inputs.ts';
import { target } from './target.ts';

const level = fc.oneof(
  fc.constantFrom('homeguard', 'front', 'frame', 'set', 'controls', 'viewers', 'homeassistant', '', '$SYS', 'a'),
  oddText,
);
const topic = fc.array(level, { minLength: 1, maxLength: 6 }).map((levels) => levels.join('/'));
const plainLevel = fc.constantFrom('homeguard', 'front', 'frame', 'set', 'a', '', '$SYS');
const plainTopic = fc.array(plainLevel, { minLength: 1, maxLength: 5 });
const filter = fc
  .tuple(fc.array(fc.oneof(plainLevel, fc.constant('+')), { maxLength: 5 }), fc.boolean())
  .map(([levels, all]) => (all ? [...levels, '#'] : levels).join('/'))
  .filter((text) => text !== '');
const prefixes = { prefix: 'homeguard', discoveryPrefix: 'homeassistant' };
const right = fc.constantFrom('admin', 'read:*', 'read:front', 'control:front', 'publish:front', 'use:a', 'use:homeguard-x/y');

/** MQTT 5.0, 4.7, by a regular expression. */
function matches(filterText: string, name: string): boolean {
  if (name.startsWith('$') && /^[+#]/.test(filterText)) return false;
  const pattern = filterText
    .split('/')
    .map((each) => (each === '+' ? '[^/]*' : each === '#' ? '.*' : each.replaceAll('$', '\\$')))
    .join('/')
    .replace(/\/\.\*$/, '(?:/.*)?');
  return new RegExp(`^${pattern}$`, 's').test(name);
}

/** Names that are settings, and values that some of them take; the mark stands for a secret. */
const SECRET = 'sEcReT8x7';
const names = ['MQTT_URL', 'MQTT_PASSWORD', 'MQTT_PREFIX', 'BROKER_PORT', 'BROKER_AUTH', 'BRIDGE_URL', 'CAMERA_NAME', 'CAMERA_SIZE'].concat(
  ['CAMERA_FPS', 'CAMERA_SOURCE', 'CAMERA_ID', 'CAMERAS', 'GATEWAY_BASE_PATH', 'GATEWAY_URL', 'GATEWAY_TRUSTED_PROXIES'],
  ['GATEWAY_PASSWORD', 'GATEWAY_TOKEN', 'GATEWAY_MAX_VIEWERS', 'GATEWAY_PROXY_RIGHTS', 'GATEWAY_AUTH_HEADER', 'FRAME_MAX_BYTES'],
  ['LOG_LEVEL', 'DATA_DIR', 'CAMERA_FSP', 'GATEWAY_'],
);
const values = [
  '1',
  '70000',
  'on',
  'true',
  '1280x720',
  '/dev/video0',
  'usb:C922',
  'front=/dev/video0,door=test',
  '127.0.0.1,10.0.0.0/8',
  '/cams/',
].concat(
  [
    `mqtt://pi:${SECRET}@10.0.0.1:1883`,
    `rtsp://pi:${SECRET}@10.0.0.2/live`,
    `http:/x/?token=${SECRET}`,
    'https://cams.example.org/',
    '::1/64',
    'read:*',
  ],
  ['homeguard', 'debug', `${SECRET}${SECRET}`],
);
const environment = fc.dictionary(
  fc.tuple(fc.constantFrom(...names), fc.constantFrom('', '', '', '_FILE')).map((each) => each.join('')),
  fc.oneof(fc.constantFrom(...values), brokenText(fc.constantFrom(...values), 2), oddText),
  { maxKeys: 5, noNullPrototype: true },
);

const v4l2Dir = join(import.meta.dirname, '../unit/v4l2');
const listings = readdirSync(v4l2Dir).map((name) => readFileSync(join(v4l2Dir, name), 'utf8'));

const said = [
  '[video4linux2,v4l2 @ 0x55d0c8a0f6c0] ioctl(VIDIOC_DQBUF): No such device',
  'Cannot open video device /dev/video0: Permission denied',
  '/dev/video0: Device or resource busy',
  '[v4l2 @ 0x5] ioctl(VIDIOC_STREAMON): No space left on device',
  'Some buffers are still owned by the caller on close.',
  "Cannot find a proper format for codec 'mjpeg' (id 7), pixel format 'none' (id -1)",
  'spawn ffmpeg ENOENT',
  'Server returned 401 Unauthorized (authorization failed)',
  'Invalid data found when processing input',
];
const failure: fc.Arbitrary<Failure> = fc.record({
  kind: fc.constantFrom('device', 'file', 'url', 'test'),
  label: oddText,
  code: fc.option(fc.constantFrom(0, 1, 228, 231, 240, 243, 254, 255, 256)),
  lines: fc.array(fc.oneof(brokenText(fc.constantFrom(...said)), oddText), { maxLength: 6 }),
  scene: fc.constant(NO_SCENE),
});
const records = [
  '3,1234,5140900,-;usb 1-1.4: USB disconnect, device number 5',
  '4,1,9,-;hwmon hwmon1: Undervoltage detected!',
  '30,1,1,-;x\n SUB=y',
];

export const wordTargets = [
  target('topic', topic, (name) => {
    const found = parseTopic('homeguard', name);
    if (found) {
      assert.match(found.id, CAMERA_ID);
      assert.equal(`homeguard/${found.id}/${found.rest}`, name);
    }
    const kind = topicOf(prefixes, name);
    if ('camera' in kind) assert.match(kind.camera, CAMERA_ID);
  }),
  target('topic filter', fc.tuple(filter, plainTopic), ([text, levels]) => {
    assert.equal(filterMatches(text, levels.join('/')), matches(text, levels.join('/')));
  }),
  target('rights and filters', fc.tuple(fc.array(right, { maxLength: 3 }), filter, plainTopic), ([texts, text, levels]) => {
    const rules = rulesOfAccount('bob', parseRights(texts));
    const name = levels.join('/');
    if (!matches(text, name) || !lets(rules, 'read', topicOf(prefixes, name), name)) return;
    assert.ok(mayBring(rules, prefixes, text), `${text} brings ${name}, which may be read, and is refused`);
  }),
  target('settings', environment, (env) => {
    try {
      const { broker, cameras, gateway, mqtt, bridge } = readSettings(env, (path) => path);
      for (const port of [broker.port, broker.tlsPort, gateway.port]) assert.ok(port >= 0 && port <= 65_535);
      assert.ok(gateway.basePath.startsWith('/') && gateway.basePath.endsWith('/'));
      assert.equal(new Set(cameras.map(({ id }) => id)).size, cameras.length);
      assert.doesNotMatch(mqtt.prefix + mqtt.discoveryPrefix, /[+#\0]|^\$|^\/|\/$/);
      for (const address of [mqtt.url, bridge.url ?? mqtt.url]) assert.ok(URL.canParse(address) && !address.includes(SECRET));
      createClientFinder(gateway.trustedProxies)({ headers: {}, socket: { remoteAddress: '10.0.0.1' } });
    } catch (error) {
      assert.ok(error instanceof FaultError, String(error));
      assert.match(error.message, /^(one setting is|\d+ settings are) wrong:\n {2}- [A-Z_]+ /);
    }
  }),
  target(
    'secrets in settings',
    fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values), fc.constantFrom('', ' ', '\n', 'x')),
    (given) => {
      const [name, value, more] = given;
      try {
        readSettings({ [name]: value + more }, () => '');
      } catch (error) {
        const isTold = name !== 'CAMERA_NAME' && !value.startsWith(SECRET);
        if (isTold) assert.ok(!String(error).includes(SECRET), String(error));
      }
    },
  ),
  target(
    'who is behind a proxy',
    fc.tuple(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), oddText), { maxLength: 4 }), oddText),
    ([hops, proto]) => {
      const headers = { 'x-forwarded-for': hops.join(', '), 'x-forwarded-proto': proto };
      const clientOf = createClientFinder(['10.0.0.0/8']);
      assert.deepEqual(clientOf({ headers, socket: { remoteAddress: '192.0.2.1' } }), {
        address: '192.0.2.1',
        https: false,
        proxied: false,
      });
      const { address } = clientOf({ headers, socket: { remoteAddress: '::ffff:10.0.0.1' } });
      assert.match(address, /^[\da-f.:]+$/i);
      assert.ok(networkOf(address).length > 0);
    },
  ),
  target('v4l2-ctl', brokenText(fc.constantFrom(...listings), 6), (text) => {
    const { formats, controls } = parseCapabilities(text);
    assert.ok(formats.length <= 128 && controls.length <= 128);
    assert.doesNotMatch(JSON.stringify({ formats, controls }), /\\u00[01]/, 'nothing that steers a terminal');
    for (const size of sizesOf(formats)) {
      assert.ok(size.width > 0 && size.height > 0 && size.width <= 9_999 && size.height <= 9_999);
      assert.ok(ratesOf(formats, size).every((rate) => rate > 0 && rate <= 1_000));
    }
    const mode = chooseMode(formats, { size: { width: 1280, height: 720 }, fps: 30 });
    if (mode) assert.ok(mode.width > 0 && mode.height > 0 && mode.fps > 0);
    for (const control of controls) {
      assert.ok(isSettingName(`controls/${control.name}`), control.name);
      const knob = controlKnob(control);
      const value = controlValue(control, textOf(knob) ?? '');
      assert.ok(typeof value === 'string' || Number.isSafeInteger(value), String(value));
      const read = readKnob({ ...knob, readOnly: undefined, inactive: undefined }, 'default');
      if (knob.type !== 'button') assert.deepEqual(read, { text: String(knob.default) });
    }
  }),
  target('ffmpeg’s last words', failure, (seen) => {
    const { condition, cause, advice } = diagnose(seen);
    assert.ok(CONDITIONS.includes(condition));
    assert.ok(cause.length > 0 && advice.length > 0);
  }),
  target('the kernel’s log', fc.array(brokenText(fc.constantFrom(...records)), { maxLength: 30 }), (lines) => {
    const picked = pickKernelLines(lines, 'usb-0000:01:00.0-1.4', 0);
    assert.ok(picked.length <= 12 && picked.every((line) => line.length <= 160 && !line.includes('\n')));
  }),
];
