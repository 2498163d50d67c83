/** What an admin sends to make or change a user. Pure. */
import { FaultError } from '../../shared/fault.ts';
import { checkPassword } from '../../shared/password.ts';
import { parseRights, type Rights } from '../../shared/rights.ts';
import { checkUserName } from '../../shared/users.ts';

/** Of a name that a client made up, no more characters are repeated to it. */
const MAX_NAME = 40;
const NEW = 'send {"name": "anna", "may": ["read:front"]}, and "password" if it is not to be made';
const CHANGE = 'send {"may": ["read:front"]}, {"password": "…"}, or both; with null for the password one is made';

export interface NewUser {
  name: string;
  rights: Rights;
  /** None: one is to be made. */
  password?: string;
}

/** What is left out stays as it is. */
export interface UserChange {
  rights?: Rights;
  /** Null: another one is to be made. */
  password?: string | null;
}

/** @throws FaultError that names what is wrong, and what would be right */
export function readNewUser(sent: unknown): NewUser {
  const { name, may, password } = readFields(sent, ['name', 'may', 'password'], NEW);
  if (typeof name !== 'string') throw new FaultError(`name has to be a text: ${NEW}`);
  return { name: checkUserName(name), rights: readRights(may), password: readPassword(password ?? null) ?? undefined };
}

/** @throws FaultError as above */
export function readUserChange(sent: unknown): UserChange {
  const { may, password } = readFields(sent, ['may', 'password'], CHANGE);
  if (may === undefined && password === undefined) throw new FaultError(`nothing is to be changed: ${CHANGE}`);
  return { rights: may === undefined ? undefined : readRights(may), password: password === undefined ? undefined : readPassword(password) };
}

function readFields(sent: unknown, names: readonly string[], form: string): Record<string, unknown> {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) throw new FaultError(`this is no JSON object: ${form}`);
  const unknown = Object.keys(sent).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new FaultError(`"${unknown.slice(0, MAX_NAME)}" is not known here: ${form}`);
  return sent as Record<string, unknown>;
}

function readRights(may: unknown): Rights {
  if (!Array.isArray(may) || may.length === 0 || !may.every((right) => typeof right === 'string'))
    throw new FaultError('may has to be a list of one right or more, such as ["read:front"]; to take everything away, remove the user');
  return parseRights(may);
}

function readPassword(password: unknown): string | null {
  if (password === null) return null;
  if (typeof password !== 'string') throw new FaultError('password has to be a text, or null for one that is made');
  return checkPassword(password, 'the password');
}
