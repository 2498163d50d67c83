import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { defer, type Scope } from './cleanup.ts';
import { Program } from './program.ts';

const root = join(import.meta.dirname, '../..');
/** Debian's own, which has Debian's packages; another one may come first on PATH. */
const python = '/usr/bin/python3';

/** Starts a Python program of the project, `deploy/python/watch.py`, that ends with the test. */
export function startPython(t: Scope, script: string, args: string[]): Program {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(python, [join(root, script), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const program = new Program(script, child, 'none');
  defer(t, () => program.end());
  return program;
}
