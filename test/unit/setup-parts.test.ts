import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSecrets } from '../../services/setup/parts.ts';
import { welcome } from '../../services/setup/welcome.ts';
import { isBrokerElsewhere } from '../../services/shared/accounts.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { readSettings } from '../../services/shared/settings.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const secretsIn = (dir: string, part: string) => readdirSync(join(dir, part, 'secrets')).sort();
const read = (dir: string, file: string) => readFileSync(join(dir, file), 'utf8').trim();

test('each service gets the secrets that it needs, for itself alone, and both ends of a login are the same', (t) => {
  const dir = makeWorkDir(t);
  const secrets = makeSecrets(dir);
  assert.deepEqual(secretsIn(dir, 'broker'), ['mqtt-camera', 'mqtt-gateway', 'mqtt-healthcheck', 'mqtt-homeassistant']);
  assert.deepEqual(secretsIn(dir, 'camera'), ['mqtt-camera', 'mqtt-healthcheck']);
  assert.deepEqual(secretsIn(dir, 'gateway'), ['gateway-password', 'gateway-token', 'mqtt-gateway']);
  assert.equal(read(dir, 'camera/secrets/mqtt-camera'), read(dir, 'broker/secrets/mqtt-camera'));
  assert.equal(read(dir, 'gateway/secrets/mqtt-gateway'), read(dir, 'broker/secrets/mqtt-gateway'));
  assert.equal(secrets.get('gateway-token'), read(dir, 'gateway/secrets/gateway-token'));
  assert.equal(new Set(secrets.values()).size, secrets.size);
  assert.equal(statSync(join(dir, 'camera/secrets/mqtt-camera')).mode & 0o777, 0o600);
  assert.ok(
    isBrokerElsewhere(join(dir, 'gateway')) && !isBrokerElsewhere(join(dir, 'broker')),
    'by this the gateway knows that it may not write',
  );
});

test('once made they stay, and a part that was lost gets them again', (t) => {
  const dir = makeWorkDir(t);
  const first = makeSecrets(dir);
  rmSync(join(dir, 'camera'), { recursive: true });
  assert.deepEqual(makeSecrets(dir), first);
  assert.equal(read(dir, 'camera/secrets/mqtt-camera'), first.get('mqtt-camera'));
  // The broker was lost: it learns the password that the others have.
  rmSync(join(dir, 'broker'), { recursive: true });
  assert.equal(makeSecrets(dir).get('mqtt-gateway'), first.get('mqtt-gateway'));
  assert.equal(read(dir, 'broker/secrets/mqtt-gateway'), first.get('mqtt-gateway'));
});

test("where they differ, the broker's counts", (t) => {
  const dir = makeWorkDir(t);
  makeSecrets(dir);
  writeFileSync(join(dir, 'broker/secrets/mqtt-camera'), 'by hand\n');
  assert.equal(makeSecrets(dir).get('mqtt-camera'), 'by hand');
  assert.equal(read(dir, 'camera/secrets/mqtt-camera'), 'by hand');
});

test('where nothing can be written, one sentence says so', (t) => {
  const dir = makeWorkDir(t);
  mkdirSync(join(dir, 'camera'));
  writeFileSync(join(dir, 'camera/secrets'), '');
  assert.throws(() => makeSecrets(dir), FaultError);
});

test('the owner is told the address and the logins, but not those that were set by hand', () => {
  const secrets = new Map([
    ['gateway-token', 'token-of-setup'],
    ['gateway-password', 'password-of-setup'],
    ['mqtt-homeassistant', 'password-of-mqtt'],
  ]);
  const told = (env: Record<string, string>, host = 'pi') =>
    welcome(
      readSettings(env, () => ''),
      secrets,
      host,
    );
  assert.match(told({}), /^ {2}http:\/\/pi\.local:8080\/login\?token=token-of-setup$/m);
  assert.match(told({}), /password password-of-setup$/m);
  assert.match(told({}), /user homeassistant, password password-of-mqtt,/);
  assert.match(told({}, 'cam.example.org'), /http:\/\/cam\.example\.org:8080\//);
  assert.match(told({ GATEWAY_PORT: '80', GATEWAY_BASE_PATH: '/cams/' }), /http:\/\/pi\.local:80\/cams\/login/);
  const set = told({ GATEWAY_PASSWORD: 'a word of mine', GATEWAY_TOKEN: 'a-token-of-my-own' });
  assert.match(set, /login\?token=a-token-of-my-own/);
  assert.doesNotMatch(set, /a word of mine|token-of-setup|password-of-setup/);
  assert.doesNotMatch(told({ GATEWAY_AUTH: 'off' }), /token|password-of-setup/);
});
