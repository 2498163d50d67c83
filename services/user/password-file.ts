import { readFileSync } from 'node:fs';
import { FaultError } from '../shared/fault.ts';
import { checkPassword } from '../shared/password.ts';

/**
 * Reads a password of the user's choice: the first line of a file, or of standard input for `-`.
 * @throws FaultError when it cannot be read, or can be none
 */
export function readPasswordFile(file: string): string {
  return checkPassword((read(file).split('\n')[0] ?? '').replace(/\r$/, ''), `the password in ${nameOf(file)}`);
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
