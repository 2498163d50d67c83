import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SESSION_MS, Sessions, sameSecret } from '../../services/gateway/sessions.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

test('a session lasts 30 days, and no longer', (t) => {
  const sessions = new Sessions(makeWorkDir(t));
  const id = sessions.begin(1000);
  assert.equal(SESSION_MS, 30 * 24 * 3600 * 1000);
  assert.ok(sessions.has(id, 1000));
  assert.ok(sessions.has(id, 999 + SESSION_MS));
  assert.ok(!sessions.has(id, 1000 + SESSION_MS));
});

test('it survives a restart, and an ended one stays ended', (t) => {
  const dir = makeWorkDir(t);
  const before = new Sessions(dir);
  const [kept, ended] = [before.begin(0), before.begin(0)];
  before.end(ended);
  const after = new Sessions(dir);
  assert.ok(after.has(kept, 1));
  assert.ok(!after.has(ended, 1));
});

test('ids are long, all different, and not in the file', (t) => {
  const dir = makeWorkDir(t);
  const sessions = new Sessions(dir);
  const ids = Array.from({ length: 20 }, () => sessions.begin(0));
  assert.equal(new Set(ids).size, 20);
  const file = join(dir, 'sessions.json');
  for (const id of ids) {
    assert.match(id, /^[\w-]{32}$/);
    assert.ok(!readFileSync(file, 'utf8').includes(id));
  }
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('made-up ids are no sessions', (t) => {
  const sessions = new Sessions(makeWorkDir(t));
  sessions.begin(0);
  for (const id of ['', 'x', '__proto__', 'a'.repeat(100_000)]) assert.ok(!sessions.has(id, 1));
});

test('at most a thousand are kept, and the oldest go first', (t) => {
  const dir = makeWorkDir(t);
  const before = new Sessions(dir);
  const [oldest, second] = [before.begin(0), before.begin(0)];
  const file = join(dir, 'sessions.json');
  const more = Array.from({ length: 998 }, (_, i) => [`session ${i}`, 1e15]);
  writeFileSync(file, JSON.stringify([...JSON.parse(readFileSync(file, 'utf8')), ...more]));
  const after = new Sessions(dir);
  assert.ok(after.has(oldest, 1));
  const newest = after.begin(0);
  assert.deepEqual(
    [oldest, second, newest].map((id) => after.has(id, 1)),
    [false, true, true],
  );
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).length, 1000);
});

test('a damaged file means logging in anew, no more', (t) => {
  for (const content of ['', '{', 'null', '{"a":1}', '[[1,2],["a"],"b",null,["id","later"]]']) {
    const dir = makeWorkDir(t);
    writeFileSync(join(dir, 'sessions.json'), content);
    const sessions = new Sessions(dir);
    assert.ok(sessions.has(sessions.begin(0), 1), content);
  }
});

test('without a folder to write to, sessions live as long as the process', (t) => {
  const dir = makeWorkDir(t);
  mkdirSync(join(dir, 'sessions.json.new'));
  const sessions = new Sessions(dir);
  assert.ok(sessions.has(sessions.begin(0), 1));
});

test('secrets are compared whole', () => {
  assert.ok(sameSecret('right', 'right'));
  for (const other of ['', 'righ', 'right ', 'Right', 'x'.repeat(1000)]) assert.ok(!sameSecret('right', other));
});
