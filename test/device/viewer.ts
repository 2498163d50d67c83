import mqtt, { type MqttClient } from 'mqtt';
import { type CameraState, cameraTopics, readStamp, type Stamp, stampLength } from '../../services/shared/contract.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { until } from '../helpers/until.ts';

/** What came on one of the camera's topics. */
export interface Arrival {
  /** Below the camera's: `state`, `controls/brightness`. */
  name: string;
  payload: Buffer;
  /** Kept by the broker from before we came. */
  retained: boolean;
  /** performance.now() */
  at: number;
}

export interface Picture {
  at: number;
  /** The same by the wall clock, which a test may have set meanwhile. */
  wall: number;
  stamp: Stamp;
  jpeg: Buffer;
}

export interface Login {
  url: string;
  username: string;
  password: string;
}

const NAMES = ['status', 'state', 'preview', 'telemetry', 'snapshot', 'answer', 'capture', 'fps', 'resolution', 'quality', 'controls/+'];

/** Somebody who looks at one camera over the bus, as a gateway does, and may turn its knobs. */
export class Viewer {
  readonly arrivals: Arrival[] = [];
  readonly pictures: Picture[] = [];
  readonly #client: MqttClient;
  readonly #topics: ReturnType<typeof cameraTopics>;

  constructor(client: MqttClient, id: string) {
    this.#client = client;
    this.#topics = cameraTopics('homeguard', id);
    const base = this.#topics.setting('');
    client.on('error', () => {}); // what comes of it is looked at
    client.on('message', (topic, payload, { retain }) => {
      const at = performance.now();
      const stamp = topic === this.#topics.frame ? readStamp(payload) : null;
      if (stamp) this.pictures.push({ at, wall: Date.now(), stamp, jpeg: payload });
      else this.arrivals.push({ name: topic.slice(base.length), payload, retained: retain, at });
    });
  }

  async open(): Promise<void> {
    await this.#client.subscribeAsync(
      NAMES.map((name) => this.#topics.setting(name)),
      { qos: 1 },
    );
  }

  /** Wants every frame from now on. */
  async watch(): Promise<void> {
    await this.#client.subscribeAsync(this.#topics.frame, { qos: 0 });
    await this.#count('1');
  }

  async leave(): Promise<void> {
    await this.#client.unsubscribeAsync(this.#topics.frame);
    await this.#count('');
  }

  async close(): Promise<void> {
    if (this.#client.connected) await this.#count('');
    await this.#client.endAsync(true);
  }

  /** Sends a command; gives when. */
  async set(setting: string, value: string): Promise<number> {
    const at = performance.now();
    await this.#client.publishAsync(this.#topics.set(setting), value, { qos: 1 });
    return at;
  }

  /** Sets a value and waits until it is told; gives how long that took, in ms. */
  async turn(setting: string, value: string): Promise<number> {
    const since = await this.set(setting, value);
    const told = await until(
      `${setting} = ${value}`,
      () => {
        const found = this.on(setting).find(({ at, payload }) => at >= since && payload.toString() === value);
        if (!found) throw new Error(`the answer: ${this.value('answer')}`);
        return found;
      },
      { ms: 10_000 },
    );
    return told.at - since;
  }

  on(name: string): Arrival[] {
    return this.arrivals.filter((arrival) => arrival.name === name);
  }

  /** The newest value of a topic, as text. */
  value(name: string): string | undefined {
    return this.on(name).at(-1)?.payload.toString();
  }

  get state(): CameraState | undefined {
    const text = this.value('state');
    return text === undefined ? undefined : (JSON.parse(text) as CameraState);
  }

  /** What was told after `since`, each once, but for `usual`. */
  conditionsSince(since: number, ...usual: CameraState['condition'][]): string[] {
    const told = this.#statesSince(since).map(({ state }) => state.condition);
    return told.filter((condition, i) => condition !== told[i - 1] && !usual.includes(condition));
  }

  /** Waits for this condition, told after `since` (performance.now()). */
  async condition(condition: CameraState['condition'], since: number, ms: number): Promise<{ at: number; state: CameraState }> {
    return await until(
      `condition ${condition}`,
      () => {
        const states = this.#statesSince(since);
        const found = states.find(({ state }) => state.condition === condition);
        if (!found)
          throw new Error(`told since then: ${states.map(({ state }) => `${state.condition} (${state.cause})`).join(', ') || 'nothing'}`);
        return found;
      },
      { ms },
    );
  }

  /** Waits for the first frame that came after `since`. */
  async picture(since: number, ms: number): Promise<Picture> {
    return await until(`frame (the camera is ${this.state?.condition})`, () => this.pictures.find(({ at }) => at >= since), { ms });
  }

  /** Waits for so many frames after `since`. */
  async picturesAfter(since: number, count: number, ms: number): Promise<Picture[]> {
    return await until(
      `${count} frames`,
      () => {
        const found = this.pictures.filter(({ at }) => at >= since);
        return found.length >= count && found;
      },
      { ms },
    );
  }

  /** The longest time between two frames, of which the second came after `since`, in ms. */
  longestGap(since: number): number {
    const gaps = this.pictures.map(({ at }, i, all) => (at > since ? at - (all[i - 1]?.at ?? at) : 0));
    return Math.max(0, ...gaps);
  }

  #statesSince(since: number): { at: number; state: CameraState }[] {
    const told = this.on('state').filter(({ at, retained }) => at >= since && !retained);
    return told.map(({ at, payload }) => ({ at, state: JSON.parse(payload.toString()) as CameraState }));
  }

  async #count(viewers: string): Promise<void> {
    await this.#client.publishAsync(this.#topics.viewers('test'), viewers, { qos: 1, retain: true });
  }
}

/** A viewer of the camera `id` that leaves with the test. */
export async function lookAt(t: Scope, { url, username, password }: Login, id: string): Promise<Viewer> {
  const client = await mqtt.connectAsync(url, { username, password, protocolVersion: 5, reconnectPeriod: 0 });
  const viewer = new Viewer(client, id);
  defer(t, () => viewer.close());
  await viewer.open();
  return viewer;
}

/** The camera's own bytes of a published frame: without the stamp. */
export function withoutStamp({ stamp, jpeg }: Picture): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(2 + stampLength(stamp.seq))]);
}
