import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Place } from '../../services/camera/trouble/place.ts';
import type { BrokerFacts, Service } from '../../services/doctor/broker.ts';
import { judgeBroker } from '../../services/doctor/broker-findings.ts';
import type { DataFolder } from '../../services/doctor/data-folder.ts';
import { judgeDataFolder } from '../../services/doctor/data-folder-findings.ts';
import { isShowing, judgeService } from '../../services/doctor/service-findings.ts';
import { SILENT } from '../../services/shared/guest.ts';

const plain: Place = { kind: 'plain' };
const docker: Place = { kind: 'container', engine: 'docker' };
const well: BrokerFacts = {
  url: 'mqtt://hub:1883',
  named: true,
  username: 'camera',
  passwordFrom: 'data/secrets/mqtt-camera',
  isHidden: false,
  isStranger: false,
  trouble: null,
  answers: true,
  version: 5,
  services: new Map(),
};
/** As the bus says it. */
const unbelieved = (said: string) =>
  `The certificate of the message bus at ${well.url} is not believed (${said}): set MQTT_TLS_CA to the file.`;
const unreached = (said: string) => `The message bus at ${well.url} cannot be reached (${said}): start the broker, or set MQTT_URL.`;
const refuses = `The message bus at ${well.url} refuses our login: set MQTT_USERNAME and MQTT_PASSWORD to a user it knows.`;
const lost = `The connection to the message bus at ${well.url} was lost; trying again every second.`;

test('a broker that takes us', () => {
  assert.equal(judgeBroker(well, plain).text, 'speaks MQTT 5, the login as camera is right');
  assert.equal(judgeBroker({ ...well, version: 4 }, plain).text, 'speaks MQTT 3.1.1, not 5, the login as camera is right');
  assert.equal(judgeBroker({ ...well, username: undefined }, plain).text, 'speaks MQTT 5, no login is asked for');
});

for (const [trouble, text, remedy] of [
  [unreached('connect ECONNREFUSED 10.0.0.2:1883'), /nothing listens/, /Start the broker/],
  [unreached('ECONNREFUSED'), /nothing listens/, /Start the broker/],
  [unreached('connect ENOENT /run/broker.sock'), /no such socket/, /Start the broker/],
  [unreached('connect EACCES /run/broker.sock'), /may not use/, /group/],
  [unreached('connect EHOSTUNREACH 10.0.0.2:1883'), /no way/, /network cable/],
  [unreached('connect ENETUNREACH 10.0.0.2:1883'), /no way/, /network cable/],
  [unreached('getaddrinfo ENOTFOUND hub'), /name that nobody knows/, /Correct the name/],
  [unreached('getaddrinfo EAI_AGAIN hub'), /cannot be looked up now/, /Check the network/],
  [unbelieved('self-signed certificate'), /certificate that we do not trust/, /`MQTT_TLS_CA=\/path/],
  [unbelieved('unable to verify the first certificate'), /certificate that we do not trust/, /`MQTT_TLS_CA=\/path/],
  [unbelieved("Hostname/IP does not match certificate's altnames: Host: hub."), /for another name/, /the very name/],
  [unbelieved('certificate has expired'), /time is over/, /clock/],
  [unbelieved('certificate is not yet valid'), /time is over, or has not come/, /clock/],
  ['MQTT_TLS_CA names /etc/ca.pem, which cannot be read (ENOENT)', /the file in MQTT_TLS_CA cannot be read/, /Correct the path/],
  ['MQTT_TLS_CA names /etc/ca.pem, which holds no certificate: name a file', /is no certificate/, /BEGIN CERTIFICATE/],
  [unreached('Client network socket disconnected before secure TLS connection was established'), /does not speak TLS/, /8883/],
  [unreached('write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number'), /does not speak TLS/, /8883/],
  [SILENT, /does not answer within 3 s/, /firewall/],
  [unreached('connect ETIMEDOUT 10.0.0.2:1883'), /does not answer/, /firewall/],
  [unreached('Invalid header flag bits, must be 0x0 for puback packet'), /not as a broker does/, /which program/],
  [lost, /hangs up/, /TLS/],
  [unreached('read ECONNRESET'), /hangs up/, /TLS/],
  [unreached('Server busy'), /cannot be reached \(Server busy\)/, /correct MQTT_URL/],
] as const) {
  test(`bus: ${trouble}`, () => {
    const found = judgeBroker({ ...well, trouble, answers: false }, plain);
    assert.equal(found.ok, false);
    assert.equal(found.subject, 'mqtt://hub:1883');
    assert.match(found.text, text);
    assert.match(found.remedy ?? '', remedy);
  });
}

