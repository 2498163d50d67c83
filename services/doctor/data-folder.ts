/** The folder with the passwords. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { FaultError } from '../shared/fault.ts';
import { readSecret } from '../shared/secrets.ts';

export interface DataFolder {
  /** As the settings name it. */
  path: string;
  /** `none`: it is made at the first start; `file`: something else has its name. */
  kind: 'folder' | 'none' | 'file';
  /** Who it, or the folder in which it is to be made, belongs to. */
  uid: number | null;
  /** May we write into it, or make it? */
  writable: boolean;
  /** May users of this machine other than the owner and his group read a secret or the users' hashes? */
  exposed: boolean;
  /** The password of the user `camera` at the broker. */
  secret: { kind: 'there'; password: string } | { kind: 'none' } | { kind: 'unreadable' };
}

export function lookAtDataFolder(dataDir: string): DataFolder {
  const found = statOf(dataDir);
  const place = found ? dataDir : nearest(path.resolve(dataDir));
  return {
    path: dataDir,
    kind: found ? (found.isDirectory() ? 'folder' : 'file') : 'none',
    uid: statOf(place)?.uid ?? null,
    writable: isWritable(place),
    exposed: isExposed(dataDir),
    secret: secretIn(dataDir),
  };
}

function isExposed(dataDir: string): boolean {
  const lets = (place: string, mode: number) => ((statOf(place)?.mode ?? 0) & mode) !== 0;
  if (!lets(dataDir, constants.S_IXOTH)) return false;
  const secrets = path.join(dataDir, 'secrets');
  if (lets(path.join(dataDir, 'users.json'), constants.S_IROTH)) return true;
  return lets(secrets, constants.S_IXOTH) && namesIn(secrets).some((name) => lets(path.join(secrets, name), constants.S_IROTH));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // We may not list it.
  }
}

function secretIn(dataDir: string): DataFolder['secret'] {
  try {
    const password = readSecret(dataDir, 'mqtt-camera');
    return password === undefined ? { kind: 'none' } : { kind: 'there', password };
  } catch (error) {
    if (error instanceof FaultError) return { kind: 'unreadable' };
    throw error;
  }
}

/** The folder that is there, on the way to one that is not. */
function nearest(folder: string): string {
  const parent = path.dirname(folder);
  return statOf(parent) || parent === folder ? parent : nearest(parent);
}

function statOf(place: string) {
  try {
    return statSync(place, { throwIfNoEntry: false });
  } catch {
    return undefined; // In a folder that we may not enter.
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
