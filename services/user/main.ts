import { readFileSync } from 'node:fs';
import { accountFolders } from '../shared/accounts.ts';
import { FaultError } from '../shared/fault.ts';
import { hashPassword, makePassword } from '../shared/password.ts';
import { formatRights, type Rights } from '../shared/rights.ts';
import { readSettings } from '../shared/settings.ts';
import { type User, Users } from '../shared/users.ts';
import { withLock } from '../shared/users-lock.ts';
import { ArgumentsError, type Command, readCommand } from './command.ts';
import { readPasswordFile } from './password-file.ts';

const HELP = `People and programs that may use HomeGuard, each with a password and rights of its own: by MQTT and on the web page.

  npm run user -- add NAME --may RIGHT [--may RIGHT …]     makes one, and prints its password, this once
  npm run user -- list                                     shows all of them
  npm run user -- may NAME RIGHT [RIGHT …]                 from now on it may this, and nothing else
  npm run user -- password NAME                            gives it another password
  npm run user -- remove NAME

  docker compose run --rm setup user add NAME …            in containers
  sudo /opt/homeguard/user.sh add NAME …                   where systemd runs HomeGuard

A RIGHT is one of these; * in place of {camera} is every one:
  read:{camera}       watch it
  control:{camera}    watch it, and set it
  publish:{camera}    be it: an ESP32, a detector, a camera service on another machine
  use:{topic}         read and write there and below, for other devices that share the broker
  admin               everything, users and tokens too

A password of your own: --password-file FILE, its first line, or - for standard input; at least 8 characters.
Run it with the DATA_DIR with which HomeGuard runs, which knows of the change within 2 s.
Exit code: 0 done, 1 not done, and why, 2 these arguments are wrong.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const command = readCommand(args);
    process.stdout.write(command.is === 'help' ? HELP : await obey(command));
    return 0;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const isUsage = error instanceof ArgumentsError;
    process.stderr.write(isUsage ? `${error.message}\n\n${HELP}` : `HomeGuard cannot do this: ${error.message}.\n`);
    return isUsage ? 2 : 1;
  }
}

async function obey(command: Exclude<Command, { is: 'help' }>): Promise<string> {
  const { dataDir } = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
  const folders = accountFolders(dataDir);
  if (command.is === 'list') return listed(new Users(folders).list());
  // Somebody may take long to type it, and it takes its time to be hashed.
  const chosen = 'passwordFile' in command ? read(command.passwordFile) : undefined;
  const password = chosen ?? makePassword();
  const hash = 'passwordFile' in command ? await hashPassword(password) : '';
  return withLock(folders[0] ?? dataDir, () => change(new Users(folders), command, { password, hash, isChosen: chosen !== undefined }));
}

interface Given {
  password: string;
  hash: string;
  isChosen: boolean;
}

function change(users: Users, command: Exclude<Command, { is: 'help' | 'list' }>, given: Given): string {
  const { name } = command;
  switch (command.is) {
    case 'add':
      users.add(name, { hash: given.hash, rights: command.rights });
      return told(`The user ${name} is made`, command.rights, given);
    case 'may':
      users.change(name, { rights: command.rights });
      return told(`The user ${name} has other rights now`, command.rights);
    case 'password':
      users.change(name, { hash: given.hash });
      return told(`The user ${name} has another password`, null, given);
    case 'remove':
      users.remove(name);
      return `The user ${name} is removed; whoever is connected as it is sent out within 2 s.\n`;
  }
}

function read(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readPasswordFile(file);
}

/** The password is shown unless it was chosen, as whoever chose it knows it. */
function told(what: string, rights: Rights | null, given?: Given): string {
  const lines = [`${what}:`];
  if (rights) lines.push(`  may        ${formatRights(rights).join(', ')}`);
  if (given) {
    lines.push(`  password   ${given.isChosen ? 'as you chose it' : `${given.password}   (shown this once)`}`);
    lines.push('It is good for MQTT, where the broker of HomeGuard listens, and for the web page.');
  }
  return `${lines.join('\n')}\n`;
}

function listed(users: User[]): string {
  if (users.length === 0) return "There are no users but HomeGuard's own yet: npm run user -- add NAME --may read:front makes one.\n";
  const width = Math.max(...users.map(({ name }) => name.length));
  return users.map(({ name, may }) => `${name.padEnd(width)}   ${may.join(', ')}\n`).join('');
}
