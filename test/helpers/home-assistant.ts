/** A client that does with discovery messages what Home Assistant's MQTT integration does. */
import type { MqttClient } from 'mqtt';
import type { Scope } from './cleanup.ts';
import { type Entity, lint } from './home-assistant-lint.ts';
import { render } from './home-assistant-template.ts';
import { connectMqtt } from './services.ts';
import { until } from './until.ts';

/** What Home Assistant's user waits for after a click, in ms. */
const COMES_BACK_MS = 1_000;

interface Heard {
  topic: string;
  payload: Buffer;
  /** performance.now() */
  at: number;
}

interface Availability {
  topic: string;
  payload_available?: string;
  payload_not_available?: string;
}

export class HomeAssistant {
  /** Of all messages so far, by the linter. */
  readonly faults: string[] = [];
  /** All that has come, but for pictures; oldest first. */
  readonly heard: Heard[] = [];
  /** Entities that were removed. */
  readonly removed: string[] = [];
  /** Discovery topic -> the device's entities by key. */
  readonly devices = new Map<string, Map<string, Entity>>();
  readonly #client: MqttClient;
  readonly #prefix: string;
  readonly #values = new Map<string, Buffer>();

  constructor(client: MqttClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
    client.on('message', (topic, payload) => this.#hear(topic, payload));
  }

  /** Connects, looks for devices and says its birth message. */
  static async start(
    t: Scope,
    url: string,
    login: { username?: string; password?: string },
    prefix = 'homeassistant',
  ): Promise<HomeAssistant> {
    const client = await connectMqtt(t, url, { protocolVersion: 5, ...login });
    const home = new HomeAssistant(client, prefix);
    await client.subscribeAsync([`${prefix}/+/+/config`, `${prefix}/+/+/+/config`], { qos: 0 });
    await home.sayBirth();
    return home;
  }

  async sayBirth(): Promise<void> {
    await this.#client.publishAsync(`${this.#prefix}/status`, 'online', { qos: 0 });
  }

  /** Waits for the device's entity, and gives it. */
  entity(id: string, key: string, ms = 15_000): Promise<Entity> {
    return until(`entity ${key} of ${id}`, () => this.entities(id).find((each) => each.key === key), { ms });
  }

  entities(id: string): Entity[] {
    return [...(this.devices.get(this.topicOf(id))?.values() ?? [])];
  }

  topicOf(id: string): string {
    return `${this.#prefix}/device/homeguard_${id}/config`;
  }

  /** As Home Assistant would show it; null for unknown. */
  state({ platform, config }: Entity): string | null {
    const payload = this.#values.get(String(config.state_topic));
    if (payload === undefined) return null;
    const value = render(config.value_template as string | undefined, payload.toString());
    if (platform === 'binary_sensor')
      return value === (config.payload_on ?? 'ON') ? 'on' : value === (config.payload_off ?? 'OFF') ? 'off' : null;
    if (platform === 'number') return Number.isFinite(Number(value)) && value !== '' ? String(Number(value)) : null;
    if (platform === 'select' || (platform === 'sensor' && config.options))
      return (config.options as string[]).includes(value) ? value : null;
    return value === 'None' ? null : value;
  }

  /** The picture of a camera or an image; null while there is none. */
  picture({ config }: Entity): Buffer | null {
    const picture = this.#values.get(String(config.topic ?? config.image_topic));
    return picture?.length ? picture : null;
  }

  attributes({ config }: Entity): Record<string, unknown> {
    const payload = this.#values.get(String(config.json_attributes_topic));
    return payload === undefined ? {} : JSON.parse(render(config.json_attributes_template as string | undefined, payload.toString()));
  }

  isAvailable({ config }: Entity): boolean {
    const list = (config.availability ?? []) as Availability[];
    const told = list.map(({ topic, payload_available: yes = 'online' }) => this.#values.get(topic)?.toString() === yes);
    return config.availability_mode === 'all' || list.length <= 1 ? told.every(Boolean) : told.some(Boolean);
  }

  /** Sets an entity, and waits until it shows that. */
  async set(entity: Entity, value: string): Promise<void> {
    await this.send(entity, value);
    const shown = () => this.state(entity) === value;
    await until(`${entity.key} = ${value}, which shows ${this.state(entity)},`, shown, { ms: COMES_BACK_MS });
  }

  async send({ platform, config }: Entity, value: string): Promise<void> {
    if (platform === 'number' && (Number(value) < Number(config.min) || Number(value) > Number(config.max)))
      throw new Error('out of range');
    if (platform === 'select' && !(config.options as string[]).includes(value)) throw new Error(`no option ${value}`);
    const payload = render(config.command_template as string | undefined, value);
    await this.#client.publishAsync(String(config.command_topic), payload, { qos: (config.qos ?? 0) as 0 | 1 });
  }

  async press(entity: Entity): Promise<void> {
    await this.send(entity, String(entity.config.payload_press ?? 'PRESS'));
  }

  #hear(topic: string, payload: Buffer): void {
    const isPicture = payload.length > 1 && payload.readUInt16BE(0) === 0xffd8;
    if (!isPicture) this.heard.push({ topic, payload, at: performance.now() });
    if (topic.startsWith(`${this.#prefix}/`)) this.#discover(topic, payload.toString());
    else this.#values.set(topic, payload);
  }

  #discover(topic: string, payload: string): void {
    const known = this.devices.get(topic) ?? new Map<string, Entity>();
    if (payload === '') {
      this.removed.push(...known.keys());
      this.devices.delete(topic);
      return;
    }
    const { faults, entities, gone } = lint(topic, payload, this.#prefix);
    this.faults.push(...faults);
    for (const key of gone.keys()) if (known.delete(key)) this.removed.push(key);
    for (const entity of entities) known.set(entity.key, entity);
    this.devices.set(topic, known);
    const topics = new Set(entities.flatMap(topicsOf));
    // At the end of a test the connection may end before the answer.
    this.#client.subscribe([...topics], { qos: 1 }, (error) => {
      if (error && !this.#client.disconnecting) this.faults.push(`it cannot subscribe: ${error.message}`);
    });
  }
}

/** What Home Assistant subscribes to for it. */
function topicsOf({ config }: Entity): string[] {
  const own = ['state_topic', 'topic', 'image_topic', 'json_attributes_topic'].map((name) => config[name]);
  const availability = ((config.availability ?? []) as Availability[]).map(({ topic }) => topic);
  return [...own, ...availability].filter((topic): topic is string => typeof topic === 'string');
}

/** Values that are worth trying: the ends and the middle of a number, two options of a menu, both ways of a switch; what switches off an automatic last. */
export function trials({ platform, config }: Entity): string[] {
  if (platform === 'switch') return ['ON', 'OFF'];
  if (platform === 'select') return (config.options as string[]).slice(0, 2).reverse();
  if (platform !== 'number') return [];
  const { min, max, step } = config as { min: number; max: number; step: number };
  const steps = Math.floor((max - min) / step);
  return [min, min + steps * step, min + Math.floor(steps / 2) * step].map(String);
}
