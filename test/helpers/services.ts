import type { Duplex } from 'node:stream';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { type Broker, startBroker } from '../../services/broker/broker.ts';
import { type Gateway, startGateway } from '../../services/gateway/gateway.ts';
import { readSecret } from '../../services/shared/secrets.ts';
import { readSettings, type Settings } from '../../services/shared/settings.ts';
import { defer, type Scope } from './cleanup.ts';
import { type KeptLine, keepLog } from './kept-log.ts';
import { untilEvent } from './until.ts';
import { makeWorkDir } from './work-dir.ts';

/** Environment variables as the contract names them. */
export type Env = Record<string, string>;

export const token = 'the-token-of-the-tests';
export const password = 'the password of the tests';

/** A message bus, whoever's it is, and the data folder of those that meet there. */
export interface TestBus {
  settings: Pick<Settings, 'dataDir'>;
  /** `mqtt://127.0.0.1:{port}`. */
  url: string;
  /** The login of one of its users; none with BROKER_AUTH=off. */
  login(user: string): { username?: string; password?: string };
}

export interface TestBroker extends TestBus {
  broker: Broker;
  settings: Settings;
  lines: KeptLine[];
  /** Stops it; at the end of the test this happens anyway. */
  stop(): Promise<void>;
}

/** Settings with ports of the system's choosing and a data folder of the test's own. */
export function testSettings(t: Scope, env: Env = {}): Settings {
  const own = { BROKER_PORT: '0', BROKER_TLS_PORT: '0', GATEWAY_PORT: '0', GATEWAY_TOKEN: token, GATEWAY_PASSWORD: password };
  return readSettings({ ...own, ...(env.DATA_DIR ? {} : { DATA_DIR: makeWorkDir(t) }), ...env }, () => '');
}

/** A broker in this process that ends with the test. */
export async function startTestBroker(t: Scope, env: Env = {}): Promise<TestBroker> {
  const settings = testSettings(t, env);
  const { log, lines } = keepLog();
  const broker = await startBroker(settings, { log });
  const stop = once(() => broker[Symbol.asyncDispose]());
  defer(t, stop);
  return { broker, settings, url: `mqtt://127.0.0.1:${broker.address.port}`, lines, login: (user) => loginOf(settings, user), stop };
}

/** Does it at the first call; every call waits for its end. */
function once(work: () => PromiseLike<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return async () => {
    done ??= Promise.resolve(work());
    await done;
  };
}

function loginOf({ broker, dataDir }: Settings, user: string): { username?: string; password?: string } {
  return broker.auth ? { username: user, password: readSecret(dataDir, `mqtt-${user}`) } : {};
}

export interface TestGateway {
  gateway: Gateway;
  /** `http://127.0.0.1:{port}{base path}`. */
  url: string;
  settings: Settings;
  lines: KeptLine[];
  stop(): Promise<void>;
}

/** A gateway in this process on that broker, which it reaches in memory; without one it looks at MQTT_URL. */
export async function startTestGateway(t: Scope, bus: TestBroker | null, env: Env = {}): Promise<TestGateway> {
  const settings = testSettings(t, { ...(bus && { DATA_DIR: bus.settings.dataDir }), ...env });
  const { log, lines } = keepLog();
  const gateway = await startGateway(settings, { log, ...(bus && { connect: () => bus.broker.connect() }) });
  const stop = once(() => gateway[Symbol.asyncDispose]());
  defer(t, stop);
  return { gateway, url: `http://127.0.0.1:${gateway.address.port}${settings.gateway.basePath}`, settings, lines, stop };
}

/** A client of MQTT.js that ends with the test and does not come back by itself. */
export async function connectMqtt(t: Scope, url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
  return keepMqtt(t, client);
}

/** The same over a connection within the process. */
export async function joinMqtt(t: Scope, connect: () => Duplex, options: IClientOptions = {}): Promise<MqttClient> {
  const client = new mqtt.MqttClient(() => connect() as MqttClient['stream'], { reconnectPeriod: 0, ...options });
  keepMqtt(t, client);
  await untilEvent(client, 'connect');
  return client;
}

function keepMqtt(t: Scope, client: MqttClient): MqttClient {
  client.on('error', () => {}); // tests look at what comes of it
  defer(t, () => client.endAsync(true).then(() => {}));
  return client;
}

export interface Received {
  topic: string;
  payload: Buffer;
  retain: boolean;
  qos: number;
  properties?: mqtt.IPublishPacket['properties'];
}

/** Subscribes, and gives the list that what comes is put into. */
export async function receive(client: MqttClient, filter: string, qos: 0 | 1 | 2 = 1): Promise<Received[]> {
  const received: Received[] = [];
  client.on('message', (topic, payload, { retain, qos, properties }) => received.push({ topic, payload, retain, qos, properties }));
  await client.subscribeAsync(filter, { qos });
  return received;
}
