import type { Handler, Hono, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { mayViewAll } from './access/visitor.ts';
import type { Asked, Env } from './context.ts';
import { problem } from './problem.ts';

/**
 * What a route needs of who asks. `open`: nothing, anybody may ask; `self`: to be somebody, also one who may do nothing; `login`: to be one
 * who may see some camera; `view` and `control`: that right on the camera that is asked for, which camera-routes.ts looks at; `view-all`:
 * every camera; `admin`.
 */
export type Need = 'open' | 'self' | 'login' | 'view' | 'control' | 'view-all' | 'admin';
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Where routes are made, each with what it needs: what is not made here is not served, whoever asks. */
export class Routes {
  readonly #app: Hono<Env>;
  readonly #needs = new Map<string, Need>();

  constructor(app: Hono<Env>) {
    this.#app = app;
  }

  add(method: Method, path: string, need: Need, ...handlers: [...MiddlewareHandler[], Handler<Env>]): void {
    this.#app.on(method, path, check(need), ...(handlers as MiddlewareHandler[]));
    // As Hono has it, with the base path.
    const route = this.#app.routes.at(-1);
    if (route) this.#needs.set(keyOf(route), need);
  }

  /** Method and path -> need; of all routes. */
  get needs(): ReadonlyMap<string, Need> {
    return this.#needs;
  }

  /** What the request's route needs; undefined when there is none. To be asked before it is reached. */
  needOf(c: Asked): Need | undefined {
    for (const route of matchedRoutes(c)) {
      const need = this.#needs.get(keyOf(route));
      if (need) return need;
    }
    return undefined;
  }
}

const keyOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

function check(need: Need): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (need === 'open') return next();
    const visitor = c.get('visitor');
    const rights = visitor.rights();
    if (need === 'admin' && !rights?.admin) {
      return visitor.kind === 'anyone'
        ? problem(403, 'This takes an admin, and with GATEWAY_AUTH=off nobody is one: set it to on.')
        : problem(403, `This takes the right admin, which ${visitor.name} has not.`);
    }
    if (need === 'view-all' && !(rights && mayViewAll(rights))) {
      return problem(403, `This takes the right read:* (a token: view, of every camera), which ${visitor.name} has not.`);
    }
    return next();
  };
}
