import { bodyLimit } from 'hono/body-limit';
import { FaultError } from '../../shared/fault.ts';
import { BusyError, hashPassword, makePassword } from '../../shared/password.ts';
import { formatRights } from '../../shared/rights.ts';
import type { Asked } from '../context.ts';
import { problem, sentence } from '../problem.ts';
import type { Routes } from '../routes.ts';
import type { Audit } from './audit.ts';
import { ADMIN_NAME } from './passwords.ts';
import { readJson } from './token-routes.ts';
import type { UserBook } from './user-book.ts';
import { commandLine } from './user-command.ts';
import { readNewUser, readUserChange } from './wanted-user.ts';

const MAX_BODY_BYTES = 16 << 10;
const ELSEWHERE =
  'Here the broker keeps its users in a folder of its own, where the gateway may not write: run this command on the machine that HomeGuard ' +
  'runs on, with Docker in the folder of compose.yaml.';
const MAKES_PASSWORD = 'It makes a password, and prints it.';

export interface UserParts {
  /** Null: nobody logs in, so nobody is an admin who could ask. */
  users: UserBook | null;
  /** What changes users on the command line here. */
  program: string;
  audit: Audit;
}

/** `/users`: an admin makes, lists, changes and removes users, as `npm run user` does. */
export function addUsers(routes: Routes, { users, program, audit }: UserParts): void {
  const limit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => problem(413, 'That is too much for a user.') });
  const nameOf = (c: Asked) => c.req.param('name') ?? '';
  const note = (c: Asked, what: 'user-made' | 'user-changed' | 'user-removed', about: object) =>
    audit.note(c, what, c.get('visitor'), about);
  const toRun = (commands: string[][], makesPassword = false) =>
    problem(409, makesPassword ? `${ELSEWHERE} ${MAKES_PASSWORD}` : ELSEWHERE, { command: commandLine(program, commands) });

  routes.add('GET', '/users', 'admin', (c) => answer(users, async (book) => c.json(book.read().list())));

  routes.add('POST', '/users', 'admin', limit, async (c) => {
    const wanted = attempt(readNewUser, await readJson(c));
    if (wanted instanceof Response) return wanted;
    const { name, rights, password = makePassword() } = wanted;
    const may = formatRights(rights);
    return answer(users, async (book) => {
      if (book.read().has(name)) return taken(name);
      if (book.isReadOnly) return toRun([['add', name, ...may.flatMap((right) => ['--may', right])]], true);
      const hash = await hashPassword(password);
      return book.change((now) => {
        if (now.has(name)) return taken(name);
        now.add(name, { hash, rights });
        note(c, 'user-made', { user: name, may: may.join(',') });
        return c.json({ ...now.get(name), ...(wanted.password === undefined && { password }) }, 201);
      });
    });
  });

  routes.add('PATCH', '/users/:name', 'admin', limit, async (c) => {
    const wanted = attempt(readUserChange, await readJson(c));
    if (wanted instanceof Response) return wanted;
    const name = nameOf(c);
    const may = wanted.rights && formatRights(wanted.rights);
    const password = wanted.password === null ? makePassword() : wanted.password;
    return answer(users, async (book) => {
      if (!book.read().has(name)) return unknown(name);
      const commands = [...(may ? [['may', name, ...may]] : []), ...(password === undefined ? [] : [['password', name]])];
      if (book.isReadOnly) return toRun(commands, password !== undefined);
      const hash = password === undefined ? undefined : await hashPassword(password);
      return book.change((now) => {
        if (!now.has(name)) return unknown(name);
        now.change(name, { ...(wanted.rights && { rights: wanted.rights }), ...(hash !== undefined && { hash }) });
        note(c, 'user-changed', { user: name, ...(may && { may: may.join(',') }), ...(hash && { login: 'another password' }) });
        return c.json({ ...now.get(name), ...(wanted.password === null && { password }) });
      });
    });
  });

  routes.add('DELETE', '/users/:name', 'admin', (c) =>
    answer(users, async (book) => {
      const name = nameOf(c);
      if (!book.read().has(name)) return unknown(name);
      if (book.isReadOnly) return toRun([['remove', name]]);
      return book.change((now) => {
        if (!now.has(name)) return unknown(name);
        now.remove(name);
        note(c, 'user-removed', { user: name });
        return c.body(null, 204);
      });
    }),
  );
}

function taken(name: string): Response {
  return problem(409, `There is a user ${name} already: change it by PATCH /users/${name}, remove it first, or take another name.`);
}

function unknown(name: string): Response {
  return name === ADMIN_NAME
    ? problem(404, 'admin is HomeGuard itself, and always there: its password is GATEWAY_PASSWORD, else the file secrets/gateway-password.')
    : problem(404, 'There is no user of this name: GET /users lists them.');
}

function attempt<T>(read: (sent: unknown) => T, sent: unknown): T | Response {
  try {
    return read(sent);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return problem(422, sentence(error.message));
  }
}

async function answer(users: UserBook | null, work: (book: UserBook) => Promise<Response>): Promise<Response> {
  if (!users) return problem(409, 'With GATEWAY_AUTH=off nobody logs in, so there are no users here.');
  try {
    return await work(users);
  } catch (error) {
    if (error instanceof BusyError) return problem(503, sentence(error.message), {}, { 'Retry-After': '2' });
    if (!(error instanceof FaultError)) throw error;
    return problem(507, sentence(error.message));
  }
}
