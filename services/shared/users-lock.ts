import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultError } from './fault.ts';

/** A lock this old was left by somebody who is gone, in ms: a change takes a few of them. */
const STALE_MS = 10_000;
/** So long another's change is waited for, in ms: longer than a lock can be stale. */
const MAX_WAIT_MS = 15_000;
const LOOK_EVERY_MS = 50;

/**
 * Does `work` while nobody else does theirs under the lock `users.lock` in `folder`: command line and gateway change users, and none loses
 * the other's change.
 * @throws FaultError when the lock cannot be made or had
 */
export async function withLock<T>(folder: string, work: () => T): Promise<T> {
  const file = path.join(folder, 'users.lock');
  const deadline = performance.now() + MAX_WAIT_MS;
  while (!take(file)) {
    if (performance.now() > deadline)
      throw new FaultError(`somebody else changes the users all the time: try again, and if it stays so, delete ${file}`);
    await sleep(LOOK_EVERY_MS);
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'wx', 0o600));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new FaultError(`no user can be written to ${path.dirname(file)} (${code}): set DATA_DIR to a folder that can be written`, {
        cause: error,
      });
    removeStale(file);
    return false;
  }
}

function removeStale(file: string): void {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined || Date.now() - made < STALE_MS) return;
  const old = `${file}.${process.pid}`;
  try {
    renameSync(file, old);
    rmSync(old, { force: true });
  } catch {
    // Somebody else was faster.
  }
}
