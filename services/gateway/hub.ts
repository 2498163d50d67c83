import type { Duplex } from 'node:stream';
import type { Bus } from '../shared/bus.ts';
import { camerasTopic, cameraTopics, pageTopic, parseTopic } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';
import type { GatewaySettings } from '../shared/settings.ts';
import { type Camera, isState } from './camera.ts';
import { CamerasList } from './cameras-list.ts';
import type { Channel } from './channel.ts';
import { type Commands, MAX_COMMANDS_IN_ALL } from './command.ts';
import { Connections } from './connections.ts';
import { type Darkness, OFFLINE } from './darkness.ts';
import { Finder } from './finder.ts';
import { type Line, openLine } from './line.ts';
import { Roster } from './roster.ts';
import { Scout } from './scout.ts';
import { Sighting } from './sighting.ts';
import { TelemetryBook } from './telemetry.ts';

const TICK_MS = 250;
/**
 * After a connection the list of cameras is told only when those that tell nothing of themselves have had this time to be found, too, in
 * ms: a gateway that has just come shall not tell that they are gone.
 */
const LIST_AFTER_MS = 3_000;

const STOPPING: Darkness = { condition: 'bus-lost', cause: 'The gateway is being stopped.', advice: 'Try again once it runs.' };

/** All cameras on the bus. A frame topic is subscribed to only while its camera has viewers, once for all of them. */
export class Hub implements AsyncDisposable {
  readonly #settings: GatewaySettings;
  readonly #tools: { log: Logger; connect?: () => Duplex };
  readonly #connections: Connections;
  readonly #roster: Roster;
  readonly #scout: Scout;
  readonly #list: CamerasList;
  readonly #bus: Bus;
  readonly #ticker: NodeJS.Timeout;
  readonly #finder: Finder;
  /** From when on the list of cameras may be told, in ms, monotonic. */
  #listFrom = Number.POSITIVE_INFINITY;
  /** What cameras and the broker tell of themselves. */
  readonly telemetry: TelemetryBook;
  /** How often there was a connection to the bus. */
  connections = 0;

