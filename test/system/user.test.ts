import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { connectMqtt, type Env, startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const main = join(import.meta.dirname, '../../services/user/main.ts');

function user(env: Env, args: string, input = ''): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args.split(' ')], {
    env: { PATH: process.env.PATH, ...env },
    input,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const passwordIn = (stdout: string) => /^ {2}password {3}(\S{27}) {3}\(shown this once\)$/m.exec(stdout)?.[1] ?? assert.fail(stdout);

test('a user is made while the broker runs, gets in, is changed, and is gone', async (t) => {
  const bus = await startTestBroker(t);
  const env = { DATA_DIR: bus.settings.dataDir };
  const made = user(env, 'add anna --may read:front --may control:door');
  assert.equal(made.stderr, '');
  assert.match(
    made.stdout,
    /^The user anna is made:\n {2}may {8}read:front, control:door\n {2}password .*\nIt is good for MQTT.*web page\.\n$/,
  );
  const password = passwordIn(made.stdout);
  assert.ok(!readFileSync(join(env.DATA_DIR, 'users.json'), 'utf8').includes(password));
  const enter = (secret: string) => connectMqtt(t, bus.url, { username: 'anna', password: secret });
  const client = await until('the user to be known', () => enter(password), { ms: 3_000 });
  await client.subscribeAsync('homeguard/front/state');
  await assert.rejects(client.subscribeAsync('homeguard/garden/state'));
  assert.deepEqual(user(env, 'list'), { code: 0, stdout: 'anna   read:front, control:door\n', stderr: '' });
  assert.match(user(env, 'may anna read:* use:zigbee2mqtt').stdout, /may {8}read:\*, use:zigbee2mqtt\n$/);
  await until('other rights', () => client.subscribeAsync('homeguard/garden/state'), { ms: 3_000 });
  // Rights do not change the password, and another password not the rights.
  const chosen = user(env, 'password anna --password-file -', 'a password of mine\nand a second line\n');
  assert.equal(chosen.stdout.includes('of mine'), false);
  assert.match(chosen.stdout, /password {3}as you chose it/);
  await until('the end of the old one', () => !client.connected, { ms: 3_000 });
  await enter('a password of mine');
  writeFileSync(join(env.DATA_DIR, 'new'), 'from a file');
  assert.equal(user(env, `password anna --password-file ${join(env.DATA_DIR, 'new')}`).code, 0);
  assert.match(user(env, 'list').stdout, /^anna {3}read:\*, use:zigbee2mqtt\n$/);
  assert.match(user(env, 'remove anna').stdout, /^The user anna is removed/);
  assert.match(user(env, 'list').stdout, /^There are no users but/);
});

test('where broker and gateway have folders of their own, each knows the user, and its file is its owner’s', (t) => {
  const dir = makeWorkDir(t);
  for (const part of ['broker', 'camera', 'gateway']) mkdirSync(join(dir, part, 'secrets'), { recursive: true });
  const isRoot = process.getuid?.() === 0;
  for (const [i, part] of ['broker', 'gateway'].entries()) if (isRoot) chownSync(join(dir, part), 61_000 + i, 61_000);
  // A service that was taken over may lay a link where root is to write.
  writeFileSync(join(dir, 'precious'), 'root’s');
  symlinkSync(join(dir, 'precious'), join(dir, 'gateway/users.json'));
  assert.equal(user({ DATA_DIR: dir }, 'add anna --may admin').code, 1, 'what the link names is no list of users');
  writeFileSync(join(dir, 'precious'), '{}');
  const { stdout, stderr } = user({ DATA_DIR: dir }, 'add bert --may admin');
  assert.equal(stderr, '');
  passwordIn(stdout);
  assert.equal(readFileSync(join(dir, 'precious'), 'utf8'), '{}');
  const [broker, gateway] = ['broker', 'gateway'].map((part) => join(dir, part, 'users.json'));
  assert.equal(readFileSync(broker ?? '', 'utf8'), readFileSync(gateway ?? '', 'utf8'));
  for (const [i, file] of [broker, gateway].entries()) {
    const { mode, uid } = statSync(file ?? '');
    assert.equal(mode & 0o777, 0o600);
    if (isRoot) assert.equal(uid, 61_000 + i);
  }
  assert.deepEqual(readdirSync(dir).sort(), ['broker', 'camera', 'gateway', 'precious']);
  assert.deepEqual(readdirSync(join(dir, 'gateway')).sort(), ['secrets', 'users.json'], 'no draft is left');
});

test('what it cannot do it says, with the remedy, and does nothing', (t) => {
  const env = { DATA_DIR: makeWorkDir(t) };
  assert.equal(user(env, 'add anna --may read:front').code, 0);
  const before = readFileSync(join(env.DATA_DIR, 'users.json'), 'utf8');
  const cases: [args: string, code: number, said: RegExp, input?: string][] = [
    ['add anna --may read:door', 1, /there is a user anna already: change what it may with "may", its password with "password"/],
    ['may bert read:door', 1, /^HomeGuard cannot do this: there is no user bert: there are anna\.\n$/],
    ['password bert', 1, /there is no user bert/],
    ['remove bert', 1, /there is no user bert/],
    ['add bert --may read:door --password-file -', 1, /in standard input is too short: it has to have at least 8 characters/, 'short\n'],
    ['add bert --may read:door --password-file /nowhere', 1, /cannot be read from \/nowhere \(ENOENT\): name a file whose first line/],
    ['add bert', 2, /^Say what the user may: --may read:front, for one\.\n\nPeople and programs/],
  ];
  for (const [args, wanted, said, input] of cases) {
    const { code, stdout, stderr } = user(env, args, input);
    assert.deepEqual([code, stdout], [wanted, ''], args);
    assert.match(stderr, said);
  }
  assert.equal(readFileSync(join(env.DATA_DIR, 'users.json'), 'utf8'), before);
  const help = user(env, '--help');
  assert.deepEqual([help.code, help.stderr], [0, '']);
  assert.match(help.stdout, /docker compose run --rm setup user add NAME/);
});

test('changes at once lose none, also where somebody left a lock behind', async (t) => {
  const env = { DATA_DIR: makeWorkDir(t) };
  const lock = join(env.DATA_DIR, 'users.lock');
  writeFileSync(lock, '');
  utimesSync(lock, 0, 0);
  const names = ['anna', 'bert', 'carl', 'dora'];
  const run = promisify(execFile);
  const add = (name: string) => run(process.execPath, [main, 'add', name, '--may', 'read:*'], { env: { PATH: process.env.PATH, ...env } });
  await Promise.all(names.map(add));
  assert.equal(user(env, 'list').stdout, names.map((name) => `${name}   read:*\n`).join(''));
  assert.deepEqual(readdirSync(env.DATA_DIR), ['users.json']);
});
