/** Looks whether Home Assistant would take a discovery message as it is meant, without running Home Assistant. Pure. */
import * as v from 'valibot';
import { COMPONENTS, MESSAGE, type Platform, SHARED } from './home-assistant-schema.ts';

/** A component with what the top of the message gives to it. */
export interface Entity {
  key: string;
  platform: Platform;
  config: Config;
}
export type Config = Record<string, unknown>;

export interface Linted {
  /** Each with the place where it is; none: Home Assistant takes all of it. */
  faults: string[];
  entities: Entity[];
  /** Components that are to be removed: key -> platform. */
  gone: Map<string, string>;
}

const TOPIC = /^device\/[a-zA-Z0-9_-]+\/config$/;
const ENTITY_ID = /^([a-z_]+)\.(?!_)(?!.*__)[a-z0-9_]+(?<!_)$/;

export function lint(topic: string, payload: string, discoveryPrefix = 'homeassistant'): Linted {
  const linted: Linted = { faults: [], entities: [], gone: new Map() };
  const isThere = topic.startsWith(`${discoveryPrefix}/`) && TOPIC.test(topic.slice(discoveryPrefix.length + 1));
  if (!isThere) linted.faults.push(`topic: nobody looks for devices at ${topic}`);
  const message = read(MESSAGE, parse(payload), 'message', linted.faults);
  if (!message) return linted;
  for (const [key, component] of Object.entries(message.components)) {
    if (Object.keys(component).length === 1) linted.gone.set(key, component.platform);
    else lintComponent(key, component, message, linted);
  }
  for (const name of ['unique_id', 'default_entity_id']) {
    const ids = linted.entities.map(({ platform, config }) => config[name] && `${platform} ${config[name]}`).filter(Boolean);
    if (new Set(ids).size < ids.length) linted.faults.push(`components: a ${name} is there twice`);
  }
  return linted;
}

function lintComponent(key: string, component: Config & { platform: string }, message: Config, { faults, entities }: Linted): void {
  const schema = COMPONENTS[component.platform as Platform];
  if (!Object.hasOwn(COMPONENTS, component.platform)) {
    faults.push(`${key}.platform: there is no ${component.platform}`);
    return;
  }
  const config = expand(component, message, schema.entries);
  if (!read(schema, config, key, faults)) return;
  const platform = component.platform as Platform;
  for (const fault of contradictions(platform, config)) faults.push(`${key}: ${fault}`);
  entities.push({ key, platform, config });
}

/** What stands at the top counts for each component that does not say otherwise. */
function expand(component: Config, message: Config, known: object): Config {
  const names = [...Object.keys(SHARED), 'state_topic', 'command_topic'].filter((name) => name in message && name in known);
  return { ...Object.fromEntries(names.map((name) => [name, message[name]])), ...component };
}

/** Keys that exclude or need each other. */
function contradictions(platform: Platform, config: Config): string[] {
  const has = (...names: string[]) => names.every((name) => name in config);
  const id = ENTITY_ID.exec(String(config.default_entity_id ?? `${platform}.x`));
  const checks: Record<string, boolean> = {
    'availability and availability_topic exclude each other': has('availability', 'availability_topic'),
    'default_entity_id is no entity id of this platform': id?.[1] !== platform,
    'a retained command would come again and again': config.retain === true,
    'optimistic, though its state is told': config.optimistic === true && has('state_topic'),
    'an attributes template without its topic': has('json_attributes_template') && !has('json_attributes_topic'),
  };
  return Object.entries({ ...checks, ...ofPlatform(platform, config, has) })
    .filter(([, isSo]) => isSo)
    .map(([fault]) => fault);
}

function ofPlatform(platform: Platform, config: Config, has: (...names: string[]) => boolean): Record<string, boolean> {
  const { min = 0, max = platform === 'text' ? 255 : 100 } = config as { min?: number; max?: number };
  const options = (config.options ?? []) as string[];
  switch (platform) {
    case 'image':
      return {
        'one of image_topic and url_topic': has('image_topic') === has('url_topic'),
        'content_type with url_topic': has('content_type', 'url_topic'),
      };
    case 'binary_sensor':
      return { 'a sensor is never config': config.entity_category === 'config' };
    case 'sensor':
      return {
        'a sensor is never config': config.entity_category === 'config',
        'options are for device_class enum': has('options') && config.device_class !== 'enum',
        'options with unit_of_measurement or state_class': has('options') && (has('unit_of_measurement') || has('state_class')),
      };
    case 'number':
      return { 'min is above max': min > max };
    case 'text':
      return { 'min is not below max': min >= max };
    case 'select':
      return {
        'an option is there twice': new Set(options).size < options.length,
        'an option None is taken for unknown': options.some((option) => option.toLowerCase() === 'none'),
      };
    default:
      return {};
  }
}

function read<T extends v.GenericSchema>(schema: T, given: unknown, where: string, faults: string[]): v.InferOutput<T> | null {
  const { success, output, issues } = v.safeParse(schema, given);
  if (success) return output;
  for (const issue of issues) faults.push(`${where}.${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  return null;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
