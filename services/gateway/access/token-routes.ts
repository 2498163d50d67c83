import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import { FaultError } from '../../shared/fault.ts';
import type { Asked } from '../context.ts';
import { problem, sentence } from '../problem.ts';
import type { Routes } from '../routes.ts';
import type { Audit } from './audit.ts';
import { type Tokens, wantedToken } from './tokens.ts';

const MAX_BODY_BYTES = 16 << 10;
const RIGHT =
  'Send {"name": "printer", "right": "view", "cameras": ["front"]}: the name of at most 32 of a-z 0-9 _ . -, the right view, control or ' +
  'admin, and cameras null, or left out, for all of them, as for an admin.';

/** `/tokens`: an admin makes, lists and removes tokens. */
export function addTokens(routes: Routes, tokens: Tokens | null, audit: Audit): void {
  const limit = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => problem(413, 'That is too much for a token.') });

  routes.add('GET', '/tokens', 'admin', (c) => c.json(tokens?.list() ?? []));
  routes.add('POST', '/tokens', 'admin', limit, async (c) => {
    const { success, output } = v.safeParse(wantedToken, await readJson(c));
    if (!success) return problem(422, `This is no token. ${RIGHT}`);
    if (tokens?.has(output.name)) return problem(409, `There is a token ${output.name} already: remove it first, or take another name.`);
    return written(() => {
      const visitor = c.get('visitor');
      const token = tokens?.make(output, Date.now(), tokens.makerOf(visitor));
      audit.note(c, 'token-made', visitor, { token: output.name, right: output.right, cameras: output.cameras?.join(',') ?? '*' });
      return c.json({ ...output, token }, 201);
    });
  });
  routes.add('DELETE', '/tokens/:name', 'admin', (c) =>
    written(() => {
      const name = c.req.param('name') ?? '';
      if (!tokens?.remove(name)) return problem(404, 'There is no token of this name: GET /tokens lists them.');
      audit.note(c, 'token-removed', c.get('visitor'), { token: name });
      return c.body(null, 204);
    }),
  );
}

/** What is sent as JSON; undefined, which is never what is wanted, when it is none. */
export async function readJson(c: Asked): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    // The caller tells what would have been right.
    return undefined;
  }
}

function written(work: () => Response): Response {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return problem(507, sentence(error.message));
  }
}
