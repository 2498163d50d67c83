import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Accounts, USER_NAME } from '../../services/shared/accounts.ts';
import { CAMERA_ID } from '../../services/shared/contract.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { LoginLimit, networkOf } from '../../services/shared/login-limit.ts';
import { BusyError, hashPassword, isPassword } from '../../services/shared/password.ts';
import { ADMIN, formatRights, may, mayUseTopic, NOTHING, parseRights } from '../../services/shared/rights.ts';
import { withLock } from '../../services/shared/users-lock.ts';
import { readCommand } from '../../services/user/command.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

describe('rights', () => {
  const rights = parseRights(['read:front', 'control:door', 'publish:esp', 'use:zigbee2mqtt']);
  const asked = [
    ['read', 'front', true],
    ['control', 'front', false],
    ['read', 'door', true],
    ['control', 'door', true],
    ['publish', 'door', false],
    ['publish', 'esp', true],
    ['read', 'esp', false],
    ['read', 'garden', false],
  ] as const;
  for (const [power, camera, allowed] of asked) {
    test(`${power} ${camera}: ${allowed}`, () => assert.equal(may(rights, power, camera), allowed));
  }

  test('* is every camera, an admin may all, nobody nothing', () => {
    assert.ok(may(parseRights(['read:*']), 'read', 'any'));
    assert.ok(!may(parseRights(['read:*']), 'control', 'any'));
    assert.ok(may(ADMIN, 'control', 'any'));
    assert.ok(!may(NOTHING, 'read', 'any'));
  });

  test('a topic of other devices is itself and all below it', () => {
    assert.ok(mayUseTopic(rights, 'zigbee2mqtt'));
    assert.ok(mayUseTopic(rights, 'zigbee2mqtt/lamp/set'));
    assert.ok(!mayUseTopic(rights, 'zigbee2mqtt2/lamp'));
  });

  test('they are written as they are read', () =>
    assert.deepEqual(formatRights(rights), ['read:front', 'control:door', 'publish:esp', 'use:zigbee2mqtt']));

  for (const wrong of ['read', 'read:', 'read:Front', 'write:front', 'use:#', 'use:$SYS', 'use:a/', 'read:a,b', 'Admin']) {
    test(`"${wrong}" is no right, and is told`, () => {
      assert.throws(
        () => parseRights([wrong]),
        (error) => error instanceof FaultError && error.message.includes('is no right: say admin, read:{camera}'),
      );
    });
  }
});

describe('passwords', () => {
  test('the right one matches its hash, another one does not, and the hash does not tell it', async () => {
    const hash = await hashPassword('correct horse');
    assert.ok(!hash.includes('correct'));
    assert.deepEqual(
      await Promise.all([isPassword('correct horse', hash), isPassword('correct hors', hash), isPassword('x'.repeat(1_025), hash)]),
      [true, false, false],
    );
    assert.equal(await isPassword('', 'no hash'), false);
  });

  test('eight wait, and one more is told; who is known takes the place of one who is not, and goes first', async () => {
    const { hash, done } = { hash: `scrypt:14:8:1:${'A'.repeat(22)}:${'A'.repeat(43)}`, done: [] as string[] };
    const ask = (name: string, isKnown = false) => isPassword(name, hash, isKnown).then(() => void done.push(name));
    const asked = Array.from({ length: 9 }, (_, i) => ask(`stranger ${i}`));
    const settled = Promise.allSettled(asked);
    // Others in this process have passwords to check, too.
    await assert.rejects(ask('one more'), BusyError);
    await Promise.all([ask('known', true), assert.rejects(asked[8] as Promise<void>, BusyError)]);
    assert.ok(done.indexOf('known') <= 1, done.join());
    await settled;
  });
});

describe('users', () => {
  test('are kept for nobody else to read, and another process sees the change', (t) => {
    const dir = makeWorkDir(t);
    const [ours, theirs] = [new Accounts(dir), new Accounts(dir)];
    assert.equal(theirs.refresh(), false);
    ours.set('anna', { hash: 'scrypt:…', rights: parseRights(['read:front']) });
    assert.equal(statSync(join(dir, 'users.json')).mode & 0o777, 0o600);
    assert.equal(theirs.refresh(), true);
    assert.equal(theirs.refresh(), false);
    assert.deepEqual(theirs.get('anna'), { hash: 'scrypt:…', rights: parseRights(['read:front']) });
    ours.set('anna', null);
    theirs.refresh();
    assert.deepEqual(theirs.names, []);
  });

  test('a damaged file is told, and those known before stay known', (t) => {
    const dir = makeWorkDir(t);
    const accounts = new Accounts(dir);
    accounts.set('anna', { hash: '', rights: ADMIN });
    writeFileSync(join(dir, 'users.json'), readFileSync(join(dir, 'users.json'), 'utf8').slice(1));
    assert.throws(() => accounts.refresh(), FaultError);
    assert.deepEqual(accounts.names, ['anna']);
  });

  test('are changed by one at a time', async (t) => {
    const dir = makeWorkDir(t);
    const lock = join(dir, 'users.lock');
    writeFileSync(lock, '');
    const done: string[] = [];
    const change = withLock(dir, () => done.push(existsSync(lock) ? 'under the lock' : 'without it'));
    await new Promise(setImmediate);
    assert.deepEqual(done, [], 'another has it');
    rmSync(lock);
    await change;
    await assert.rejects(
      withLock(dir, () => assert.fail('of the work')),
      /of the work/,
    );
    assert.deepEqual([done, readdirSync(dir)], [['under the lock'], []]);
  });

  test('there are a hundred at most', (t) => {
    const dir = makeWorkDir(t);
    const hundred = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`user${i}`, { password: '', may: [] }]));
    writeFileSync(join(dir, 'users.json'), JSON.stringify(hundred));
    assert.throws(() => new Accounts(dir).set('anna', { hash: '', rights: NOTHING }), /there are 100 users already/);
  });
});

