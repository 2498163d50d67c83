import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
/** What tells people why they see nothing: each branch of it has been tried. */
const pure = ['diagnosis', 'advice', 'access', 'stream-fault', 'place', 'accounts'];
const tests = ['camera-diagnosis', 'camera-advice', 'camera-scene'];

test('every line, branch and function of the diagnosis is tested', async () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = [
    '--test',
    '--test-reporter=spec',
    '--experimental-test-coverage',
    ...['lines', 'branches', 'functions'].map((what) => `--test-coverage-${what}=100`),
    ...pure.map((name) => `--test-coverage-include=services/camera/trouble/${name}.ts`),
    ...tests.map((name) => `test/unit/${name}.test.ts`),
  ];
  const [code, output] = await new Promise<[number | string | null | undefined, string]>((resolve) => {
    execFile(process.execPath, args, { cwd: root, env, timeout: 20_000 }, (error, stdout) => resolve([error ? error.code : 0, stdout]));
  });
  assert.equal(code, 0, output.slice(output.indexOf('start of coverage report')));
  for (const name of pure) assert.match(output, new RegExp(`\\b${name}\\.ts +\\| 100\\.00 \\| +100\\.00 \\| +100\\.00`));
});
