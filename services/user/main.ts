import { readFileSync } from 'node:fs';
import { accountFolders } from '../shared/accounts.ts';
import { FaultError } from '../shared/fault.ts';
import { formatRights, type Rights } from '../shared/rights.ts';
import { readSettings } from '../shared/settings.ts';
import { ArgumentsError, type Command, readCommand } from './command.ts';
import { withLock } from './lock.ts';
import { readPasswordFile } from './password-file.ts';
import { type User, Users } from './user.ts';

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
  if (command.is === 'list') return listed(new Users(dataDir).list());
  // Somebody may take long to type it.
  const chosen = 'passwordFile' in command ? read(command.passwordFile) : undefined;
  return withLock(accountFolders(dataDir)[0] ?? dataDir, () => change(new Users(dataDir), command, chosen));
}

async function change(users: Users, command: Exclude<Command, { is: 'help' | 'list' }>, chosen: string | undefined): Promise<string> {
  switch (command.is) {
    case 'add':
      return told(`The user ${command.name} is made`, command.rights, await users.add(command.name, command.rights, chosen), chosen);
    case 'may':
      users.setRights(command.name, command.rights);
      return told(`The user ${command.name} has other rights now`, command.rights);
    case 'password':
      return told(`The user ${command.name} has another password`, null, await users.setPassword(command.name, chosen), chosen);
    case 'remove':
      users.remove(command.name);
      return `The user ${command.name} is removed; whoever is connected as it is sent out within 2 s.\n`;
  }
}

function read(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readPasswordFile(file);
}

/** @param password is shown unless it was chosen, as whoever chose it knows it */
function told(what: string, rights: Rights | null, password?: string, chosen?: string): string {
  const lines = [`${what}:`];
  if (rights) lines.push(`  may        ${formatRights(rights).join(', ')}`);
  if (password !== undefined) lines.push(`  password   ${chosen === undefined ? `${password}   (shown this once)` : 'as you chose it'}`);
  if (password !== undefined) lines.push('It is good for MQTT, where the broker of HomeGuard listens, and for the web page.');
  return `${lines.join('\n')}\n`;
}

function listed(users: User[]): string {
  if (users.length === 0) return "There are no users but HomeGuard's own yet: npm run user -- add NAME --may read:front makes one.\n";
  const width = Math.max(...users.map(({ name }) => name.length));
  return users.map(({ name, may }) => `${name.padEnd(width)}   ${may.join(', ')}\n`).join('');
}