test('before the first start nobody is frightened, unless they named a broker', () => {
  const trouble = unreached('connect ECONNREFUSED 127.0.0.1:1883');
  const own = judgeBroker({ ...well, named: false, trouble, answers: false }, plain);
  assert.deepEqual([own.ok, own.remedy], [null, 'Start it: `npm start`.']);
  assert.match(own.text, /HomeGuard does not run now/);
  assert.match(judgeBroker({ ...well, named: false, trouble, answers: false }, docker).remedy ?? '', /docker compose up -d/);
  assert.match(judgeBroker({ ...well, trouble, answers: false }, docker).remedy ?? '', /`docker compose up -d`/);
});

test('a refused login names its user and where the password is from', () => {
  const refused = { ...well, trouble: refuses };
  const secret = judgeBroker({ ...refused, named: false }, plain);
  assert.equal(secret.text, 'refuses the user camera with the password in data/secrets/mqtt-camera');
  assert.match(secret.remedy ?? '', /DATA_DIR/);
  const set = judgeBroker({ ...refused, username: 'me', passwordFrom: 'MQTT_PASSWORD' }, plain);
  assert.equal(set.text, 'refuses the user me with the password in MQTT_PASSWORD');
  assert.equal(set.remedy, 'Set MQTT_USERNAME and MQTT_PASSWORD to a user that it knows.');
  const without = judgeBroker({ ...refused, username: undefined }, plain);
  assert.equal(without.text, 'wants a login, and data/secrets/mqtt-camera is not there');
  assert.match(without.remedy ?? '', /set MQTT_USERNAME and MQTT_PASSWORD/);
  const hidden = judgeBroker({ ...refused, username: undefined, isHidden: true }, plain);
  assert.deepEqual([hidden.ok, /as the user who runs HomeGuard/.test(hidden.remedy ?? '')], [null, true]);
});

test("another broker in the place of HomeGuard's own", () => {
  const found = judgeBroker({ ...well, named: false, username: undefined, isStranger: true }, plain);
  assert.equal(found.ok, false);
  assert.match(found.remedy ?? '', /`MQTT_URL=mqtt:\/\/hub:1883`.*`BROKER_PORT=1884`/);
});

test('addresses are told without what may be a key', () => {
  assert.equal(judgeBroker({ ...well, url: 'wss://hub/mqtt?key=geheim' }, plain).subject, 'wss://hub/mqtt');
  assert.equal(judgeBroker({ ...well, url: 'mqtt+unix:///run/homeguard/broker.sock' }, plain).subject, '/run/homeguard/broker.sock');
  const url = 'wss://hub/mqtt?key=geheim';
  const trouble = `The message bus at ${url} cannot be reached (what is ${url}?): start the broker, or set MQTT_URL.`;
  assert.doesNotMatch(JSON.stringify(judgeBroker({ ...well, url, trouble }, plain)), /geheim/);
});

const format = { width: 1280, height: 720, fps: 29.97, encoded: false };
const device = { path: '/dev/video0' };
const says = (state: Partial<NonNullable<Service['state']>>): Service => ({
  online: true,
  state: { condition: 'live', cause: null, advice: null, test: false, device, format, ...state },
});

