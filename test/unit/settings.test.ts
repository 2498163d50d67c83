import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError } from '../../services/shared/fault.ts';
import { formatRights } from '../../services/shared/rights.ts';
import { readSettings } from '../../services/shared/settings.ts';

type Env = Record<string, string>;

const noFiles = (path: string): string => {
  throw Object.assign(new Error(`ENOENT ${path}`), { code: 'ENOENT' });
};
const read = (env: Env = {}, files: Env = {}) => readSettings(env, (path) => files[path] ?? noFiles(path));

/** The lines of the one message that tells all faults. */
function faultsOf(env: Env, files?: Env): string[] {
  try {
    read(env, files);
  } catch (error) {
    assert.ok(error instanceof FaultError, String(error));
    return error.message.split('\n');
  }
  assert.fail(`no fault was found in ${JSON.stringify(env)}`);
}

test('without any the defaults are those of the contract', () => {
  const { mqtt, broker, bridge, camera, cameras, gateway, dataDir, logLevel } = read();
  assert.deepEqual(mqtt, {
    named: false,
    url: 'mqtt://127.0.0.1:1883',
    username: undefined,
    password: undefined,
    tlsCa: undefined,
    prefix: 'homeguard',
    discoveryPrefix: 'homeassistant',
  });
  assert.deepEqual(broker, {
    host: '127.0.0.1',
    port: 1883,
    socket: undefined,
    tlsCert: undefined,
    tlsKey: undefined,
    tlsPort: 8883,
    auth: true,
    maxConnections: 1_000,
    maxConnectionsPerAddress: 250,
  });
  assert.deepEqual(bridge, { url: undefined, username: undefined, password: undefined, tlsCa: undefined, frames: false });
  assert.deepEqual(
    { ...camera, name: undefined },
    { name: undefined, size: { width: 1280, height: 720 }, fps: 30, previewFps: 1, always: false },
  );
  assert.deepEqual(cameras, [{ id: 'camera', source: null }]);
  assert.equal(gateway.host, '127.0.0.1');
  assert.equal(gateway.port, 8080);
  assert.equal(gateway.basePath, '/');
  assert.equal(gateway.auth, true);
  assert.equal(gateway.maxViewers, 1000);
  assert.deepEqual([gateway.password, gateway.token, gateway.defaultCamera, gateway.url], [undefined, undefined, undefined, undefined]);
  assert.deepEqual([dataDir, logLevel], ['./data', 'info']);
});

test('the object is frozen, and other programs may have their own variables', () => {
  const settings = read({ PATH: '/bin', HOME: '/root', MQTTX: 'yes', CAMERAMAN: 'Ann' });
  assert.ok(Object.isFrozen(settings));
});

test('values are read into their types', () => {
  const settings = read({
    MQTT_URL: 'mqtt+unix:///run/homeguard/broker.sock',
    BROKER_PORT: '0',
    BROKER_AUTH: 'off',
    CAMERA_ID: 'front',
    CAMERA_SOURCE: 'usb:C922',
    CAMERA_SIZE: '1920x1080',
    CAMERA_PREVIEW_FPS: '0',
    CAMERA_ALWAYS: 'true',
    GATEWAY_BASE_PATH: '/cams',
    GATEWAY_TRUSTED_PROXIES: '10.0.0.1, 172.16.0.0/12,::1',
    GATEWAY_TOKEN: 'abcdefghijklmnop',
    LOG_LEVEL: 'debug',
  });
  assert.equal(settings.mqtt.named, true);
  assert.equal(settings.broker.port, 0);
  assert.equal(settings.broker.auth, false);
  assert.deepEqual(settings.cameras, [{ id: 'front', source: 'usb:C922' }]);
  assert.deepEqual(settings.camera.size, { width: 1920, height: 1080 });
  assert.equal(settings.camera.previewFps, 0);
  assert.equal(settings.camera.always, true);
  assert.equal(settings.gateway.basePath, '/cams/');
  assert.deepEqual(settings.gateway.trustedProxies, ['10.0.0.1', '172.16.0.0/12', '::1']);
});

