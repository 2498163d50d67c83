import { Announcements } from './announcements.ts';
import { backlogOf, type ClientOptions, createClient, type MqttClient } from './bus-client.ts';
import { distrust, isCertificateFault } from './certificate.ts';
import { filterMatches, isPictureStream, type Stamp } from './contract.ts';
import type { Logger } from './log.ts';
import { type Accompaniment, accompanimentOf, type Message, messageOf, pictureProperties } from './message.ts';
import { NewestWins } from './newest.ts';

/** mqtt-packet's reason codes, of 3.1.1 and 5. */
const UNACCEPTABLE_PROTOCOL = new Set([1, 132]);
const BAD_LOGIN = new Set([4, 5, 134, 135]);
/** The broker looks at no login now, as after wrong ones: what was said of those still stands. */
const LATER = new Set([3, 136]);
/** So many deliveries may wait for the broker's word; what would go beyond is dropped. */
const MAX_DELIVERIES = 64;
/** While so many bytes wait for a broker that reads nothing, what is renewed anyway is dropped. */
const MAX_WAITING_BYTES = 1 << 20;
/** Room for topic and properties around a payload. */
const PACKET_MARGIN_BYTES = 512;
/** A stop waits so long for what was announced last to arrive. */
const FAREWELL_MS = 1_000;

export interface BusOptions extends ClientOptions {
  log: Logger;
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
  readonly #announced: Announcements;
  readonly #listeners = new Set<(connected: boolean) => void>();
  #trouble: string | null = null;
  #deliveries = 0;
  /** The largest packet that the broker takes, as it has told (MQTT 5.0, 3.2.2.3.6). */
  #mostBytes = Number.POSITIVE_INFINITY;
  #toldTooLarge = false;
  #isClosing = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#client = createClient(options);
    this.#announced = new Announcements((topic, payload, done) => {
      if (this.connected) this.#client.publish(topic, payload, { qos: 1, retain: true }, done);
      return this.connected;
    });
    this.#client.on('connect', ({ properties }) => this.#onConnect(properties?.maximumPacketSize));
    this.#client.on('close', () => this.#onClose());
    this.#client.on('error', (error) => this.#onError(error));
    this.#client.on('message', (_topic, _payload, packet) => this.#onMessage(messageOf(packet)));
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
   * @param stamp null: it bears none, as pictures of other publishers do
   * @returns whether it went out; if not, it is gone
   */
  publishPicture(topic: string, jpeg: Buffer, stamp: Stamp | null, retain?: { expirySeconds: number }): boolean {
    if (!this.connected || this.#isTooLarge(topic, jpeg) || !this.#newest.admit(topic, jpeg.length, backlogOf(this.#client))) return false;
    const properties = pictureProperties(stamp);
    if (retain) properties.messageExpiryInterval = retain.expirySeconds;
    this.#client.publish(topic, jpeg, { qos: 0, retain: retain !== undefined, properties });
    return true;
  }

  /** Publishes at QoS 0 when there is a connection; for values that are renewed anyway. */
  publish(topic: string, payload: string): void {
    if (this.connected && backlogOf(this.#client) < MAX_WAITING_BYTES) this.#client.publish(topic, payload, { qos: 0 });
  }

  /** Makes `payload` the topic's retained value, QoS 1, now and again after every reconnection: a broker may have lost it. */
  announce(topic: string, payload: string): void {
    if (!this.#isClosing) this.#announced.set(topic, payload);
  }

  /** Announces everything once more, for somebody who has just come and takes no retained messages for news. */
  announceAgain(): void {
    if (!this.#isClosing) this.#announced.resend();
  }

  /** What was announced is not announced again on the next connection. */
  forgetAnnounced(): void {
    this.#announced.clear();
  }

  /**
   * Publishes at QoS 1 when there is a connection; a value that is wanted once, not kept for later. An empty retained one clears its topic.
   * @returns whether the broker has taken it; when the connection breaks it may have come through nevertheless
   */
  deliver(topic: string, payload: string | Buffer, more: Accompaniment = {}): Promise<boolean> {
    if (!this.connected || this.#deliveries >= MAX_DELIVERIES || this.#isTooLarge(topic, payload)) return Promise.resolve(false);
    this.#deliveries++;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const done = (error?: Error) => {
      this.#deliveries--;
      resolve(!error);
    };
    this.#client.publish(topic, payload, { qos: 1, retain: more.retain ?? false, properties: accompanimentOf(more) }, done);
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

  /** A broker that gets more than it takes closes the connection, and would again and again. */
  #isTooLarge(topic: string, payload: string | Buffer): boolean {
    const isTooLarge = payload.length + PACKET_MARGIN_BYTES > this.#mostBytes;
    if (isTooLarge && !this.#toldTooLarge) {
      const { url, log } = this.#options;
      const remedy = 'let it take larger ones (max_packet_size), or the camera give smaller pictures';
      log.error(
        { topic, bytes: payload.length },
        `The message bus at ${url} takes packets of at most ${this.#mostBytes} bytes: ${remedy}.`,
      );
    }
    this.#toldTooLarge ||= isTooLarge;
    return isTooLarge;
  }

  #onConnect(mostBytes = Number.POSITIVE_INFINITY): void {
    this.#mostBytes = mostBytes;
    this.#options.log.debug({ url: this.#options.url }, 'connected to the message bus');
    if (this.#trouble) this.#options.log.info('the message bus is back');
    this.#trouble = null;
    for (const filter of this.#handlers.keys()) this.#sendSubscription(filter);
    this.#announced.resend();
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
    if (LATER.has(code) && this.#trouble) return;
    const { url, settings = 'MQTT' } = this.#options;
    const why = error.message || error.code;
    if (UNACCEPTABLE_PROTOCOL.has(code) && this.#client.options.protocolVersion === 5) {
      this.#client.options.protocolVersion = 4;
      this.#tell('The message bus does not speak MQTT 5; going on with 3.1.1.');
    } else if (BAD_LOGIN.has(code)) {
      this.#tell(`The message bus at ${url} refuses our login: set ${settings}_USERNAME and ${settings}_PASSWORD to a user it knows.`);
    } else if (isCertificateFault(error.code)) {
      this.#tell(distrust(url, { code: error.code, message: error.message }, settings));
    } else {
      this.#tell(`The message bus at ${url} cannot be reached (${why}): start the broker, or set ${settings}_URL.`);
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
    this.#client.subscribe(filter, { qos: isPictureStream(filter) ? 0 : 1 }, (error, granted) => {
      const refused = granted?.some(({ qos }) => qos >= 128);
      if (this.connected && (error || refused)) {
        this.#options.log.warn(
          { filter, cause: error?.message },
          'the message bus refuses a subscription: give our user the right to read it',
        );
      }
    });
  }
}

/** Waits for `work`, but no longer than a stop may take. */
async function patiently(work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FAREWELL_MS);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
