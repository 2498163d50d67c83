import type { Duplex } from 'node:stream';
import mqtt from 'mqtt';
import type { Stamp } from './contract.ts';
import { filterMatches } from './contract.ts';
import type { Logger } from './log.ts';
import { NewestWins } from './newest.ts';
import { dial, PacketStream } from './transport.ts';

type MqttClient = mqtt.MqttClient;
/** mqtt-packet's reason codes, of 3.1.1 and 5. */
const UNACCEPTABLE_PROTOCOL = new Set([1, 132]);
const BAD_LOGIN = new Set([4, 5, 134, 135]);
/** Half-open connections are let go after 1.5 times this, in seconds. */
const KEEPALIVE_S = 15;
const CONNECT_TIMEOUT_MS = 10_000;
/** So many deliveries may wait for the broker's word; what would go beyond is dropped. */
const MAX_DELIVERIES = 64;
/** A stop waits so long for what was announced last to arrive. */
const FAREWELL_MS = 1_000;

export interface BusOptions {
  /** `mqtt://host:port`, `mqtts://`, `ws://`, `wss://`, `mqtt+unix:///path`. */
  url: string;
  clientId: string;
  /** Looked at on every attempt, since on a first start the broker may make the password after we began. */
  credentials: () => { username?: string; password?: string };
  will?: { topic: string; payload: string };
  /** The largest packet that is accepted, in bytes. */
  maxPacketBytes: number;
  /** A connection within the process instead of `url`. */
  connect?: () => Duplex;
  log: Logger;
}

export interface Message {
  topic: string;
  payload: Buffer;
  retain: boolean;
}

/**
 * A connection to the message bus that comes back by itself, the one place where services know of MQTT.js.
 * Nothing queues in it: pictures are dropped while there is no way, and of announced values only the last one is kept.
 */
