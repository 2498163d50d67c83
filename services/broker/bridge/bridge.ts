import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { Duplex } from 'node:stream';
import { Bus } from '../../shared/bus.ts';
import { birthTopic, CAMERA_ID, cameraTopics, clientIdPrefix, MAX_CAMERAS, parseTopic } from '../../shared/contract.ts';
import { GatheringLog } from '../../shared/gathering-log.ts';
import { MAX_COMMAND_BYTES } from '../../shared/knob.ts';
import type { Logger } from '../../shared/log.ts';
import type { Message } from '../../shared/message.ts';
import type { BrokerSettings } from '../../shared/settings.ts';
import { Greeter } from './greeter.ts';
import type { Hello } from './hello.ts';
import { bridgeIdentity } from './identity.ts';
import type { Names } from './lanes.ts';
import { Line } from './line.ts';

/** As whom the bridge logs in at our own broker. */
export const BRIDGE_USER = 'bridge';
/** Room for topic and properties around a frame. */
const PACKET_OVERHEAD = 64 << 10;
/** From the house come commands and short words; a longer packet, which only a broker of MQTT 3.1.1 would send, cuts the connection. */
const MAX_HOUSE_PACKET_BYTES = 1 << 20;
/** A machine that is off takes packets without a word: another attempt finds it sooner after its return than the first one would. In ms. */
const CONNECT_TIMEOUT_MS = 4_000;

export interface BridgeTools {
  log: Logger;
  /** A connection to our own broker. */
  connect: () => Duplex;
}

/**
 * Shares our broker's cameras with the house's: one connection to it for each camera, since a Last Will covers one topic (the camera's
 * `status`), and one that tells of troubles and takes Home Assistant's birth message.
 */
export class Bridge implements AsyncDisposable {
  /** Our own broker lets it in with this; made anew in each process, so it is kept nowhere. */
  readonly password = randomBytes(20).toString('base64url');
  readonly #settings: BrokerSettings;
  readonly #tools: BridgeTools;
  readonly #names: Names;
  readonly #identity: string;
  readonly #gathering: GatheringLog;
  readonly #houseLog: Logger;
  readonly #lines = new Map<string, Line>();
  /** Camera -> which of its `status` and `state` our broker holds. */
  readonly #present = new Map<string, Set<string>>();
  #house: { here: Bus; there: Bus; greeter: Greeter } | undefined;
  #toldFull = false;
  #toldItself = false;
  /** Whatever crossed would go round and round. */
  #isCircle = false;

  /** Throws FaultError when the data folder cannot be read. */
  constructor(settings: BrokerSettings, tools: BridgeTools) {
    const { mqtt, bridge } = settings;
    this.#settings = settings;
    this.#tools = tools;
    this.#names = { prefix: mqtt.prefix, discoveryPrefix: mqtt.discoveryPrefix, frames: bridge.frames };
    this.#identity = bridgeIdentity(settings.dataDir);
    this.#gathering = new GatheringLog(tools.log);
    this.#houseLog = tools.log.child({ bridge: bridge.url });
  }

