import type { MqttClient } from 'mqtt';
import type { Scope } from './cleanup.ts';
import { type CameraBus, FakeCamera } from './fake-camera.ts';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from './mosquitto.ts';
import { tinyJpeg } from './pictures.ts';
import { connectMqtt, type Env, joinMqtt, type Received, receive, startTestBroker, type TestBroker } from './services.ts';
import { until } from './until.ts';

/** The user of the bridge at a house's broker that wants a login. */
export const houseUsers = { bridge: 'the password of the house' };

/** A broker of ours whose cameras go to a house's. */
export function startBridged(t: Scope, url: string, env: Env = {}): Promise<TestBroker> {
  return startTestBroker(t, { BRIDGE_URL: url, ...env });
}

/** The house's broker, and somebody who hears all of it. */
export interface House extends Mosquitto {
  client: MqttClient;
  heard: Received[];
  /** What was heard on a topic, as text. */
  on(topic: string): string[];
  /** What is retained there now: topic -> text. */
  kept(): Promise<Record<string, string>>;
}

export async function startHouse(t: Scope, options: MosquittoOptions = {}): Promise<House> {
  const mosquitto = await startMosquitto(t, options);
  const { client, heard } = await listenTo(t, mosquitto.url);
  const on = (topic: string) => heard.filter((each) => each.topic === topic).map(({ payload }) => String(payload));
  return { ...mosquitto, client, heard, on, kept: () => keptBy(t, mosquitto.url) };
}

/** A recorder of all that a broker passes on from now on; it comes back by itself. */
export async function listenTo(t: Scope, url: string): Promise<{ client: MqttClient; heard: Received[] }> {
  const client = await connectMqtt(t, url, { protocolVersion: 5, reconnectPeriod: 50 });
  return { client, heard: await receive(client, '#') };
}

/** The same of our own broker, without frames, so that it does not count as a viewer. */
export async function listenAtHome(t: Scope, { broker, login }: TestBroker): Promise<Received[]> {
  const client = await joinMqtt(t, () => broker.connect(), { protocolVersion: 5, ...login('homeassistant') });
  const heard = await receive(client, 'homeguard/+/+/set');
  for (const filter of ['homeguard/+/controls/+/set', 'homeguard/+/status', 'homeguard/+/state', 'homeguard/+/answer', 'homeassistant/#'])
    await client.subscribeAsync(filter, { qos: 1 });
  return heard;
}

async function keptBy(t: Scope, url: string): Promise<Record<string, string>> {
  const client = await connectMqtt(t, url, { protocolVersion: 5 });
  const heard = await receive(client, '#');
  // Retained messages come before the answer to what is published after them.
  const end = `end/${Math.random()}`;
  await client.publishAsync(end, '.', { qos: 1 });
  await until('all that is retained', () => heard.some(({ topic }) => topic === end));
  await client.endAsync();
  return Object.fromEntries(heard.filter(({ retain }) => retain).map(({ topic, payload }) => [topic, String(payload)]));
}

/** A fake camera that is on the bus with its values, a preview and a snapshot. */
export async function startFullCamera(bus: CameraBus, id = 'front', frames: Buffer[] = []): Promise<FakeCamera> {
  const camera = new FakeCamera(bus, id, frames);
  await until(`camera ${id} on the bus`, () => camera.bus.connected);
  for (const [name, value] of Object.entries({ capture: 'ON', fps: '30', resolution: '1280x720', 'controls/focus_absolute': '7' }))
    camera.bus.announce(camera.topics.setting(name), value);
  return camera;
}

/** Publishes a preview as a camera does. */
export function sendPreview(camera: FakeCamera, seq: number): boolean {
  return camera.bus.publishPicture(camera.topics.preview, tinyJpeg({ seq, size: 5_000 }), { seq, t: 1_000_000 }, { expirySeconds: 10 });
}
