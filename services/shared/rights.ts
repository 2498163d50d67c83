/** What a user or a token may do, as text (`read:front`, `control:*`) and as questions. Pure. */
import { CAMERA_ID } from './contract.ts';
import { FaultError } from './fault.ts';

/** What may be done with a camera: watch it; set it, too; be it, as an ESP32 that publishes its pictures. */
export const POWERS = ['read', 'control', 'publish'] as const;
export type Power = (typeof POWERS)[number];

export type Grant =
  | { power: Power /** An id, or `*` for every camera. */; camera: string }
  /** Everything below a topic that is no camera's: other devices that share the broker. */
  | { power: 'use'; topic: string };

/** `admin`: every camera, users and tokens. Without grants nothing at all. */
export interface Rights {
  admin: boolean;
  grants: readonly Grant[];
}

export const ADMIN: Rights = { admin: true, grants: [] };
export const NOTHING: Rights = { admin: false, grants: [] };

/** So many rights one user or token has at most. */
const MAX_GRANTS = 64;
/** Levels without wildcards, of printable characters; `$` is the broker's own. */
const USED_TOPIC = /^[^+#/$\p{Cc}\p{Cs}][^+#\p{Cc}\p{Cs}]{0,199}(?<!\/)$/u;
const RIGHT = 'admin, read:{camera}, control:{camera}, publish:{camera} or use:{topic}, with * for every camera';

/**
 * Reads a list of rights: `['read:front', 'control:door']`.
 * @throws FaultError that names what is no right, and what would be one
 */
export function parseRights(texts: readonly string[]): Rights {
  if (texts.length > MAX_GRANTS) throw new FaultError(`${texts.length} rights are too many: at most ${MAX_GRANTS}, or * for every camera`);
  const grants = texts.filter((text) => text !== 'admin').map(parseGrant);
  return { admin: texts.includes('admin'), grants };
}

function parseGrant(text: string): Grant {
  const [, power, scope = ''] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  if (power === 'use' && USED_TOPIC.test(scope)) return { power, topic: scope };
  const known = POWERS.find((each) => each === power);
  if (known && (scope === '*' || CAMERA_ID.test(scope))) return { power: known, camera: scope };
  throw new FaultError(`"${text}" is no right: say ${RIGHT}`);
}

/** The rights as `parseRights` reads them. */
export function formatRights({ admin, grants }: Rights): string[] {
  const texts = grants.map((grant) => `${grant.power}:${grant.power === 'use' ? grant.topic : grant.camera}`);
  return admin ? ['admin', ...texts] : texts;
}

/** May these rights do this with that camera? Who may set a camera may watch it. */
export function may({ admin, grants }: Rights, power: Power, camera: string): boolean {
  if (admin) return true;
  return grants.some(
    (grant) =>
      grant.power !== 'use' &&
      (grant.camera === '*' || grant.camera === camera) &&
      (grant.power === power || (power === 'read' && grant.power === 'control')),
  );
}

/** May these rights use a topic that is no camera's? The topic itself and all below it. */
export function mayUseTopic({ grants }: Rights, topic: string): boolean {
  return grants.some((grant) => grant.power === 'use' && (topic === grant.topic || topic.startsWith(`${grant.topic}/`)));
}