  /** Connects, in either order and as often as needed. Throws FaultError when BRIDGE_TLS_CA cannot be read. */
  start(): void {
    const { prefix, discoveryPrefix } = this.#names;
    const there = this.#connectThere();
    const here = this.#connectHere();
    const circle = (isCircle: boolean) => this.#setCircle(isCircle);
    const greeter = new Greeter({ prefix, here, there, hello: () => this.#hello, circle, log: this.#houseLog });
    this.#house = { here, there, greeter };
    there.subscribe(birthTopic(discoveryPrefix), ({ topic, payload, retain }) => {
      // One that is retained is no news.
      if (!retain && payload.length <= MAX_COMMAND_BYTES && !this.#isCircle) void here.deliver(topic, payload);
    });
    for (const part of ['status', 'state']) here.subscribe(`${prefix}/+/${part}`, (message) => this.#onCamera(part, message));
    let wasThere = false;
    there.onChange((connected) => {
      if (connected && !wasThere) this.#houseLog.info(`the house's broker is there, and gets our cameras: ${this.#settings.bridge.url}`);
      wasThere ||= connected;
    });
    greeter.start();
  }

  /** Whether the house's broker is there, and gets our cameras. */
  get isWorking(): boolean {
    return this.#house?.there.connected === true && !this.#isCircle;
  }

  /** Somebody has logged in at our own broker, who may be another bridge. */
  onClient(): void {
    this.#house?.greeter.soon();
  }

  /** Is it the bridge itself that wants to log in at our own broker, as to the house's? Then it must not be let in. */
  isOurselves(clientId: string): boolean {
    if (!clientId.startsWith(this.#clientId)) return false;
    const remedy = "set it to the address of the house's broker, as seen from where HomeGuard's runs";
    if (!this.#toldItself) this.#tools.log.warn(`BRIDGE_URL (${this.#settings.bridge.url}) names our own broker: ${remedy}`);
    this.#toldItself = true;
    // It would say that the login is refused, and name the wrong remedy.
    this.#houseLog.level = 'silent';
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#house?.greeter.stop();
    const lines = [...this.#lines.values()];
    this.#lines.clear();
    await Promise.all([this.#house?.here.close(), this.#house?.there.close(), ...lines.map((line) => line.close({ tell: true }))]);
  }

  get #clientId(): string {
    return `${this.#names.prefix.replaceAll('/', '-')}-bridge-${this.#identity}`;
  }

  get #hello(): Hello {
    const host = os.hostname().replaceAll(/[^\w.-]/g, '-');
    return { bridge: this.#identity, host: host.slice(0, 64) || 'unknown', cameras: [...this.#present.keys()] };
  }

  /** @param id of the camera whose connection it is; none for the one that all have in common */
  #connectHere(id = ''): Bus {
    const { broker, frameMaxBytes } = this.#settings;
    return new Bus({
      url: 'mqtt://localhost',
      clientId: `${clientIdPrefix(this.#names.prefix, 'broker-bridge')}${id}`,
      credentials: () => (broker.auth ? { username: BRIDGE_USER, password: this.password } : {}),
      maxPacketBytes: frameMaxBytes + PACKET_OVERHEAD,
      connect: this.#tools.connect,
      // Nothing can come between two ends in one process.
      log: this.#tools.log.child({}, { level: 'silent' }),
    });
  }

  #connectThere(id?: string): Bus {
    const { url = '', username, password, tlsCa } = this.#settings.bridge;
    return new Bus({
      url,
      clientId: id ? `${this.#clientId}-${id}` : this.#clientId,
      credentials: () => ({ username, password }),
      will: id ? { topic: cameraTopics(this.#names.prefix, id).status, payload: 'offline' } : undefined,
      maxPacketBytes: MAX_HOUSE_PACKET_BYTES,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      tlsCa,
      settings: 'BRIDGE',
      // One connection tells of the house's troubles; the others would only repeat it.
      log: id ? this.#houseLog.child({}, { level: 'error' }) : this.#houseLog,
    });
  }

  /** Only a camera that shows itself by `status` or `state` crosses; both empty mean that it was forgotten. */
  #onCamera(part: string, { topic, payload }: Message): void {
    const id = parseTopic(this.#names.prefix, topic)?.id;
    if (!id || !CAMERA_ID.test(id)) return;
    const present = this.#present.get(id) ?? new Set();
    if (payload.length === 0) {
      present.delete(part);
      if (present.size === 0 && this.#present.delete(id)) this.#lines.get(id)?.leave(true);
    } else if (this.#present.has(id) || this.#hasRoom(id)) {
      this.#present.set(id, present.add(part));
      this.#bring(id);
    }
  }

  #hasRoom(id: string): boolean {
    if (this.#present.size < MAX_CAMERAS) return true;
    if (!this.#toldFull) this.#tools.log.warn(`more than ${MAX_CAMERAS} cameras on the bus: ${id} and others do not go over the bridge`);
    this.#toldFull = true;
    return false;
  }

  #bring(id: string): void {
    const known = this.#lines.get(id);
    if (known) known.leave(false);
    else if (!this.#isCircle) this.#lines.set(id, this.#openLine(id));
  }

  #openLine(id: string): Line {
    const gone = () => this.#letGo(id);
    return new Line({
      id,
      names: this.#names,
      here: this.#connectHere(id),
      there: this.#connectThere(id),
      gathering: this.#gathering,
      gone,
    });
  }

  #letGo(id: string): void {
    void this.#lines.get(id)?.close({ tell: false });
    this.#lines.delete(id);
  }

  #setCircle(isCircle: boolean): void {
    this.#isCircle = isCircle;
    const move = isCircle ? (id: string) => this.#letGo(id) : (id: string) => this.#bring(id);
    for (const id of this.#present.keys()) move(id);
  }
}
