import os from 'node:os';
import type { Duplex } from 'node:stream';
import { Bus, type BusOptions } from '../shared/bus.ts';
import { CAMERA_ID, cameraTopics, clientIdPrefix, MAX_CAMERAS, parseTopic } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';
import { readSecret } from '../shared/secrets.ts';
import type { GatewaySettings } from '../shared/settings.ts';
import { type Camera, type Darkness, OFFLINE } from './camera.ts';
import type { Channel } from './channel.ts';
import { type Commands, MAX_COMMANDS_IN_ALL } from './command.ts';
import { type Line, openLine } from './line.ts';
import { TelemetryBook } from './telemetry.ts';

/** Room for topic and properties around a frame. */
const PACKET_OVERHEAD = 64 << 10;
const TICK_MS = 250;
/** After a connection to the bus its cameras are known within this time, in ms; and a bus that is there is connected to within that. */
const SETTLE_MS = 1_000;
const CONNECT_MS = 3_000;

const STOPPING: Darkness = { condition: 'bus-lost', cause: 'The gateway is being stopped.', advice: 'Try again once it runs.' };

/** All cameras on the bus. A frame topic is subscribed to only while its camera has viewers, once for all of them. */
export class Hub implements AsyncDisposable {
  readonly #settings: GatewaySettings;
  readonly #tools: { log: Logger; connect?: () => Duplex };
  /** Tells this gateway from others. */
  readonly #place: string;
  readonly #lines = new Map<string, Line>();
  readonly #bus: Bus;
  readonly #ticker: NodeJS.Timeout;
  readonly #settled = Promise.withResolvers<void>();
  #toldFull = false;
  /** What cameras and the broker tell of themselves. */
  readonly telemetry: TelemetryBook;
  /** How often there was a connection to the bus. */
  connections = 0;

