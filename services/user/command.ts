/** What `npm run user` was asked to do. Pure. */
import { parseArgs } from 'node:util';
import { FaultError } from '../shared/fault.ts';
import { parseRights, type Rights } from '../shared/rights.ts';
import { checkUserName } from '../shared/users.ts';

export type Command =
  | { is: 'help' }
  | { is: 'list' }
  | { is: 'add'; name: string; rights: Rights; passwordFile: string | undefined }
  | { is: 'may'; name: string; rights: Rights }
  | { is: 'password'; name: string; passwordFile: string | undefined }
  | { is: 'remove'; name: string };

/** These are no arguments of ours; the help says which are. */
export class ArgumentsError extends FaultError {
  override name = 'ArgumentsError';
}

/**
 * Reads the arguments.
 * @throws ArgumentsError, or FaultError for a name or right that is none
 */
export function readCommand(args: string[]): Command {
  const { values, positionals } = parse(args);
  const [verb = '', name = '', ...others] = positionals;
  if (values.help) return { is: 'help' };
  const passwordFile = values['password-file'];
  const rights = [...(verb === 'may' ? others : []), ...(values.may ?? [])];
  check(verb === 'add' || verb === 'password' || passwordFile === undefined, '--password-file goes with add and password.');
  check(verb === 'add' || verb === 'may' || values.may === undefined, '--may goes with add.');
  check(verb === 'may' || others.length === 0, `What is ${others.join(' ')}? A right comes behind --may.`);
  switch (verb) {
    case 'list':
      check(name === '', 'list takes no name.');
      return { is: 'list' };
    case 'add':
      check(rights.length > 0, 'Say what the user may: --may read:front, for one.');
      return { is: 'add', name: checkName(name), rights: parseRights(rights), passwordFile };
    case 'may':
      check(rights.length > 0, 'Say all that the user may from now on; to take everything away, remove the user.');
      return { is: 'may', name: checkName(name), rights: parseRights(rights) };
    case 'password':
      return { is: 'password', name: checkName(name), passwordFile };
    case 'remove':
      return { is: 'remove', name: checkName(name) };
    default:
      throw new ArgumentsError(verb ? `"${verb}" is none of add, list, may, password and remove.` : 'Say what is to be done.');
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, may: { type: 'string', multiple: true }, 'password-file': { type: 'string' } },
    });
  } catch (error) {
    throw new ArgumentsError((error as Error).message, { cause: error });
  }
}

function check(isRight: boolean, otherwise: string): void {
  if (!isRight) throw new ArgumentsError(otherwise);
}

function checkName(name: string): string {
  check(name !== '', 'Name the user.');
  return checkUserName(name);
}
