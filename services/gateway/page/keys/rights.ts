/** What a user may, as the list of rights that the gateway takes and as boxes to tick. Pure. */

/** Rights as the gateway has them: `admin`, `read:front`, `control:*`, `publish:gate`, `use:zigbee`. */
export type Rights = readonly string[];
export type Power = 'read' | 'control';

export const ADMIN = 'admin';
export const EVERY = '*';

/** May it be done, be it by this right or by one that says more? */
export function may(rights: Rights, power: Power, camera: string): boolean {
  return has(rights, power, camera) || implied(rights, power, camera);
}

function has(rights: Rights, power: Power, camera: string): boolean {
  return rights.includes(`${power}:${camera}`);
}

/** Does another right say it already? Then it cannot be taken away alone. */
export function implied(rights: Rights, power: Power, camera: string): boolean {
  const more = [
    ADMIN,
    ...(power === 'read' ? [`control:${camera}`] : []),
    ...(camera === EVERY ? [] : [`${power}:${EVERY}`, ...(power === 'read' ? [`control:${EVERY}`] : [])]),
  ];
  return more.some((right) => rights.includes(right));
}

/** The rights with this one more, or less; all others stay, also those that have no box. */
export function toggle(rights: Rights, right: string): Rights {
  return rights.includes(right) ? rights.filter((each) => each !== right) : [...rights, right];
}

/** As it is sent: without what other rights say already, and each once. Rights without a box stay as they are. */
export function tidy(rights: Rights): string[] {
  return [...new Set(rights)].filter((right) => {
    const [, power, camera = ''] = /^(read|control):(.+)$/.exec(right) ?? [];
    return !power || !implied(rights.includes(ADMIN) ? [ADMIN] : rights, power as Power, camera);
  });
}

/** The cameras that have a box: those that are known, and those that are only named in a right. */
export function camerasOf(rights: Rights, known: readonly string[]): string[] {
  const named = rights.flatMap((right) => /^(?:read|control):([^*]+)$/.exec(right)?.[1] ?? []);
  return [...new Set([...known, ...named])];
}

/** Those that have none. */
export function othersOf(rights: Rights): string[] {
  return rights.filter((right) => right !== ADMIN && !/^(?:read|control):/.test(right));
}
