import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import type { Asked } from '../context.ts';
import type { Hub } from '../hub.ts';
import { problem } from '../problem.ts';
import type { Routes } from '../routes.ts';
import type { Access } from './access.ts';
import type { Audit } from './audit.ts';
import { TICKET_MS, type Use } from './tickets.ts';
import { readJson } from './token-routes.ts';
import { mayView, type Visitor } from './visitor.ts';

const MAX_BODY_BYTES = 16 << 10;
const MAX_PATH = 256;
const wanted = v.object({ path: v.pipe(v.string(), v.maxLength(MAX_PATH)) });
/** What a ticket may be for, below the base path: a stream or snapshot, of a camera or the default one, with a query or not; or a login. */
const PATH = /^\/(?:(?:cameras\/(?<id>[^/?]+)\/)?(?:stream|snapshot)|login)(?=\?|$)/;
const RIGHT = 'Send {"path": "/cameras/front/stream"}: the path of a stream or snapshot, or /login.';

export interface TicketParts {
  hub: Pick<Hub, 'find'>;
  /** Null: nobody has to log in, so every address is open already. */
  access: Access | null;
  basePath: string;
  audit: Audit;
}

/** `POST /tickets`: an address that shows one picture, or logs in, once and within a minute, without a login of its own. */
export function addTickets(routes: Routes, { hub, access, basePath, audit }: TicketParts): void {
  const limit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => problem(413, 'That is too much for a ticket.') });

  routes.add('POST', '/tickets', 'login', limit, async (c) => {
    const { success, output } = v.safeParse(wanted, await readJson(c));
    const match = success ? PATH.exec(output.path) : null;
    if (!success || !match) return problem(422, `There are no tickets for this. ${RIGHT}`);
    if (!access) return problem(409, 'With GATEWAY_AUTH=off every address is open as it is.');
    const visitor = c.get('visitor');
    const [path] = match;
    if (path !== '/login') {
      const channel = await hub.find(match.groups?.id, (id) => mayView(visitor, id));
      if (!channel) return problem(404, 'There is no such camera.');
    }
    const use = useOf(visitor, `${basePath.slice(0, -1)}${path}`, path === '/login');
    if (!use) return problem(403, 'Only who logs in by a password can hand out a login.');
    const ticket = access.tickets.issue(use, visitor, performance.now());
    const later = { 'Retry-After': String(TICKET_MS / 1000) };
    if (!ticket) return problem(429, 'There are too many tickets that nobody has used yet: try again later.', {}, later);
    audit.note(c, 'ticket-made', visitor, { path });
    const url = new URL(`${basePath.slice(0, -1)}${output.path}`, originOf(c, access));
    url.searchParams.set('login' in use ? 'token' : 'ticket', ticket);
    return c.json({ ticket, url: url.href, expires: new Date(Date.now() + TICKET_MS).toISOString() }, 201);
  });
}

function useOf({ kind, name }: Visitor, path: string, isLogin: boolean): Use | null {
  if (!isLogin) return { path };
  return kind === 'admin' || kind === 'user' ? { login: { kind, name } } : null;
}

/** As whoever asks sees us. */
function originOf(c: Asked, access: Access): string {
  return `${access.clientOf(c).https ? 'https' : 'http'}://${c.req.header('Host') ?? 'localhost'}`;
}
