import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What tests make once and keep between runs (git-ignored). Delete it at will. */
const root = join(import.meta.dirname, '../.work');
const underWay = new Map<string, Promise<string>>();

/**
 * The path of a file or folder that `make` writes, made only if it is not there yet. The name must tell everything that it depends on.
 * It is made under another name and moved into place whole, so two test files may do it at once, and an interrupted one leaves nothing.
 */
export function madeOnce(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(root, name);
  const known = underWay.get(path);
  if (known) return known;
  const making = existsSync(path) ? Promise.resolve(path) : makeAside(path, make);
  underWay.set(path, making);
  return making;
}

async function makeAside(path: string, make: (path: string) => Promise<void>): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const aside = await mkdtemp(`${path}.making-`);
  try {
    const made = join(aside, basename(path));
    await make(made);
    await rename(made, path).catch((error: unknown) => {
      // A folder cannot replace a full one: another test file was faster, and its result is as good.
      if (!existsSync(path)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return path;
}
