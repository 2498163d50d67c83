/** The command line that changes users, as it is typed where HomeGuard runs. Pure. */

/** Where deploy/systemd/install.sh puts HomeGuard. */
const INSTALLED = '/opt/homeguard/';
/** What a shell takes as it stands. */
const PLAIN = /^[\w.:/-]+$/;

/**
 * The program, as somebody at that machine calls it.
 * @param folder where the services' code is
 */
export function userProgram({ isContainer, folder }: { isContainer: boolean; folder: string }): string {
  if (isContainer) return 'docker compose run --rm setup user';
  return folder.startsWith(INSTALLED) ? `sudo ${INSTALLED}user.sh` : 'npm run user --';
}

/** One line for a POSIX shell, whatever is in the arguments. */
export function commandLine(program: string, commands: readonly (readonly string[])[]): string {
  return commands.map((args) => [program, ...args.map(quote)].join(' ')).join(' && ');
}

function quote(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
