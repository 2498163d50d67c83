import { Accounts } from '../../services/shared/accounts.ts';
import { hashPassword } from '../../services/shared/password.ts';
import { parseRights } from '../../services/shared/rights.ts';

/** The password of all of them. */
export const madePassword = 'the password of those that were made';
let hash: Promise<string> | undefined;

/** Makes users as `npm run user` does, name -> rights; gives the login of one. */
export async function makeUsers(dataDir: string, users: Record<string, string[]>) {
  const accounts = new Accounts(dataDir);
  hash ??= hashPassword(madePassword);
  for (const [name, may] of Object.entries(users)) accounts.set(name, { hash: await hash, rights: parseRights(may) });
  return (username: string) => ({ username, password: madePassword });
}
