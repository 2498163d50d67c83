import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FaultError } from './fault.ts';

/** The broker's own users; each has its password in `DATA_DIR/secrets/mqtt-{user}`. */
export const BROKER_USERS = ['camera', 'gateway', 'homeassistant', 'healthcheck'] as const;

const place = (dataDir: string, name: string) => path.join(dataDir, 'secrets', name);
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Reads a secret; undefined when it was not made yet. */
export function readSecret(dataDir: string, name: string): string | undefined {
  try {
    return readFileSync(place(dataDir, name), 'utf8').trim() || undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    const remedy = 'give it to the user who runs HomeGuard, or set DATA_DIR to a folder of theirs';
    throw new FaultError(`the secret ${place(dataDir, name)} cannot be read (${codeOf(error)}): ${remedy}`, { cause: error });
  }
}

/** Reads a secret, or makes one of 160 random bits with mode 0600 on the first start. Two services may ask for it at once. */
export function readOrMakeSecret(dataDir: string, name: string): string {
  const known = readSecret(dataDir, name);
  if (known) return known;
  const secret = randomBytes(20).toString('base64url');
  // A link appears whole or not at all, and fails where somebody was faster.
  write(dataDir, name, secret, (draft, target) => {
    try {
      linkSync(draft, target);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || !readSecret(dataDir, name)) throw error;
    }
  });
  return readSecret(dataDir, name) ?? secret;
}

/** Keeps a secret that somebody else has made, in place of any other. */
export function writeSecret(dataDir: string, name: string, secret: string): void {
  if (readSecret(dataDir, name) !== secret) write(dataDir, name, secret, renameSync);
}

function write(dataDir: string, name: string, secret: string, put: (draft: string, target: string) => void): void {
  const target = place(dataDir, name);
  const draft = `${target}.${process.pid}`;
  try {
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${secret}\n`, { mode: 0o600 });
    put(draft, target);
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new FaultError(`the secret ${target} is an empty file: delete it, and a new one is made`, { cause: error });
    throw new FaultError(`no secret can be written to ${target} (${codeOf(error)}): set DATA_DIR to a folder that can be written`, {
      cause: error,
    });
  } finally {
    try {
      unlinkSync(draft);
    } catch {
      // It was never written, and the error above tells why; or it was renamed.
    }
  }
}