  constructor(settings: GatewaySettings, tools: { log: Logger; connect?: () => Duplex }) {
    this.#settings = settings;
    this.#tools = tools;
    this.#connections = new Connections(settings, tools);
    this.#bus = this.#connections.open('all', tools.log);
    this.telemetry = new TelemetryBook(settings.mqtt.prefix);
    this.#list = new CamerasList(settings.mqtt.prefix, (list) => this.#bus.announce(camerasTopic(settings.mqtt.prefix), list));
    this.#roster = this.#createRoster();
    this.#scout = this.#createScout();
    this.#finder = new Finder(this.#roster, settings.gateway.defaultCamera);
    this.#listen(settings.mqtt.prefix);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Whether the bus is connected, for `/readyz`; `trouble` says why not. */
  get trouble(): string | null {
    return this.#bus.trouble;
  }

  /** The first level of all topics. */
  get prefix(): string {
    return this.#settings.mqtt.prefix;
  }

  /** The ids of all cameras known, in order. */
  get ids(): string[] {
    return this.#roster.ids;
  }

  /** All cameras known, in the order of their ids. */
  get channels(): Channel[] {
    return this.ids.flatMap((id) => this.channel(id) ?? []);
  }

  channel(id: string): Channel | undefined {
    return this.#roster.get(id)?.channel;
  }

  /** The commands to a camera that is known. */
  commands(id: string): Commands | undefined {
    return this.#roster.get(id)?.commands;
  }

  /** The camera of this id, or the default one, if it may be seen. Just after a start it waits a moment for cameras to show themselves. */
  find(id: string | undefined, mayView: (id: string) => boolean): Promise<Channel | undefined> {
    return this.#finder.find(id, mayView);
  }

  /** The camera meant when none is named, of those that may be seen: the only one, else the one set, else the first. */
  defaultId(mayView: (id: string) => boolean): string | undefined {
    return this.#finder.defaultId(mayView);
  }

  /** Viewers of all cameras together. */
  get viewers(): number {
    let sum = 0;
    for (const [, { channel }] of this.#roster.lines) sum += channel.viewers;
    return sum;
  }

  /**
   * Tells the page's address on the bus. Where there is none to tell, another gateway's is left alone; one that stands there from when
   * this one could be reached is taken back.
   * @param own what this gateway would have told then
   */
  announcePage(address: string | null, own: string): void {
    const topic = pageTopic(this.#settings.mqtt.prefix);
    if (address) this.#bus.announce(topic, address);
    else this.#bus.subscribe(topic, ({ payload }) => payload.toString() === own && void this.#bus.deliver(topic, '', { retain: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker);
    for (const [, { channel, commands }] of this.#roster.lines) {
      channel.end();
      commands.drop(STOPPING);
    }
    await Promise.all([this.#bus.close(), this.#scout.close(), this.#roster.close()]);
  }

  #createRoster(): Roster {
    return new Roster({
      log: this.#tools.log,
      open: (id) => this.#open(id),
      close: (id, { bus }) => {
        this.telemetry.forget(id);
        return bus.close({ [this.#connections.smallViewersTopic(id)]: '', [this.#connections.viewersTopic(id)]: '' });
      },
      onChange: () => this.#list.changed(performance.now()),
    });
  }

  #createScout(): Scout {
    const { prefix } = this.#settings.mqtt;
    return new Scout({
      prefix,
      open: () => this.#connections.open('scout', this.#quietLog),
      isOurs: (now) => this.telemetry.broker(now) !== null,
      isKnown: (id) => {
        const camera = this.channel(id)?.camera;
        return camera !== undefined && (camera.hasState || camera.sighting !== null);
      },
      found: (id, jpeg) => {
        const now = performance.now();
        return this.#roster.seen(id, () => {
          const sighting = new Sighting(cameraTopics(prefix, id).frame, now, Date.now);
          sighting.take(jpeg, now);
          return sighting;
        });
      },
    });
  }

  #listen(prefix: string): void {
    this.#bus.subscribe(`${prefix}/+/status`, ({ topic, payload }) => {
      this.#learn(topic, payload, (camera) => camera.setStatus(payload.toString()));
    });
    this.#bus.subscribe(`${prefix}/+/state`, ({ topic, payload }) => {
      const state = payload.toString();
      if (state === '' || isState(state)) this.#learn(topic, payload, (camera) => camera.setState(state));
      else this.#tools.log.warn({ topic }, 'a state that cannot be read was ignored');
    });
    this.#bus.subscribe(`${prefix}/+/telemetry`, ({ topic, payload }) => {
      this.telemetry.take(topic, payload, (id) => this.#roster.get(id) !== undefined, performance.now());
    });
    this.#bus.subscribe(cameraTopics(prefix, '+').viewers('broker'), ({ topic, payload }) => {
      const id = parseTopic(prefix, topic)?.id;
      if (id) this.#scout.named(id, payload.toString());
      if (id && payload.length === 0) this.#roster.uncounted(id);
    });
    this.#bus.onChange((connected) => this.#busChanged(connected));
  }

  /** A camera tells of itself, or, with nothing, that there is nothing to be told any more. */
  #learn(topic: string, payload: Buffer, change: (camera: Camera) => void): void {
    const id = parseTopic(this.#settings.mqtt.prefix, topic)?.id;
    if (!id) return;
    const line = payload.length > 0 ? this.#roster.told(id) : this.#roster.get(id);
    if (!line) return;
    const { camera } = line.channel;
    change(camera);
    // Also one that only sends pictures: if it still does, it is found again.
    if (camera.isUntold) {
      this.#roster.remove(id);
      return;
    }
    line.listen();
    line.channel.changed(this.trouble);
    this.#list.changed(performance.now());
    if (!camera.online) line.commands.drop(OFFLINE);
  }

  #open(id: string): Line {
    const viewersTopic = this.#connections.viewersTopic(id);
    const smallViewersTopic = this.#connections.smallViewersTopic(id);
    const isBusy = () => this.#commandsUnderWay >= MAX_COMMANDS_IN_ALL;
    // The connection of `all` tells of the bus's troubles; the others would only repeat it.
    const bus = this.#connections.open(id, this.#quietLog, viewersTopic);
    return openLine(id, bus, { prefix: this.#settings.mqtt.prefix, viewersTopic, smallViewersTopic, isBusy });
  }

  get #quietLog(): Logger {
    return this.#tools.log.child({}, { level: 'error' });
  }

  get #commandsUnderWay(): number {
    let sum = 0;
    for (const [, { commands }] of this.#roster.lines) sum += commands.underWay;
    return sum;
  }

  #busChanged(connected: boolean): void {
    const now = performance.now();
    if (connected) this.connections++;
    if (connected) this.#finder.settle();
    this.#listFrom = connected ? now + LIST_AFTER_MS : Number.POSITIVE_INFINITY;
    this.#scout.connected(connected ? now : null);
    this.#list.changed(now);
    for (const [, { channel }] of this.#roster.lines) {
      // A broker that comes back tells who is online; until then nobody is known to be.
      if (!connected) channel.camera.online = false;
      else channel.camera.sighting?.resume(now);
      channel.changed(this.trouble);
    }
  }

  #tick(): void {
    const now = performance.now();
    if (!this.trouble) {
      this.#roster.tick(now, null);
      this.#scout.tick(now);
    }
    if (now >= this.#listFrom) this.#list.tick(now, () => this.channels.map(({ camera }) => camera));
    for (const [, { channel }] of this.#roster.lines) channel.tick(now);
  }
}
