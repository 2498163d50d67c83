/** Somebody who was let in, and what he may. Pure. */
import { formatRights, may, parseRights, type Rights } from '../../shared/rights.ts';

export interface Visitor {
  /** `admin`: by the gateway's own password or token; `proxy`: named by a trusted proxy, and no user here; `anyone`: nobody logs in. */
  kind: 'admin' | 'user' | 'token' | 'proxy' | 'anyone';
  /** Of the user, of the token. */
  name: string;
  /** What he may do as of now; null: he is let in no more. To be asked again while something of his is open. */
  rights(): Rights | null;
}

/** Without a login everybody may all but hand out what would count with one. */
const EVERYTHING_BUT_TOKENS = parseRights(['control:*']);
export const ANYONE: Visitor = { kind: 'anyone', name: 'anyone', rights: () => EVERYTHING_BUT_TOKENS };

/** Who it is, as the log has it: `user anna`. */
export function describeVisitor({ kind, name }: Pick<Visitor, 'kind' | 'name'>): string {
  return kind === 'admin' || kind === 'anyone' ? kind : `${kind === 'proxy' ? 'user' : kind} ${name}`;
}

export function mayView(visitor: Visitor, camera: string): boolean {
  const rights = visitor.rights();
  return rights !== null && may(rights, 'read', camera);
}

export function mayControl(visitor: Visitor, camera: string): boolean {
  const rights = visitor.rights();
  return rights !== null && may(rights, 'control', camera);
}

/** May he see every camera there is, and will be? */
export function mayViewAll(rights: Rights): boolean {
  return rights.admin || rights.grants.some((grant) => grant.power !== 'use' && grant.camera === '*' && grant.power !== 'publish');
}

/** Is there anything for him here? Some users only publish pictures, or share the broker. */
export function mayAnything(rights: Rights): boolean {
  return rights.admin || rights.grants.some(({ power }) => power === 'read' || power === 'control');
}

/** The rights that count on the web. */
export function webRights(rights: Rights): string[] {
  return formatRights({ ...rights, grants: rights.grants.filter(({ power }) => power === 'read' || power === 'control') });
}