test('an empty value counts as none, as compose passes on what is not set', () => {
  const settings = read({ MQTT_URL: '', CAMERA_ID: '', CAMERAS: '', GATEWAY_TOKEN: '', BROKER_PORT: '' });
  assert.equal(settings.mqtt.named, false);
  assert.equal(settings.broker.port, 1883);
  assert.deepEqual(settings.cameras, [{ id: 'camera', source: null }]);
});

test('every fault is told at once, by name, with what would be right', () => {
  const [head, ...faults] = faultsOf({
    MQTT_URL: 'localhost',
    MQTT_PREFIX: 'home/#',
    BROKER_PORT: '70000',
    BROKER_AUTH: 'yes',
    CAMERA_ID: 'Front Door',
    CAMERA_SIZE: '1280',
    CAMERA_FPS: '0',
    CAMERA_ALWAYS: '1',
    CAMERA_SOURCE: 'ftp://host/film',
    GATEWAY_PORT: 'http',
    GATEWAY_BASE_PATH: 'cams',
    GATEWAY_MAX_VIEWERS: '-1',
    LOG_LEVEL: 'loud',
    BROKER_TLS_CERT: '/cert.pem',
  });
  assert.equal(head, '14 settings are wrong:');
  const right: Record<string, RegExp> = {
    MQTT_URL: /is "localhost" and has to be an address such as mqtt:/,
    MQTT_PREFIX: /without \+, #/,
    BROKER_PORT: /is "70000" and has to be a whole number from 0 to 65535/,
    BROKER_AUTH: /on or off/,
    CAMERA_ID: /small letter or digit/,
    CAMERA_SIZE: /1280x720/,
    CAMERA_FPS: /from 1 to 240/,
    CAMERA_ALWAYS: /true or false/,
    CAMERA_SOURCE: /device, auto, test/,
    GATEWAY_PORT: /whole number/,
    GATEWAY_BASE_PATH: /\/cameras\//,
    GATEWAY_MAX_VIEWERS: /whole number from 1/,
    LOG_LEVEL: /debug, info, warn, error or silent/,
    BROKER_TLS_CERT: /BROKER_TLS_KEY go together/,
  };
  assert.equal(faults.length, Object.keys(right).length);
  for (const [name, words] of Object.entries(right)) {
    const fault = faults.find((line) => line.startsWith(`  - ${name} `));
    assert.match(fault ?? `nothing about ${name}`, words);
  }
});

test('one fault is told in the singular', () => {
  assert.deepEqual(faultsOf({ CAMERA_FPS: '1000' }), [
    'one setting is wrong:',
    '  - CAMERA_FPS is "1000" and has to be a whole number from 1 to 240',
  ]);
});

