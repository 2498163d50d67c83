import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { ADMIN_NAME, Passwords } from '../../services/gateway/access/passwords.ts';
import { Presence } from '../../services/gateway/access/presence.ts';
import { sameSecret } from '../../services/gateway/access/secret.ts';
import { IDLE_MS, MAX_SESSIONS_EACH, SESSION_MS, Sessions, type Subject } from '../../services/gateway/access/sessions.ts';
import { MAX_TICKETS_EACH, TICKET_MS, Tickets } from '../../services/gateway/access/tickets.ts';
import { Tokens } from '../../services/gateway/access/tokens.ts';
import type { Visitor } from '../../services/gateway/access/visitor.ts';
import { Accounts } from '../../services/shared/accounts.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { hashPassword } from '../../services/shared/password.ts';
import { ADMIN, may, NOTHING, parseRights, type Rights } from '../../services/shared/rights.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const anna: Subject = { kind: 'user', name: 'anna' };
const admin: Subject = { kind: 'admin', name: ADMIN_NAME };
const DAY = 24 * 3600 * 1000;

describe('sessions', () => {
  const open = (dir: string, credential: string | null = 'as ever') => new Sessions(dir, () => credential);

  test('one lasts 30 days, and 14 without being used', (t) => {
    const sessions = open(makeWorkDir(t));
    assert.deepEqual([SESSION_MS, IDLE_MS], [30 * DAY, 14 * DAY]);
    const [idle, used] = [sessions.begin(anna, 0), sessions.begin(anna, 0)];
    for (let day = 1; day < 30; day++) assert.deepEqual(sessions.find(used, day * DAY)?.subject, anna, `day ${day}`);
    assert.ok(!sessions.find(used, 30 * DAY));
    assert.ok(!sessions.find(idle, 14 * DAY));
  });

  test('it survives a restart, and an ended one stays ended', (t) => {
    const dir = makeWorkDir(t);
    const before = open(dir);
    const [kept, ended] = [before.begin(anna, 0), before.begin(anna, 0)];
    before.end(before.find(ended, 0)?.key ?? '');
    const after = open(dir);
    assert.deepEqual(after.find(kept, 1)?.subject, anna);
    assert.ok(!after.find(ended, 1));
  });

  test('it ends with the password that it began with, also over a restart, and does not come back with it', (t) => {
    const dir = makeWorkDir(t);
    const id = open(dir, 'first').begin(anna, 0);
    assert.ok(open(dir, 'first').find(id, 1));
    const changed = open(dir, 'second');
    assert.ok(!changed.find(id, 1));
    assert.ok(!open(dir, 'first').find(id, 1));
    assert.ok(!open(dir, null).find(open(dir, 'first').begin(anna, 0), 1), 'a user that is gone');
  });

  test('all of a user can be ended, and nobody else’s', (t) => {
    const sessions = open(makeWorkDir(t));
    const [one, two, other] = [sessions.begin(anna, 0), sessions.begin(anna, 0), sessions.begin(admin, 0)];
    sessions.endAll(anna);
    assert.deepEqual(
      [one, two, other].map((id) => sessions.find(id, 1) !== null),
      [false, false, true],
    );
  });

  test('ids are long, all different, and not in the file, nor is what was logged in with', (t) => {
    const dir = makeWorkDir(t);
    const sessions = open(dir, 'the credential');
    const ids = Array.from({ length: 20 }, () => sessions.begin(anna, 0));
    assert.equal(new Set(ids).size, 20);
    const file = join(dir, 'sessions.json');
    for (const id of ids) {
      assert.match(id, /^[\w-]{32}$/);
      assert.ok(!readFileSync(file, 'utf8').includes(id));
    }
    const proofs = (JSON.parse(readFileSync(file, 'utf8')) as { proof: string }[]).map(({ proof }) => proof);
    assert.equal(new Set(proofs).size, 20, 'whoever reads the file could try passwords');
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test('made-up ids are no sessions', (t) => {
    const sessions = open(makeWorkDir(t));
    sessions.begin(anna, 0);
    for (const id of ['', 'x', '__proto__', 'a'.repeat(100_000)]) assert.ok(!sessions.find(id, 1));
  });

  test('at most fifty of one user and a thousand in all are kept, and the oldest go first', (t) => {
    const dir = makeWorkDir(t);
    const sessions = open(dir);
    const other = sessions.begin(admin, 0);
    const ids = Array.from({ length: MAX_SESSIONS_EACH + 1 }, () => sessions.begin(anna, 0));
    assert.ok(!sessions.find(ids[0] ?? '', 1));
    assert.ok(sessions.find(ids[1] ?? '', 1) && sessions.find(other, 1));
    const file = join(dir, 'sessions.json');
    const [entry] = JSON.parse(readFileSync(file, 'utf8')) as object[];
    const many = Array.from({ length: 1_000 }, (_, i) => ({ ...entry, id: `id ${i}`, name: `user ${i}` }));
    writeFileSync(file, JSON.stringify(many));
    open(dir).begin(admin, 0);
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { id: string }[];
    assert.deepEqual([kept.length, kept[0]?.id], [1_000, 'id 1']);
  });

  test('a damaged file means logging in anew, no more', (t) => {
    for (const content of ['', '{', 'null', '{"a":1}', '[[1,2],["a"],"b",null,{"id":"x","began":"later"}]']) {
      const dir = makeWorkDir(t);
      writeFileSync(join(dir, 'sessions.json'), content);
      const sessions = open(dir);
      assert.ok(sessions.find(sessions.begin(anna, 0), 1), content);
    }
  });

  test('without a folder to write to, they live as long as the process', (t) => {
    const dir = makeWorkDir(t);
    mkdirSync(join(dir, 'sessions.json.new'));
    const sessions = open(dir);
    assert.ok(sessions.find(sessions.begin(anna, 0), 1));
  });
});

test('secrets are compared whole', () => {
  assert.ok(sameSecret('right', 'right'));
  for (const other of ['', 'righ', 'right ', 'Right', 'x'.repeat(1000)]) assert.ok(!sameSecret('right', other));
});

describe('tokens', () => {
  const nobody = () => null;
  test('the file has no secret, is for the owner only, and a restart finds each with its rights', (t) => {
    const dir = makeWorkDir(t);
    const secret = new Tokens(dir, nobody).make({ name: 'octoprint', right: 'view', cameras: ['front', 'door'] }, 0);
    const file = join(dir, 'tokens.json');
    assert.ok(secret.length >= 27 && !readFileSync(file, 'utf8').includes(secret));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const tokens = new Tokens(dir, nobody);
    const found = tokens.find(secret, 90_000);
    const rights = tokens.rightsOf(found?.key ?? '') ?? NOTHING;
    assert.deepEqual(
      [found?.name, may(rights, 'read', 'door'), may(rights, 'control', 'door'), may(rights, 'read', 'garden')],
      ['octoprint', true, false, false],
    );
    const shown = { name: 'octoprint', right: 'view', cameras: ['front', 'door'], made: '1970-01-01T00:00:00.000Z' };
    assert.deepEqual(tokens.list(), [{ ...shown, used: '1970-01-01T00:01:00.000Z', by: null, ended: false }]);
    assert.equal(tokens.find(`${secret}x`, 0), null);
    assert.ok(tokens.remove('octoprint') && !tokens.remove('octoprint'));
    assert.deepEqual([tokens.find(secret, 0), tokens.rightsOf(found?.key ?? ''), new Tokens(dir, nobody).list()], [null, null, []]);
  });

  test('there are a hundred at most, a damaged file is told, and what cannot be written does not count', (t) => {
    const dir = makeWorkDir(t);
    const tokens = new Tokens(dir, nobody);
    for (let i = 0; i < 100; i++) tokens.make({ name: `t${i}`, right: 'admin', cameras: null }, 0);
    assert.throws(() => tokens.make({ name: 'more', right: 'view', cameras: null }, 0), /there are 100 tokens already/);
    mkdirSync(join(dir, 'tokens.json.new'));
    assert.throws(() => tokens.remove('t1'), FaultError);
    assert.ok(tokens.has('t1'));
    writeFileSync(join(dir, 'tokens.json'), '[{"name":"x"}]');
    assert.throws(() => new Tokens(dir, nobody), /the tokens in .* cannot be read .*: mend the file, or delete it/);
  });
});

describe('tickets', () => {
  const visitor = (name: string, rights: Rights | null = ADMIN): Visitor => ({ kind: 'user', name, rights: () => rights });

  test('one is for one path, once, within a minute', () => {
    const tickets = new Tickets();
    const [one, late] = [1, 2].map(() => tickets.issue({ path: '/stream' }, visitor('anna'), 0) ?? '');
    assert.equal(tickets.spend(one ?? '', '/snapshot', 1), null);
    assert.equal(tickets.spendLogin(one ?? '', 1), null);
    assert.equal(tickets.spend(one ?? '', '/stream', 1)?.name, 'anna', 'what it is not for did not spend it');
    assert.equal(tickets.spend(one ?? '', '/stream', 2), null);
    assert.equal(tickets.spend(late ?? '', '/stream', TICKET_MS), null);
    assert.equal(tickets.spend('made up', '/stream', 1), null);
  });

  test('one for a login is for that, and none counts whose issuer is let in no more', () => {
    const tickets = new Tickets();
    const login = tickets.issue({ login: anna }, visitor('anna'), 0) ?? '';
    assert.equal(tickets.spend(login, '/login', 1), null);
    assert.deepEqual(tickets.spendLogin(login, 1), anna);
    const gone = tickets.issue({ path: '/stream' }, visitor('bert', null), 0) ?? '';
    assert.equal(tickets.spend(gone, '/stream', 1), null);
  });

  test('there are fifty of one issuer at most, and others still get theirs', () => {
    const tickets = new Tickets();
    for (let i = 0; i < MAX_TICKETS_EACH; i++) assert.ok(tickets.issue({ path: '/stream' }, visitor('anna'), 0));
    assert.equal(tickets.issue({ path: '/stream' }, visitor('anna'), 1), null);
    assert.ok(tickets.issue({ path: '/stream' }, visitor('bert'), 1));
    assert.ok(tickets.issue({ path: '/stream' }, visitor('anna'), TICKET_MS), 'those that ran out make room');
  });
});

describe('who watches', () => {
  test('is looked at until he leaves', () => {
    const presence = new Presence();
    let rights: Rights | null = ADMIN;
    const seen: (Rights | null)[] = [];
    const stay = presence.stay({ kind: 'user', name: 'anna', rights: () => rights }, (now) => void seen.push(now));
    presence.tick();
    rights = null;
    presence.tick();
    stay[Symbol.dispose]();
    presence.tick();
    assert.deepEqual(seen, [ADMIN, null]);
  });
});

describe('names and passwords', () => {
  const own = 'short one';
  let [ofAnna, another] = ['', ''];
  before(async () => {
    [ofAnna, another] = await Promise.all([hashPassword('of anna'), hashPassword('another')]);
  });
  function setUp(t: TestContext, password = own) {
    const accounts = new Accounts(makeWorkDir(t));
    accounts.set('anna', { hash: ofAnna, rights: parseRights(['read:front']) });
    const passwords = new Passwords(password, accounts);
    const tell = async (name: string, shown: string, address = '192.0.2.1', now = 0) =>
      (await passwords.check({ name, password: shown, address }, now)).is;
    return { accounts, passwords, tell };
  }

  test('the gateway’s own goes with admin or no name, a user’s with his', async (t) => {
    const { passwords, tell } = setUp(t);
    assert.deepEqual(await passwords.check({ name: '', password: own, address: 'a' }), { is: 'right', subject: admin });
    assert.deepEqual(await passwords.check({ name: 'anna', password: 'of anna', address: 'a' }), { is: 'right', subject: anna });
    assert.deepEqual(
      await Promise.all([tell('admin', own, 'b'), tell('anna', own, 'c'), tell('', 'of anna', 'd'), tell('bert', 'of anna', 'e')]),
      ['right', 'wrong', 'wrong', 'wrong'],
    );
  });

  test('after five wrong ones an address waits, the right one included, but others do not', async (t) => {
    const { passwords, tell } = setUp(t);
    for (let i = 0; i < 5; i++) assert.equal(await tell('', 'wrong'), 'wrong');
    assert.deepEqual(await passwords.check({ name: '', password: own, address: '192.0.2.1' }, 0), { is: 'later', ms: 1_000 });
    assert.equal(await tell('', own, '192.0.2.2'), 'right');
    assert.equal(await tell('', own, '192.0.2.1', 1_000), 'right');
  });

  test('many at once count each, before the first is done', async (t) => {
    const { tell } = setUp(t);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => tell('anna', `wrong ${i}`)));
    assert.equal(answers.filter((answer) => answer === 'wrong').length, 5);
  });

  test('one that nobody can guess is right however many wrong ones come from there', async (t) => {
    const long = 'x'.repeat(20);
    const { tell } = setUp(t, long);
    for (let i = 0; i < 9; i++) await tell('', 'wrong');
    assert.deepEqual([await tell('', 'wrong'), await tell('', long)], ['later', 'right']);
  });

  test('a right one is computed once, for all who show it, and forgotten with the user’s change', async (t) => {
    const { accounts, passwords, tell } = setUp(t);
    // Seventeen may not be computed at once (password.ts), and twice as many are right.
    const answers = await Promise.all(Array.from({ length: 40 }, () => tell('anna', 'of anna')));
    assert.deepEqual(new Set(answers), new Set(['right']));
    const began = performance.now();
    for (let i = 0; i < 100; i++) assert.equal(await tell('anna', 'of anna'), 'right');
    assert.ok(performance.now() - began < 1_000, 'a hundred by scrypt take five seconds');
    accounts.set('anna', { hash: another, rights: NOTHING });
    passwords.forgetChanged();
    assert.equal(await tell('anna', 'of anna'), 'wrong');
    accounts.set('anna', null);
    assert.equal(await tell('anna', 'another'), 'wrong');
  });
});
