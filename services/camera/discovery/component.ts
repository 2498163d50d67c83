/** Entities of Home Assistant as a discovery message names them. Pure. */

export const PLATFORMS = ['camera', 'image', 'binary_sensor', 'sensor', 'number', 'select', 'switch', 'button', 'text'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** One that has nothing but its platform is removed by Home Assistant. */
export interface Component {
  platform: Platform;
  [key: string]: unknown;
}

/** Key in the message -> component. A key begins with its platform: what becomes of another kind is another entity. */
export type Components = Record<string, Component>;

export function keyOf(platform: Platform, name: string): string {
  return `${platform}_${name}`;
}

/**
 * A component with what each of them has.
 * @param name stands in its ids: `condition`, `control_brightness`
 * @param label for people, below the device's name; null for the one that takes the device's name
 */
export function component(id: string, platform: Platform, name: string, label: string | null, more: object): Component {
  const key = keyOf(platform, name);
  const entity = slug(label === null ? id : `${id}_${name}`);
  return { platform, unique_id: `homeguard_${id}_${key}`, default_entity_id: `${platform}.${entity}`, name: label, ...more };
}

/** Names that differ by nothing but signs (`zoom_` and `zoom`) make the same entity id; the second one gets a number, as Home Assistant would give it. */
export function withOwnEntityIds(components: Components): Components {
  const taken = new Set<unknown>();
  const entries = Object.entries(components).map(([key, part]): [string, Component] => {
    let own = part.default_entity_id;
    for (let count = 2; taken.has(own); count++) own = `${part.default_entity_id}_${count}`;
    taken.add(own);
    return [key, { ...part, default_entity_id: own }];
  });
  return Object.fromEntries(entries);
}

/** As Home Assistant wants entity ids: no two underscores in a row, none at the ends. */
function slug(text: string): string {
  return text.replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_|_$/g, '');
}