test('each trusted proxy that is no address and no network is named', () => {
  const [, fault = ''] = faultsOf({ GATEWAY_TRUSTED_PROXIES: '127.0.0.1,localhost, 10.0.0.0/33,fd00::/8,unix:' });
  assert.match(
    fault,
    /GATEWAY_TRUSTED_PROXIES is .* has to be IP addresses and networks .*; "localhost", "10\.0\.0\.0\/33", "unix:" are neither$/,
  );
  for (const value of ['*', '127.0.0.1,', '010.0.0.1', '10.0.0.1/', '10.0.0.1 10.0.0.2', 'fe80::1%eth0']) {
    assert.match(faultsOf({ GATEWAY_TRUSTED_PROXIES: value })[1] ?? '', /" is neither$/, value);
  }
});

test('a proxy that names users has to be one that is trusted, and the header one that means nothing else', () => {
  const { gateway } = read({
    GATEWAY_TRUSTED_PROXIES: '10.0.0.1',
    GATEWAY_AUTH_HEADER: 'X-Remote-User',
    GATEWAY_PROXY_RIGHTS: 'read:*, control:door',
  });
  assert.equal(gateway.authHeader, 'x-remote-user');
  assert.deepEqual(gateway.proxyRights && formatRights(gateway.proxyRights), ['read:*', 'control:door']);
  const fault = (env: Record<string, string>) => faultsOf(env).slice(1).join();
  assert.match(
    fault({ GATEWAY_AUTH_HEADER: 'Remote-User' }),
    /GATEWAY_AUTH_HEADER counts only from a proxy that GATEWAY_TRUSTED_PROXIES names/,
  );
  assert.match(
    fault({ GATEWAY_PROXY_RIGHTS: 'read:*' }),
    /GATEWAY_PROXY_RIGHTS is for those whom a proxy names: set GATEWAY_AUTH_HEADER, too/,
  );
  const proxy = { GATEWAY_TRUSTED_PROXIES: '10.0.0.1' };
  for (const header of ['Authorization', 'cookie', 'X-Forwarded-For', 'Host', 'a b', 'Remote_User']) {
    assert.match(fault({ ...proxy, GATEWAY_AUTH_HEADER: header }), /GATEWAY_AUTH_HEADER is .* such as Remote-User/, header);
  }
  assert.match(
    fault({ ...proxy, GATEWAY_AUTH_HEADER: 'Remote-User', GATEWAY_PROXY_RIGHTS: 'read' }),
    /GATEWAY_PROXY_RIGHTS is "read" and has to be rights/,
  );
});

test('numbers are plain: no signs, fractions, exponents or spaces', () => {
  for (const value of ['+5', '5.0', '5e1', ' 5', '0x5', '٥', '9999999999999999']) {
    assert.match(faultsOf({ CAMERA_FPS: value })[1] ?? '', /CAMERA_FPS/, value);
  }
});

test('a misspelt name is refused, with the name that was meant', () => {
  const faults = faultsOf({
    CAMERA_FSP: '5',
    GATEWAY_PASWORD: 'x',
    MQTT_USER_NAME: 'a',
    BROKER_SOCKET_FILES: '/x',
    CAMERA_COLOUR_OF_LENS: 'red',
  });
  assert.equal(faults.length, 6);
  assert.match(faults.join('\n'), /CAMERA_FSP is no setting; did you mean CAMERA_FPS\?/);
  assert.match(faults.join('\n'), /GATEWAY_PASWORD is no setting; did you mean GATEWAY_PASSWORD\?/);
  assert.match(faults.join('\n'), /MQTT_USER_NAME is no setting; did you mean MQTT_USERNAME\?/);
  assert.match(faults.join('\n'), /BROKER_SOCKET_FILES is no setting; did you mean BROKER_SOCKET_FILE\?/);
  assert.match(faults.join('\n'), /CAMERA_COLOUR_OF_LENS is no setting$/m);
});

test('a value may stand in a file, without the end of its line', () => {
  const files = { '/run/secrets/mqtt': 'right horse\n', '/run/secrets/token': 'abcdefghijklmnop\r\n' };
  const { mqtt, gateway } = read({ MQTT_PASSWORD_FILE: '/run/secrets/mqtt', GATEWAY_TOKEN_FILE: '/run/secrets/token' }, files);
  assert.equal(mqtt.password, 'right horse');
  assert.equal(gateway.token, 'abcdefghijklmnop');
});

test('a file that cannot be read, and a value given twice, are faults', () => {
  const faults = faultsOf(
    { MQTT_PASSWORD_FILE: '/nowhere', MQTT_USERNAME: 'ann', MQTT_USERNAME_FILE: '/name', CAMERA_FPS_FILE: '/fps' },
    { '/name': 'ben', '/fps': 'many\n' },
  ).join('\n');
  assert.match(faults, /MQTT_PASSWORD_FILE names \/nowhere, which cannot be read \(ENOENT\)/);
  assert.match(faults, /MQTT_USERNAME and MQTT_USERNAME_FILE are both set/);
  assert.match(faults, /CAMERA_FPS is "many" and has to be/);
});

test('no secret is shown in a fault', () => {
  const secret = 'hunter2';
  const message = faultsOf({
    GATEWAY_PASSWORD: secret,
    GATEWAY_TOKEN: secret,
    CAMERA_SOURCE: `ftp://ann:${secret}@camera/film`,
    MQTT_URL: `http://ann:${secret}@broker`,
    GATEWAY_URL: `http://page/?token=${secret}`,
    BRIDGE_URL: `mqtt://house:1883/path?key=${secret}&more#${secret}`,
    // Misspelt, or where no address belongs.
    GATEWAY_TRUSTED_PROXIES: `mqtt:/ann:${secret}/x@broker`,
    GATEWAY_BASE_PATH: `http:/page/?token=${secret}`,
    CAMERA_FPS: '0',
  }).join('\n');
  assert.match(message, /GATEWAY_URL is "http:\/\/page\/\?…" and/);
  assert.ok(!message.includes(secret), message);
  for (const name of ['GATEWAY_PASSWORD', 'GATEWAY_TOKEN', 'CAMERA_SOURCE', 'MQTT_URL']) assert.ok(message.includes(name), message);
});

test('the bus has its login in settings of its own, not in its address, which is shown in messages', () => {
  assert.match(faultsOf({ MQTT_URL: 'mqtt://ann:hunter2@broker:1883' }).join('\n'), /MQTT_URL.*MQTT_USERNAME/s);
});

test('several cameras, each with its source, addresses with commas and equals signs too', () => {
  const sources = (value: string) => read({ CAMERAS: value }).cameras;
  assert.deepEqual(sources('front=/dev/video0,door=/dev/video2'), [
    { id: 'front', source: '/dev/video0' },
    { id: 'door', source: '/dev/video2' },
  ]);
  assert.deepEqual(sources('a=rtsp://u:p@10.0.0.5:554/s?channel=1&subtype=0,b=http://cam/video.mjpg, c = test'), [
    { id: 'a', source: 'rtsp://u:p@10.0.0.5:554/s?channel=1&subtype=0' },
    { id: 'b', source: 'http://cam/video.mjpg' },
    { id: 'c', source: 'test' },
  ]);
  assert.deepEqual(sources('a=http://cam/a,b,c.mjpg,d=usb:C922, with comma'), [
    { id: 'a', source: 'http://cam/a,b,c.mjpg' },
    { id: 'd', source: 'usb:C922, with comma' },
  ]);
});

test('cameras without a source, with a bad id or with the same one twice are refused', () => {
  for (const value of ['front', 'front,door', 'front=', '=/dev/video0', 'Front=test', 'a=test,a=auto', 'a=gopher://x']) {
    assert.match(faultsOf({ CAMERAS: value }).join('\n'), /CAMERAS is .* different ids with their sources/, value);
  }
});

test('several cameras and the one camera exclude each other', () => {
  const message = faultsOf({ CAMERAS: 'front=test', CAMERA_ID: 'door', CAMERA_SOURCE: 'test' }).join('\n');
  assert.match(message, /CAMERAS and CAMERA_ID are both set/);
  assert.match(message, /CAMERAS and CAMERA_SOURCE are both set/);
});

test('sources', () => {
  const good = [
    'device',
    'auto',
    'test',
    '/dev/video0',
    'usb:C922 Pro',
    'films/a.mkv',
    './a:b.mp4',
    'rtsp://h/s',
    'HTTP://h/x',
    'https://h',
  ];
  for (const source of good) assert.equal(read({ CAMERA_SOURCE: source }).cameras[0]?.source, source);
  const other = ['usb:', 'ftp://h', 'file:///etc/passwd', 'concat:a|b', 'data:x', 'rtsp://', 'subfile:a', 'tee:a', 'pipe:0', 'ffconcat:a'];
  const odd = ['a\0b', 'http://h/a b', "http://h/a'\nfile '/etc/passwd", 'rtsp://h/a\r\nX: y', 'x'.repeat(2049)];
  for (const source of [...other, ...odd]) {
    assert.match(faultsOf({ CAMERA_SOURCE: source }).join('\n'), /CAMERA_SOURCE/, source);
  }
});

test("the house's broker has a login of its own, as the message says", () => {
  const wrong = () => readSettings({ BRIDGE_URL: 'mqtt://me:secret@hub:1883' }, () => '');
  assert.throws(wrong, /BRIDGE_URL is "mqtt:\/\/…@hub:1883" and has to be .* the login stands in BRIDGE_USERNAME and BRIDGE_PASSWORD/);
});