  constructor(settings: GatewaySettings, tools: { log: Logger; connect?: () => Duplex }) {
    this.#settings = settings;
    this.#tools = tools;
    // The same after every restart, so that a count this gateway left behind on the bus is overwritten by itself.
    const host = os
      .hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, '-')
      .slice(0, 40);
    this.#place = `${host}-${settings.gateway.port}`;
    this.#bus = this.#connect('all');
    this.#bus.subscribe(`${settings.mqtt.prefix}/+/status`, ({ topic, payload }) => {
      this.#learn(topic, (camera) => {
        camera.online = payload.toString() === 'online';
      });
    });
    this.#bus.subscribe(`${settings.mqtt.prefix}/+/state`, ({ topic, payload }) => {
      this.#learn(topic, (camera) => {
        if (!camera.setState(payload.toString())) this.#tools.log.warn({ topic }, 'a state that cannot be read was ignored');
      });
    });
    this.telemetry = new TelemetryBook(settings.mqtt.prefix);
    this.#bus.subscribe(`${settings.mqtt.prefix}/+/telemetry`, ({ topic, payload }) => {
      this.telemetry.take(topic, payload, (id) => this.#lines.has(id), performance.now());
    });
    this.#bus.onChange((connected) => this.#busChanged(connected));
    setTimeout(() => this.#settled.resolve(), CONNECT_MS).unref();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Whether the bus is connected, for `/readyz`; `trouble` says why not. */
  get trouble(): string | null {
    return this.#bus.trouble;
  }

  /** The ids of all cameras known, in order. */
  get ids(): string[] {
    return [...this.#lines.keys()].sort();
  }

  /** All cameras known, in the order of their ids. */
  get channels(): Channel[] {
    return this.ids.flatMap((id) => this.channel(id) ?? []);
  }

  channel(id: string): Channel | undefined {
    return this.#lines.get(id)?.channel;
  }

  /** The commands to a camera that is known. */
  commands(id: string): Commands | undefined {
    return this.#lines.get(id)?.commands;
  }

  /** The camera of this id, or the default one. Just after a start it waits a moment for cameras to show themselves. */
  async find(id: string | undefined): Promise<Channel | undefined> {
    const known = () => this.channel(id ?? this.defaultId ?? '');
    if (!known()) await Promise.race([this.#settled.promise, this.#shown(known)]);
    return known();
  }

  /** The camera meant when none is named: the only one, else the one set, else the first. */
  get defaultId(): string | undefined {
    const wanted = this.#settings.gateway.defaultCamera;
    return wanted && this.#lines.has(wanted) ? wanted : this.ids[0];
  }

  /** Viewers of all cameras together. */
  get viewers(): number {
    let sum = 0;
    for (const { channel } of this.#lines.values()) sum += channel.viewers;
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker);
    for (const { channel, commands } of this.#lines.values()) {
      channel.end();
      commands.drop(STOPPING);
    }
    const lines = [...this.#lines].map(([id, { bus }]) => bus.close({ [this.#viewersTopic(id)]: '' }));
    await Promise.all([this.#bus.close(), ...lines]);
  }

  /** Looks for the camera at every tick until it is there or no longer waited for. */
  async #shown(known: () => Channel | undefined): Promise<void> {
    let settled = false;
    void this.#settled.promise.then(() => {
      settled = true;
    });
    while (!settled && !known()) await new Promise((resolve) => setTimeout(resolve, TICK_MS / 5));
  }

  #learn(topic: string, change: (camera: Camera) => void): void {
    const id = parseTopic(this.#settings.mqtt.prefix, topic)?.id;
    const line = id && (this.#lines.get(id) ?? this.#open(id));
    if (!line) return;
    change(line.channel.camera);
    line.channel.changed(this.trouble);
    if (!line.channel.camera.online) line.commands.drop(OFFLINE);
  }

  #open(id: string): Line | undefined {
    if (!CAMERA_ID.test(id)) return undefined;
    if (this.#lines.size >= MAX_CAMERAS) {
      if (!this.#toldFull) this.#tools.log.warn(`more than ${MAX_CAMERAS} cameras on the bus: ${id} and others are not served`);
      this.#toldFull = true;
      return undefined;
    }
    const viewersTopic = this.#viewersTopic(id);
    const isBusy = () => this.#commandsUnderWay >= MAX_COMMANDS_IN_ALL;
    const line = openLine(id, this.#connect(id, viewersTopic), { prefix: this.#settings.mqtt.prefix, viewersTopic, isBusy });
    this.#lines.set(id, line);
    return line;
  }

  get #commandsUnderWay(): number {
    let sum = 0;
    for (const { commands } of this.#lines.values()) sum += commands.underWay;
    return sum;
  }

  #connect(id: string, viewersTopic?: string): Bus {
    const { mqtt, frameMaxBytes, dataDir } = this.#settings;
    const options: BusOptions = {
      url: mqtt.url,
      clientId: `${clientIdPrefix(mqtt.prefix, 'gateway')}${this.#place}-${process.pid}-${id}`,
      credentials: () => ({ username: mqtt.username ?? 'gateway', password: mqtt.password ?? readSecret(dataDir, 'mqtt-gateway') }),
      maxPacketBytes: frameMaxBytes + PACKET_OVERHEAD,
      tlsCa: mqtt.tlsCa,
      // One connection tells of the bus's troubles; the others would only repeat it.
      log: viewersTopic ? this.#tools.log.child({}, { level: 'error' }) : this.#tools.log,
    };
    if (viewersTopic) options.will = { topic: viewersTopic, payload: '' };
    if (this.#tools.connect) options.connect = this.#tools.connect;
    return new Bus(options);
  }

  #viewersTopic(id: string): string {
    return cameraTopics(this.#settings.mqtt.prefix, id).viewers(`gateway-${this.#place}`);
  }

  #busChanged(connected: boolean): void {
    if (connected) this.connections++;
    if (connected) setTimeout(() => this.#settled.resolve(), SETTLE_MS).unref();
    for (const { channel } of this.#lines.values()) {
      // A broker that comes back tells who is online; until then nobody is known to be.
      if (!connected) channel.camera.online = false;
      channel.changed(this.trouble);
    }
  }

  #tick(): void {
    const now = performance.now();
    for (const { channel } of this.#lines.values()) channel.tick(now);
  }
}