test('a camera service says what it says', () => {
  const busy = says({ condition: 'device-busy', cause: 'EBUSY on /dev/video0', advice: 'Close cheese.', format: null });
  const slow = says({ cause: 'it is dark', advice: 'Switch on the light.' });
  const standIn = says({ condition: 'idle', test: true, cause: 'no camera was found', advice: 'Plug in a USB camera.' });
  for (const [service, ok, text, remedy] of [
    [says({}), true, 'says live, 1280x720 at 30, copied', null],
    [says({ condition: 'starting', format: null }), true, 'says starting', null],
    [busy, false, 'says device-busy: EBUSY on /dev/video0', 'Close cheese.'],
    [slow, null, 'says live, 1280x720 at 30, copied; it is dark', 'Switch on the light.'],
    [standIn, false, 'shows the test picture: no camera was found', 'Plug in a USB camera.'],
    [{ online: true, state: null }, true, 'is on the bus', null],
  ] as const) {
    const found = judgeService('front', service, plain);
    assert.deepEqual([found.subject, found.ok, found.text, found.remedy], ['front', ok, text, remedy]);
  }
});

test('one that does not run keeps no picture away: it can be started', () => {
  const left = judgeService('front', { ...says({}), online: false }, plain);
  const never = judgeService('front', null, docker);
  assert.deepEqual([left.ok, never.ok], [null, null]);
  assert.match(left.text, /does not run now/);
  assert.match(left.remedy ?? '', /^Start it: `npm start`/);
  assert.match(never.remedy ?? '', /^Start it: `docker compose up -d`/);
});

test('pictures come from a service that is online, in a good condition, with a format, and not from the test picture', () => {
  assert.ok(isShowing(says({})));
  assert.ok(isShowing(says({ condition: 'idle' })));
  assert.ok(!isShowing({ ...says({}), online: false }));
  assert.ok(!isShowing(says({ format: null })));
  assert.ok(!isShowing(says({ test: true })));
  assert.ok(!isShowing(says({ condition: 'no-frames' })));
});

const folder: DataFolder = {
  path: './data',
  kind: 'folder',
  uid: 1000,
  writable: true,
  exposed: false,
  secret: { kind: 'there', password: 'geheim' },
};
const before = { busAnswers: false, ownBroker: true, ownLogin: false };

for (const [what, facts, standing, ok, text] of [
  ['all well', {}, {}, true, /^can be read and written$/],
  ['not made yet', { kind: 'none', secret: { kind: 'none' } }, {}, true, /^is not there yet/],
  ['not to be made', { kind: 'none', uid: 0, writable: false, secret: { kind: 'none' } }, {}, false, /no passwords.*user 0/],
  ['not to be made, other broker', { kind: 'none', writable: false, secret: { kind: 'none' } }, { ownBroker: false }, null, /lasts until/],
  ['a file', { kind: 'file' }, {}, false, /^is no folder$/],
  ['hidden', { uid: 0, secret: { kind: 'unreadable' } }, {}, false, /may not read.*user 0/],
  ['hidden, but somebody runs it', { uid: 0, secret: { kind: 'unreadable' } }, { busAnswers: true }, null, /may not read/],
  ['hidden, but not needed', { secret: { kind: 'unreadable' } }, { ownLogin: true }, true, /^can be read/],
  ['read only', { writable: false }, {}, null, /lasts until the next start/],
] as const) {
  test(`data folder: ${what}`, () => {
    const found = judgeDataFolder({ ...folder, ...facts } as DataFolder, { ...before, ...standing });
    assert.equal(found.ok, ok);
    assert.match(found.text, text);
    assert.equal(found.remedy === null, ok === true);
    assert.doesNotMatch(JSON.stringify(found), /geheim/);
  });
}

test('the remedy for a data folder can be typed as it stands', () => {
  const made = judgeDataFolder({ ...folder, path: '/my data', kind: 'none', writable: false, secret: { kind: 'none' } }, before);
  assert.match(made.remedy ?? '', /`sudo install -d -m 0700 -o "\$\(id -un\)" '\/my data'`/);
  const exposed = judgeDataFolder({ ...folder, exposed: true }, before);
  assert.deepEqual([exposed.ok, exposed.remedy], [null, 'Run `chmod -R o= ./data`.']);
  const given = judgeDataFolder({ ...folder, writable: false }, before);
  assert.match(given.remedy ?? '', /`sudo chown -R "\$\(id -un\)" \.\/data`/);
});
