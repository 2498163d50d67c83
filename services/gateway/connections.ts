import os from 'node:os';
import type { Duplex } from 'node:stream';
import { Bus, type BusOptions } from '../shared/bus.ts';
import { cameraTopics, clientIdPrefix } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';
import { readSecret } from '../shared/secrets.ts';
import type { GatewaySettings } from '../shared/settings.ts';

/** Room for topic and properties around a frame. */
const PACKET_OVERHEAD = 64 << 10;

/** Opens this gateway's connections to the bus. */
export class Connections {
  readonly #settings: GatewaySettings;
  readonly #connect: (() => Duplex) | undefined;
  /** Tells this gateway from others. */
  readonly #place: string;

  /** @param connect gives a connection within the process, if there is one */
  constructor(settings: GatewaySettings, { connect }: { connect?: () => Duplex }) {
    this.#settings = settings;
    this.#connect = connect;
    // The same after every restart, so that a count this gateway left behind on the bus is overwritten by itself.
    const host = os
      .hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, '-')
      .slice(0, 40);
    this.#place = `${host}-${settings.gateway.port}`;
  }

  /** Where this gateway tells how many viewers it has for a camera. */
  viewersTopic(id: string): string {
    return cameraTopics(this.#settings.mqtt.prefix, id).viewers(`gateway-${this.#place}`);
  }

  /** Where it tells who of them wants small frames. */
  smallViewersTopic(id: string): string {
    return cameraTopics(this.#settings.mqtt.prefix, id).smallViewers(`gateway-${this.#place}`);
  }

  /**
   * @param name one connection at a time has it
   * @param viewersTopic is cleared by the Last Will
   */
  open(name: string, log: Logger, viewersTopic?: string): Bus {
    const { mqtt, frameMaxBytes, dataDir } = this.#settings;
    const options: BusOptions = {
      url: mqtt.url,
      clientId: `${clientIdPrefix(mqtt.prefix, 'gateway')}${this.#place}-${process.pid}-${name}`,
      credentials: () => ({ username: mqtt.username ?? 'gateway', password: mqtt.password ?? readSecret(dataDir, 'mqtt-gateway') }),
      maxPacketBytes: frameMaxBytes + PACKET_OVERHEAD,
      tlsCa: mqtt.tlsCa,
      log,
    };
    if (viewersTopic) options.will = { topic: viewersTopic, payload: '' };
    if (this.#connect) options.connect = this.#connect;
    return new Bus(options);
  }
}
