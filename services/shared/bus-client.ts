/** MQTT.js as the bus uses it: its settings, its login, and the ways to a broker. */
import type { Duplex } from 'node:stream';
import mqtt from 'mqtt';
import { readAuthority } from './authority.ts';
import { dial, makeReadBuffer, PacketStream } from './transport.ts';

export type MqttClient = mqtt.MqttClient;

/** Half-open connections are let go after 1.5 times this, in seconds. */
const KEEPALIVE_S = 15;
const CONNECT_TIMEOUT_MS = 10_000;

export interface ClientOptions {
  /** `mqtt://host:port`, `mqtts://`, `ws://`, `wss://`, `mqtt+unix:///path`. */
  url: string;
  clientId: string;
  /** Looked at on every attempt, since on a first start the broker may make the password after we began. */
  credentials: () => { username?: string; password?: string };
  will?: { topic: string; payload: string };
  /** The largest packet that is accepted, in bytes. */
  maxPacketBytes: number;
  /** File of the certificate authority that signed the broker's certificate, in PEM; the machine's own list unless given. */
  tlsCa?: string;
  /** How the settings of this connection begin, as messages name them; `MQTT` unless given. */
  settings?: 'MQTT' | 'BRIDGE';
  /** An attempt to connect is given up after so long, in ms; 10 s unless given. */
  connectTimeoutMs?: number;
  /** A connection within the process instead of `url`. */
  connect?: () => Duplex;
}

/** A client that connects at once, and again whenever it is cut off. Throws FaultError when `tlsCa` cannot be read. */
export function createClient(options: ClientOptions): MqttClient {
  const settings: mqtt.IClientOptions = {
    clientId: options.clientId,
    protocolVersion: 5,
    clean: true,
    keepalive: KEEPALIVE_S,
    // Frames go out all the time; a line that was cut without a word shows only in a ping that is not answered.
    reschedulePings: false,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    // Jitter, so that services that lost the same broker do not come back in step.
    reconnectPeriod: 700 + Math.random() * 600,
    reconnectOnConnackError: true,
    // Frames that pile up while the broker is away have run other programs out of memory.
    queueQoSZero: false,
    resubscribe: false,
    properties: { maximumPacketSize: options.maxPacketBytes },
    will: options.will && { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true },
  };
  if (options.tlsCa) settings.ca = readAuthority(options.tlsCa, options.settings);
  const transport = options.connect ?? dialer(options);
  if (!transport) {
    const client = mqtt.connect(options.url, { ...settings, manualConnect: true });
    return withCredentials(client, options);
  }
  const client = new mqtt.MqttClient(() => transport() as mqtt.MqttClient['stream'], { ...settings, manualConnect: true });
  return withCredentials(client, options);
}

/** Bytes that the client was given and the kernel has not taken. */
export function backlogOf(client: MqttClient): number {
  const stream: unknown = client.stream;
  return stream instanceof PacketStream ? stream.backlog : client.stream.writableLength;
}

/** The credentials are read at each attempt. */
function withCredentials(client: MqttClient, options: ClientOptions): MqttClient {
  const refresh = () => Object.assign(client.options, options.credentials());
  client.on('reconnect', refresh);
  refresh();
  client.connect();
  return client;
}

/** Our own sockets where MQTT.js would open plain ones; null where it knows better (TLS, WebSocket). */
function dialer(options: ClientOptions): (() => Duplex) | null {
  const url = new URL(options.url);
  const limit = () => options.maxPacketBytes;
  const buffer = makeReadBuffer();
  if (url.protocol === 'mqtt+unix:') return () => dial({ path: decodeURIComponent(url.pathname) }, limit, buffer);
  if (url.protocol !== 'mqtt:') return null;
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 1883) };
  return () => dial(address, limit, buffer);
}
