import { createHash } from 'node:crypto';
import os from 'node:os';
import { FaultError } from '../../shared/fault.ts';
import { readOrMakeSecret } from '../../shared/secrets.ts';

/**
 * What tells this installation's bridge from others at the same broker, where two of one client id would throw each other out: the same
 * after every restart, so that the house's broker knows a connection that was cut off without a word for ours. Many machines are called
 * `raspberrypi`, and each new container has another name, so it is made on the first start; where a data folder was copied together with
 * the system, the machine's name still differs.
 */
export function bridgeIdentity(dataDir: string): string {
  return createHash('sha256')
    .update(`${keptName(dataDir)} ${os.hostname()}`)
    .digest('hex')
    .slice(0, 12);
}

function keptName(dataDir: string): string {
  try {
    return readOrMakeSecret(dataDir, 'bridge-id');
  } catch (error) {
    // With BROKER_AUTH=off nothing has to be writable: the machine's name has to do.
    if (error instanceof FaultError) return '';
    throw error;
  }
}
