import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Visitor } from './access/visitor.ts';

/** What a request has with it in each handler. */
export type Env = {
  Bindings: HttpBindings;
  /** Who asks; not on routes that are open to all. */
  Variables: { visitor: Visitor };
};

export type Asked = Context<Env>;
