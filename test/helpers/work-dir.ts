import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer, type Scope } from './cleanup.ts';

/** A fresh, empty folder that is gone when the test ends. Anybody may enter it, for tests that run a program as somebody else. */
export function makeWorkDir(t: Scope): string {
  const dir = mkdtempSync(join(tmpdir(), 'homeguard-test-'));
  chmodSync(dir, 0o755);
  defer(t, () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
