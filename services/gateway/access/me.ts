import type { Hub } from '../hub.ts';
import type { Routes } from '../routes.ts';
import { mayControl, mayView, webRights } from './visitor.ts';

/** `GET /me`: who asks, and what he may; for the page, which shows nobody a button that is refused. */
export function addMe(routes: Routes, hub: Pick<Hub, 'ids'>): void {
  routes.add('GET', '/me', 'self', (c) => {
    const visitor = c.get('visitor');
    const rights = visitor.rights();
    const cameras = hub.ids.filter((id) => mayView(visitor, id)).map((id) => [id, mayControl(visitor, id) ? 'control' : 'view']);
    return c.json({
      /** Null where nobody logs in. */
      name: visitor.kind === 'anyone' ? null : visitor.name,
      by: visitor.kind,
      admin: rights?.admin ?? false,
      may: rights ? webRights(rights) : [],
      cameras: Object.fromEntries(cameras),
    });
  });
}
