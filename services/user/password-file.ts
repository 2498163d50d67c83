import { readFileSync } from 'node:fs';
import { FaultError } from '../shared/fault.ts';
import { MAX_PASSWORD_BYTES } from '../shared/password.ts';

/** A shorter one is guessed too soon, in characters. */
const MIN_LENGTH = 8;

/**
 * Reads a password of the user's choice: the first line of a file, or of standard input for `-`.
 * @throws FaultError when it cannot be read, or is too short or too long
 */
export function readPasswordFile(file: string): string {
  const password = (read(file).split('\n')[0] ?? '').replace(/\r$/, '');
  if ([...password].length < MIN_LENGTH)
    throw new FaultError(`the password in ${nameOf(file)} is too short: it has to have at least ${MIN_LENGTH} characters`);
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw new FaultError(`the password in ${nameOf(file)} is too long: it may have ${MAX_PASSWORD_BYTES} bytes`);
  return password;
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FaultError(`the password cannot be read from ${nameOf(file)} (${code}): name a file whose first line is the password`, {
      cause: error,
    });
  }
}

const nameOf = (file: string) => (file === '-' ? 'standard input' : file);