describe('wrong passwords', () => {
  const fail = (limit: LoginLimit, address: string, times: number, now = 0) => {
    for (let i = 0; i < times; i++) limit.failed(address, now);
  };

  test('five are free, then the wait doubles up to a minute, and after a quarter of an hour all is forgotten', () => {
    const limit = new LoginLimit();
    fail(limit, '192.0.2.1', 4);
    assert.equal(limit.admit('192.0.2.1', 'anna', 0), 0);
    fail(limit, '192.0.2.1', 1);
    assert.equal(limit.admit('192.0.2.1', 'anna', 0), 1_000);
    assert.equal(limit.admit('192.0.2.1', 'anna', 1_000), 0);
    fail(limit, '192.0.2.1', 2);
    assert.equal(limit.admit('192.0.2.1', 'anna', 0), 4_000);
    fail(limit, '192.0.2.1', 100);
    assert.equal(limit.admit('192.0.2.1', 'anna', 0), 60_000);
    assert.equal(limit.admit('192.0.2.1', 'anna', 15 * 60_000), 0);
  });

  test('the right one wipes out the slips before it', () => {
    const limit = new LoginLimit();
    fail(limit, '192.0.2.1', 9);
    limit.succeeded('192.0.2.1');
    assert.equal(limit.admit('192.0.2.1', 'anna', 0), 0);
  });

  test('guessed from many addresses, an account is slowed down, and an address that is new to it is not', () => {
    const limit = new LoginLimit();
    const addresses = Array.from({ length: 30 }, (_, i) => `192.0.2.${i}`);
    for (const address of addresses) limit.failed(address, 0);
    const waits = addresses.map((address) => limit.admit(address, 'anna', 0));
    assert.equal(waits.filter((wait) => wait === 0).length, 10);
    assert.equal(limit.admit('198.51.100.1', 'anna', 0), 0);
    assert.equal(limit.admit('192.0.2.29', 'bert', 0), 0, 'another account');
  });

  test('who has one address of a /64 has them all', () => {
    const limit = new LoginLimit();
    fail(limit, '2001:db8:0:1::1', 6);
    assert.ok(limit.admit('2001:db8:0:1:ffff::2', 'anna', 0) > 0);
    assert.equal(limit.admit('2001:db8:0:2::1', 'anna', 0), 0);
    assert.equal(networkOf('2001:0DB8::1%eth0'), '2001:db8:0:0::/64');
    assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(networkOf('unix socket'), 'unix socket');
  });
});

describe('npm run user', () => {
  test('takes what there is to do', () => {
    const rights = parseRights(['read:front', 'control:door']);
    assert.deepEqual(readCommand(['add', 'anna', '--may', 'read:front', '--may', 'control:door']), {
      ...{ is: 'add', name: 'anna', rights, passwordFile: undefined },
    });
    assert.deepEqual(readCommand(['may', 'anna', 'read:front', 'control:door']), { is: 'may', name: 'anna', rights });
    assert.deepEqual(readCommand(['password', 'anna', '--password-file', '-']), { is: 'password', name: 'anna', passwordFile: '-' });
    assert.deepEqual(readCommand(['remove', 'anna']), { is: 'remove', name: 'anna' });
    assert.deepEqual([readCommand(['list']), readCommand(['add', '-h'])], [{ is: 'list' }, { is: 'help' }]);
  });

  const wrong: [args: string, told: RegExp][] = [
    ['', /^Say what is to be done\.$/],
    ['make anna', /^"make" is none of add, list, may, password and remove\.$/],
    ['add', /^Say what the user may/],
    ['add --may read:front', /^Name the user\.$/],
    ['add anna read:front', /^What is read:front\? A right comes behind --may\.$/],
    ['add anna --may reed:front', /^"reed:front" is no right: say admin, read:\{camera\}/],
    ['add Anna --may read:front', /^"Anna" is no user's name: a name is a small letter/],
    ['may anna', /^Say all that the user may/],
    ['list anna', /^list takes no name\.$/],
    ['remove anna --may admin', /^--may goes with add\.$/],
    ['list --password-file x', /^--password-file goes with add and password\.$/],
    ['add anna --password x', /--password/],
    ...['camera', 'gateway', 'homeassistant', 'healthcheck', 'bridge', 'admin'].map((name): [string, RegExp] => [
      `remove ${name}`,
      new RegExp(`^${name} is HomeGuard's own: choose another name$`),
    ]),
  ];
  for (const [args, told] of wrong) {
    test(`"${args}" is told`, () => {
      assert.throws(
        () => readCommand(args.split(' ').filter(Boolean)),
        (error) => error instanceof FaultError && told.test(error.message),
      );
    });
  }
});

test('no name of a camera or user, of which paths are made, leads out of its folder', () => {
  const ways = ['..', '.', '../x', 'x/../../y', '/etc/passwd', '..\\x', 'x\0', 'x\n', '', '%2e%2e%2f'];
  for (const name of ways) assert.deepEqual([name, CAMERA_ID.test(name), USER_NAME.test(name)], [name, false, false]);
});
