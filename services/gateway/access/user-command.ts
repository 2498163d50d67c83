/** Command lines as they are typed where HomeGuard runs: what changes users, and the doctor. Pure. */

/** Where deploy/systemd/install.sh puts HomeGuard. */
const INSTALLED = '/opt/homeguard/';
/** What a shell takes as it stands. */
const PLAIN = /^[\w.:/-]+$/;

interface Place {
  isContainer: boolean;
  /** Where the services' code is. */
  folder: string;
}

/** The program that changes users, as somebody at that machine calls it. */
export function userProgram({ isContainer, folder }: Place): string {
  if (isContainer) return 'docker compose run --rm setup user';
  return folder.startsWith(INSTALLED) ? `sudo ${INSTALLED}user.sh` : 'npm run user --';
}

/** The same of the doctor, for a camera that is installed as the gateway is. */
export function doctorProgram({ isContainer, folder }: Place): string {
  if (isContainer) return 'docker compose run --rm camera doctor';
  return folder.startsWith(INSTALLED) ? `sudo ${INSTALLED}doctor.sh` : 'npm run doctor';
}

/** One line for a POSIX shell, whatever is in the arguments. */
export function commandLine(program: string, commands: readonly (readonly string[])[]): string {
  return commands.map((args) => [program, ...args.map(quote)].join(' ')).join(' && ');
}

function quote(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
