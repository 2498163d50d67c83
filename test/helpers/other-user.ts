import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const project = join(import.meta.dirname, '../../package.json');

/**
 * setpriv in front of a program that is to run as another user, with these options for its groups. Where the project lies in a folder that
 * only root may enter, the user is let in to read, which opens no device to it.
 * @param user name or number, as setpriv takes it; `through` what stands in front of setpriv, where the user is known only there
 */
export function asUser(user: string, groups: string, through: string[] = []): string[] {
  const command = [...through, 'setpriv', `--reuid=${user}`, `--regid=${user}`, groups];
  const [first = '', ...others] = [...command, 'test', '-r', project];
  if (spawnSync(first, others).status === 0) return command;
  return [...command, '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
}
