/** Asks the message bus: does it answer, does it know our login, what does it keep of our cameras? */
import path from 'node:path';
import * as v from 'valibot';
import { Bus } from '../shared/bus.ts';
import { CONDITIONS, cameraTopics } from '../shared/contract.ts';
import { FaultError } from '../shared/fault.ts';
import { busUrl, connected, guestId, untilSo } from '../shared/guest.ts';
import { createLog } from '../shared/log.ts';
import type { Settings } from '../shared/settings.ts';
import type { DataFolder } from './data-folder.ts';

export interface BrokerFacts {
  url: string;
  /** MQTT_URL is set: the bus is somebody's, not the one that HomeGuard brings with it. */
  named: boolean;
  /** As whom we log in; undefined for nobody. */
  username: string | undefined;
  /** Where the password comes from, or would: `MQTT_PASSWORD`, `data/secrets/mqtt-camera`. */
  passwordFrom: string;
  /** We may not read the password. */
  isHidden: boolean;
  /** Why there is no connection, in the bus's sentence; null when there was one. */
  trouble: string | null;
  /** There is a broker, whether or not it lets us in. */
  answers: boolean;
  /** It lets us in without a login, where HomeGuard's own broker should be, which would not. */
  isStranger: boolean;
  /** MQTT 5, or only 3.1.1. */
  version: 5 | 4;
  /** Camera's id -> what the bus keeps of it; without those of which it keeps nothing. */
  services: Map<string, Service>;
}

/** What a camera's service says of itself. */
export interface Service {
  online: boolean;
  state: v.InferOutput<typeof state> | null;
}

/** Retained values come at once, on a busy machine a little later; nobody tells that there are none. */
const RETAINED_MS = 1_500;
/** A state tells of all knobs of a camera. */
const MAX_PACKET_BYTES = 256 << 10;
/** What a stranger says is cut; the longest advice of ours has 400 letters. */
const MAX_SAID = 1_000;

const number = v.pipe(v.number(), v.finite());
const text = v.pipe(
  v.string(),
  v.transform((said) => said.slice(0, MAX_SAID)),
);
const state = v.object({
  condition: v.picklist(CONDITIONS),
  cause: v.nullable(text),
  advice: v.nullable(text),
  test: v.optional(v.boolean(), false),
  device: v.nullable(v.object({ path: v.nullable(text) })),
  format: v.nullable(v.object({ width: number, height: number, fps: number, encoded: v.boolean() })),
});

/** Takes at most 3 s, and a little more for what is retained. Never rejects. */
export async function lookAtBroker(settings: Settings, { secret }: DataFolder): Promise<BrokerFacts> {
  const { mqtt, broker, cameras, dataDir } = settings;
  const password = secret.kind === 'there' ? secret.password : undefined;
  const login = mqtt.username ? { username: mqtt.username, password: mqtt.password } : password ? { username: 'camera', password } : {};
  const url = busUrl(settings);
  const ids = cameras.map(({ id }) => id);
  const answer = await ask({ url, tlsCa: mqtt.tlsCa, login, prefix: mqtt.prefix, ids });
  return {
    url,
    named: mqtt.named,
    username: login.username,
    passwordFrom: mqtt.username ? 'MQTT_PASSWORD' : path.join(dataDir, 'secrets/mqtt-camera'),
    isHidden: !mqtt.username && secret.kind === 'unreadable',
    isStranger: answer.trouble === null && !mqtt.named && broker.auth && login.username === undefined,
    answers: answer.trouble === null || /refuses our login/.test(answer.trouble),
    ...answer,
  };
}

type Answer = Pick<BrokerFacts, 'trouble' | 'version' | 'services'>;

interface Asked {
  url: string;
  tlsCa: string | undefined;
  login: { username?: string; password?: string };
  prefix: string;
  ids: string[];
}

async function ask(asked: Asked): Promise<Answer> {
  try {
    return await askBus(asked);
  } catch (error) {
    if (error instanceof FaultError) return { trouble: error.message, version: 5, services: new Map() };
    throw error;
  }
}

async function askBus({ url, tlsCa, login, prefix, ids }: Asked): Promise<Answer> {
  const services: Answer['services'] = new Map();
  await using bus = new Bus({
    url,
    tlsCa,
    clientId: guestId(prefix, 'doctor'),
    credentials: () => login,
    maxPacketBytes: MAX_PACKET_BYTES,
    log: createLog('silent'),
  });
  const connection = await connected(bus);
  if (connection.trouble === null) {
    for (const id of ids) listen(bus, prefix, id, services);
    await untilSo(() => ids.every((id) => services.get(id)?.online && services.get(id)?.state), RETAINED_MS);
  }
  return { ...connection, services };
}

function listen(bus: Bus, prefix: string, id: string, services: Answer['services']): void {
  const topics = cameraTopics(prefix, id);
  const tell = (news: Partial<Service>) => services.set(id, { online: false, state: null, ...services.get(id), ...news });
  bus.subscribe(topics.status, ({ payload }) => tell({ online: payload.toString() === 'online' }));
  bus.subscribe(topics.state, ({ payload }) => tell({ state: parseState(payload.toString()) }));
}

/** Null when it is none. */
function parseState(json: string): Service['state'] {
  try {
    return v.parse(state, JSON.parse(json));
  } catch {
    return null; // Somebody else's payload.
  }
}