export class Bus {
  readonly #options: BusOptions;
  readonly #client: MqttClient;
  readonly #newest = new NewestWins();
  readonly #handlers = new Map<string, (message: Message) => void>();
  readonly #announced = new Map<string, Announcement>();
  readonly #listeners = new Set<(connected: boolean) => void>();
  #trouble: string | null = null;
  #deliveries = 0;
  #isClosing = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#client = createClient(options);
    this.#client.on('connect', () => this.#onConnect());
    this.#client.on('close', () => this.#onClose());
    this.#client.on('error', (error) => this.#onError(error));
    this.#client.on('message', (topic, payload, packet) => this.#onMessage({ topic, payload, retain: packet.retain }));
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Why there is no connection, in one sentence; null while there is one. */
  get trouble(): string | null {
    return this.connected ? null : (this.#trouble ?? `The message bus at ${this.#options.url} does not answer yet.`);
  }

  /** Calls `listener` now if connected, and at every change from now on. */
  onChange(listener: (connected: boolean) => void): void {
    this.#listeners.add(listener);
    if (this.connected) listener(true);
  }

  /**
   * Publishes a JPEG at QoS 0 unless there is no connection or the topic's last one is not out yet.
   * @returns whether it went out; if not, it is gone
   */
  publishPicture(topic: string, jpeg: Buffer, stamp: Stamp, retain?: { expirySeconds: number }): boolean {
    if (!this.connected || !this.#newest.admit(topic, jpeg.length, backlogOf(this.#client))) return false;
    const properties = pictureProperties(stamp);
    if (retain) properties.messageExpiryInterval = retain.expirySeconds;
    this.#client.publish(topic, jpeg, { qos: 0, retain: retain !== undefined, properties });
    return true;
  }

  /** Publishes at QoS 0 when there is a connection; for values that are renewed anyway. */
  publish(topic: string, payload: string): void {
    if (this.connected) this.#client.publish(topic, payload, { qos: 0 });
  }

  /** Makes `payload` the topic's retained value, QoS 1, now and again after every reconnection: a broker may have lost it. */
  announce(topic: string, payload: string): void {
    if (this.#isClosing) return;
    const known = this.#announced.get(topic);
    if (known) known.payload = payload;
    else this.#announced.set(topic, { payload, sent: null });
    this.#sendAnnounced(topic);
  }

  /**
   * Publishes at QoS 1 when there is a connection; a value that is wanted once, not kept for later. An empty retained one clears its topic.
   * @returns whether the broker has taken it; when the connection breaks it may have come through nevertheless
   */
  deliver(topic: string, payload: string | Buffer, { retain = false, stamp }: { retain?: boolean; stamp?: Stamp } = {}): Promise<boolean> {
    if (!this.connected || this.#deliveries >= MAX_DELIVERIES) return Promise.resolve(false);
    this.#deliveries++;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const done = (error?: Error) => {
      this.#deliveries--;
      resolve(!error);
    };
    this.#client.publish(topic, payload, { qos: 1, retain, ...(stamp && { properties: pictureProperties(stamp) }) }, done);
    return promise;
  }

  /** Subscribes to `filter` for as long as it is not given up, over all reconnections. One handler a filter. */
  subscribe(filter: string, handler: (message: Message) => void): void {
    this.#handlers.set(filter, handler);
    if (this.connected) this.#sendSubscription(filter);
  }

  unsubscribe(filter: string): void {
    if (this.#handlers.delete(filter) && this.connected) this.#client.unsubscribe(filter, () => {});
  }

  /** Ends the connection after `farewell`'s announcements have arrived, or after a second; a peer that takes nothing gets one more. */
  async close(farewell: Record<string, string> = {}): Promise<void> {
    // What is announced from now on, by viewers that leave, would come behind the farewell.
    this.#isClosing = true;
    this.#listeners.clear();
    this.#handlers.clear();
    if (this.connected) {
      const sent = Object.entries(farewell).map(([topic, payload]) => this.#client.publishAsync(topic, payload, { qos: 1, retain: true }));
      await patiently(Promise.allSettled(sent));
    }
    await patiently(this.#client.endAsync(!this.connected));
    this.#client.stream.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onConnect(): void {
    this.#options.log.debug({ url: this.#options.url }, 'connected to the message bus');
    if (this.#trouble) this.#options.log.info('the message bus is back');
    this.#trouble = null;
    for (const filter of this.#handlers.keys()) this.#sendSubscription(filter);
    for (const [topic, announcement] of this.#announced) {
      announcement.sent = null;
      this.#sendAnnounced(topic);
    }
    for (const listener of this.#listeners) listener(true);
  }

  #onClose(): void {
    if (this.#client.disconnecting) return;
    // MQTT.js would send these again on its own, perhaps after the newer values that we send on connecting.
    for (const id of Object.keys(this.#client.outgoing)) this.#client.removeOutgoingMessage(Number(id));
    if (!this.#trouble) this.#tell(`The connection to the message bus at ${this.#options.url} was lost; trying again every second.`);
    for (const listener of this.#listeners) listener(false);
  }

  #onError(error: Error & { code?: number | string }): void {
    const code = Number(error.code);
    if (UNACCEPTABLE_PROTOCOL.has(code) && this.#client.options.protocolVersion === 5) {
      this.#client.options.protocolVersion = 4;
      this.#tell('The message bus does not speak MQTT 5; going on with 3.1.1.');
    } else if (BAD_LOGIN.has(code)) {
      this.#tell(`The message bus at ${this.#options.url} refuses our login: set MQTT_USERNAME and MQTT_PASSWORD to a user it knows.`);
    } else {
      this.#tell(
        `The message bus at ${this.#options.url} cannot be reached (${error.message || error.code}): start the broker, or set MQTT_URL.`,
      );
    }
  }

  /** Logs a trouble once, however often it comes again. */
  #tell(trouble: string): void {
    if (trouble !== this.#trouble) this.#options.log.warn(trouble);
    this.#trouble = trouble;
  }

  #onMessage(message: Message): void {
    for (const [filter, handler] of this.#handlers) {
      if (filter === message.topic || filterMatches(filter, message.topic)) handler(message);
    }
  }

  #sendSubscription(filter: string): void {
    this.#client.subscribe(filter, { qos: filter.endsWith('/frame') ? 0 : 1 }, (error, granted) => {
      const refused = granted?.some(({ qos }) => qos >= 128);
      if (this.connected && (error || refused)) {
        this.#options.log.warn(
          { filter, cause: error?.message },
          'the message bus refuses a subscription: give our user the right to read it',
        );
      }
    });
  }

  /** Sends the topic's value unless a send is under way, which then is followed by the newest value only. */
  #sendAnnounced(topic: string): void {
    const announcement = this.#announced.get(topic);
    if (!announcement || !this.connected || announcement.sent !== null) return;
    const { payload } = announcement;
    announcement.sent = payload;
    this.#client.publish(topic, payload, { qos: 1, retain: true }, () => {
      if (announcement.sent !== payload) return;
      announcement.sent = null;
      if (announcement.payload !== payload) this.#sendAnnounced(topic);
    });
  }
}

/** What MQTT 5 subscribers get with a picture. */
function pictureProperties({ seq, t }: Stamp): Record<string, unknown> {
  return { contentType: 'image/jpeg', userProperties: { seq: String(seq), t: String(t) } };
}

/** Waits for `work`, but no longer than a stop may take. */
async function patiently(work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FAREWELL_MS);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

interface Announcement {
  payload: string;
  /** The value under way; null when none is. */
  sent: string | null;
}

function createClient(options: BusOptions): MqttClient {
  const settings: mqtt.IClientOptions = {
    clientId: options.clientId,
    protocolVersion: 5,
    clean: true,
    keepalive: KEEPALIVE_S,
    // Frames go out all the time; a line that was cut without a word shows only in a ping that is not answered.
    reschedulePings: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Jitter, so that services that lost the same broker do not come back in step.
    reconnectPeriod: 700 + Math.random() * 600,
    reconnectOnConnackError: true,
    // Frames that pile up while the broker is away have run other programs out of memory.
    queueQoSZero: false,
    resubscribe: false,
    properties: { maximumPacketSize: options.maxPacketBytes },
    will: options.will && { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true },
  };
  const transport = options.connect ?? dialer(options);
  if (!transport) {
    const client = mqtt.connect(options.url, { ...settings, manualConnect: true });
    return withCredentials(client, options);
  }
  const client = new mqtt.MqttClient(() => transport() as mqtt.MqttClient['stream'], { ...settings, manualConnect: true });
  return withCredentials(client, options);
}

/** The credentials are read at each attempt. */
function withCredentials(client: MqttClient, options: BusOptions): MqttClient {
  const refresh = () => Object.assign(client.options, options.credentials());
  client.on('reconnect', refresh);
  refresh();
  client.connect();
  return client;
}

/** Our own sockets where MQTT.js would open plain ones; null where it knows better (TLS, WebSocket). */
function dialer(options: BusOptions): (() => Duplex) | null {
  const url = new URL(options.url);
  const limit = () => options.maxPacketBytes;
  if (url.protocol === 'mqtt+unix:') return () => dial({ path: decodeURIComponent(url.pathname) }, limit);
  if (url.protocol !== 'mqtt:') return null;
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 1883) };
  return () => dial(address, limit);
}

function backlogOf(client: MqttClient): number {
  const stream: unknown = client.stream;
  return stream instanceof PacketStream ? stream.backlog : client.stream.writableLength;
}
