import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FaultError } from '../../services/shared/fault.ts';
import { readOrMakeSecret, readSecret } from '../../services/shared/secrets.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

test('a secret is made once, with 160 bits, for nobody else to read', (t) => {
  const dir = makeWorkDir(t);
  assert.equal(readSecret(dir, 'token'), undefined);
  const secret = readOrMakeSecret(dir, 'token');
  assert.match(secret, /^[\w-]{27}$/);
  assert.equal(readOrMakeSecret(dir, 'token'), secret);
  assert.equal(readSecret(dir, 'token'), secret);
  assert.notEqual(readOrMakeSecret(dir, 'other'), secret);
  assert.equal(statSync(join(dir, 'secrets/token')).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'secrets')).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(dir, 'secrets')).sort(), ['other', 'token']);
});

test('one written by hand is taken without its line end', (t) => {
  const dir = makeWorkDir(t);
  mkdirSync(join(dir, 'secrets'));
  writeFileSync(join(dir, 'secrets/token'), 'by hand\n');
  assert.equal(readOrMakeSecret(dir, 'token'), 'by hand');
});

test('an empty file is no secret, and is told', (t) => {
  const dir = makeWorkDir(t);
  mkdirSync(join(dir, 'secrets'));
  writeFileSync(join(dir, 'secrets/token'), '');
  assert.throws(() => readOrMakeSecret(dir, 'token'), FaultError);
});

test('where nothing can be written, one sentence says so', (t) => {
  const dir = makeWorkDir(t);
  writeFileSync(join(dir, 'file'), '');
  assert.throws(
    () => readOrMakeSecret(join(dir, 'file'), 'token'),
    (error) => error instanceof FaultError && /set DATA_DIR to a folder that can be written|cannot be read/.test(error.message),
  );
});
