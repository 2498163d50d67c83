import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings } from '../../services/shared/settings.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Every name that the settings look for. */
function allSettings(): string[] {
  const asked = new Set<string>();
  const env = new Proxy<Record<string, string>>({}, { get: (_, name) => void asked.add(String(name)) });
  readSettings(env, () => '');
  return [...asked].filter((name) => !name.endsWith('_FILE')).sort();
}

const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);
const [forCompose = '', forStart = ''] = read('.env.example').split('# --- Set by compose.yaml itself');
const offered = namesIn(forCompose, /^#([A-Z_]+)=/gm);
const compose = read('compose.yaml');
const otherBroker = read('deploy/docker/other-broker.yaml');

test('.env.example has every setting, once', () => {
  const ofCompose = ['HOMEGUARD_IMAGE', 'HOMEGUARD_VERSION', 'PUBLISH_ON', 'VIDEO_GID'];
  const names = [...offered, ...namesIn(forStart, /^#([A-Z_]+)=/gm)].sort();
  assert.deepEqual(names, [...allSettings(), ...ofCompose].sort());
});

test('compose.yaml, and its file for another broker, pass on those that .env.example offers for them, and no other', () => {
  const passed = [...new Set(namesIn(compose + otherBroker, /\$\{([A-Z_]+)/g))].sort();
  assert.deepEqual(passed, offered.toSorted());
  // To a service by the same name; what it may be is the service's own to say.
  for (const name of namesIn(compose, /^ +([A-Z_]+): \$\{/gm)) assert.match(compose, new RegExp(`${name}: \\$\\{${name}:-\\}\n`));
});

test("README's table has every setting", () => {
  const table = read('README.md').split('## Settings')[1]?.split('\n## ')[0] ?? '';
  for (const name of allSettings()) assert.match(table, new RegExp(`\`${name}\``), name);
});

test('the version is the same wherever it stands', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  assert.deepEqual([...new Set(namesIn(compose, /HOMEGUARD_VERSION:-([^}]+)/g))], [version]);
  assert.match(read('.env.example'), new RegExp(`^#HOMEGUARD_VERSION=${version}$`, 'm'));
});

test('what an override takes away stands in compose.yaml', () => {
  for (const file of ['one-device', 'network-camera', 'other-broker']) {
    const taken = namesIn(read(`deploy/docker/${file}.yaml`), /^ {4}(\w+): !(?:reset|override)/gm);
    assert.notEqual(taken.length, 0);
    for (const key of taken) assert.match(compose, new RegExp(`^ {4}${key}:`, 'm'), `${file}: ${key}`);
  }
});

test('with another broker ours does not start, nobody waits for it, and all who need the bus are told of the other', () => {
  /** The lines of a service, without those that are only offered. */
  const service = (text: string, name: string) => new RegExp(`^ {2}${name}:\\n((?: {4}.*\\n|\\n| {2}#.*\\n)+)`, 'm').exec(text)?.[1] ?? '';
  assert.match(service(otherBroker, 'broker'), /^ {4}profiles: \[[a-z-]+\]$/m);
  for (const name of ['camera', 'gateway']) {
    const [own, other] = [service(compose, name), service(otherBroker, name)];
    assert.match(own, /depends_on: \*after-broker|depends_on: &after-broker/, name);
    assert.match(other, /^ {4}depends_on: !override\n {6}setup: \{ condition: service_completed_successfully \}$/m, name);
    assert.match(other, /^ {4}environment: \*other-broker$/m, name);
  }
  assert.match(service(compose, 'camera'), /^ {4}network_mode: none$/m);
  assert.match(service(otherBroker, 'camera'), /^ {4}network_mode: bridge$/m, 'or it could not reach the other');
  const told = namesIn(otherBroker.split('\nservices:')[0] ?? '', /^ {2}([A-Z_]+): /gm).sort();
  assert.deepEqual(told, ['MQTT_PASSWORD', 'MQTT_TLS_CA', 'MQTT_URL', 'MQTT_USERNAME']);
  // The file of the authority is where the setting says.
  const [, place = ''] = /MQTT_TLS_CA: \$\{MQTT_TLS_CA:\+(.+)\}/.exec(otherBroker) ?? [];
  assert.equal(otherBroker.split(`\n      - \${MQTT_TLS_CA:-/dev/null}:${place}:ro\n`).length - 1, 2);
});
