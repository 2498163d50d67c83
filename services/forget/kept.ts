/** What was set on a camera, as the camera service keeps it in `DATA_DIR/cameras`. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { FaultError } from '../shared/fault.ts';

/** The file, one that was put aside, and drafts of it that were never finished. */
const isOf = (id: string, name: string) => name === `${id}.json` || (name.startsWith(`${id}.json.`) && /\.(broken|\d+)$/.test(name));

/** The files that are there. Throws FaultError when the folder cannot be looked into. */
export function keptFiles(dataDir: string, id: string): string[] {
  const folder = path.join(dataDir, 'cameras');
  try {
    return readdirSync(folder)
      .filter((name) => isOf(id, name))
      .map((name) => path.join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new FaultError(`${folder} cannot be read (${code}): run this as the user who runs HomeGuard, with its DATA_DIR`, {
      cause: error,
    });
  }
}

/** Throws FaultError when one cannot be deleted. */
export function deleteFiles(files: string[]): void {
  for (const file of files) {
    try {
      rmSync(file, { force: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new FaultError(`${file} cannot be deleted (${code}): run this as the user who runs HomeGuard`, { cause: error });
    }
  }
}
