import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CameraTools, startCamera } from '../../services/camera/camera.ts';
import { type CameraState, readStamp, type Stamp, stampLength } from '../../services/shared/contract.ts';
import { defer, type Scope } from './cleanup.ts';
import { type Fakecam, fakecamEnv } from './fakecam.ts';
import { type KeptLine, keepLog } from './kept-log.ts';
import { type Program, startProgram } from './program.ts';
import { connectMqtt, type Env, type Received, receive, type TestBus, testSettings } from './services.ts';
import { makeWorkDir } from './work-dir.ts';

export interface TestCamera {
  lines: KeptLine[];
  stop(): Promise<void>;
}

/** A camera in this process, on that broker. */
export async function startTestCamera(t: Scope, bus: TestBus, env: Env, roots?: CameraTools['roots']): Promise<TestCamera> {
  const settings = testSettings(t, { MQTT_URL: bus.url, DATA_DIR: bus.settings.dataDir, ...env });
  const [entry] = settings.cameras;
  const { log, lines } = keepLog();
  const camera = { ...settings.camera, id: entry?.id ?? 'camera', source: entry?.source ?? 'device' };
  const running = await startCamera({ ...settings, camera }, { log, roots }, new AbortController().signal);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= Promise.resolve(running[Symbol.asyncDispose]());
    return stopped;
  };
  defer(t, stop);
  return { lines, stop };
}

/** The camera service's own program, as it is deployed, on that broker. */
export function startCameraProgram(t: Scope, bus: TestBus, env: Env): Program {
  return startProgram(t, { main: 'services/camera/main.ts', env: { MQTT_URL: bus.url, DATA_DIR: bus.settings.dataDir, ...env } });
}

/** A webcam at a node of the test's own that ffmpeg, started from this process, finds. Returns the node's path. */
export async function plugIn(t: Scope, camera: Fakecam): Promise<string> {
  const env = await fakecamEnv(t, camera);
  const before = { ...process.env };
  Object.assign(process.env, env);
  defer(t, () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  return env.FAKECAM_PATH ?? '';
}

/** All that the bus says of one camera; `frames` are asked for only with `watch`. */
export class Viewer {
  readonly received: Received[];
  readonly #topic: string;
  readonly #watch: () => Promise<void>;
  readonly #leave: () => Promise<void>;

  constructor(received: Received[], topic: string, watch: () => Promise<void>, leave: () => Promise<void>) {
    this.received = received;
    this.#topic = topic;
    this.#watch = watch;
    this.#leave = leave;
  }

  /** Wants every frame from now on. */
  watch(): Promise<void> {
    return this.#watch();
  }

  leave(): Promise<void> {
    return this.#leave();
  }

  on(name: string): Received[] {
    return this.received.filter(({ topic }) => topic === `${this.#topic}/${name}`);
  }

  get frames(): Buffer[] {
    return this.on('frame').map(({ payload }) => payload);
  }

  get states(): CameraState[] {
    return this.on('state').map(({ payload }) => JSON.parse(payload.toString()) as CameraState);
  }

  get state(): CameraState | undefined {
    return this.states.at(-1);
  }

  /** One after the other, each once. */
  get conditions(): string[] {
    return this.states.map(({ condition }) => condition).filter((condition, i, all) => condition !== all[i - 1]);
  }
}

/** A viewer as a gateway is one: it counts itself, and subscribes. */
export async function lookAt(t: Scope, bus: TestBus, id = 'camera'): Promise<Viewer> {
  const client = await connectMqtt(t, bus.url, { protocolVersion: 5, ...bus.login('gateway') });
  const topic = `homeguard/${id}`;
  const received = await receive(client, `${topic}/state`);
  await client.subscribeAsync([`${topic}/status`, `${topic}/preview`, `${topic}/telemetry`]);
  const count = (viewers: string) => client.publishAsync(`${topic}/viewers/test`, viewers, { qos: 1, retain: true });
  const watch = async () => {
    await client.subscribeAsync(`${topic}/frame`, { qos: 0 });
    await count('1');
  };
  const leave = async () => {
    await client.unsubscribeAsync(`${topic}/frame`);
    await count('');
  };
  return new Viewer(received, topic, watch, leave);
}

/** Stamp and camera's bytes of a published frame. */
export function takeApart(frame: Buffer): { stamp: Stamp; bytes: Buffer } {
  const stamp = readStamp(frame);
  if (!stamp) throw new Error('a frame without a stamp');
  return { stamp, bytes: Buffer.concat([frame.subarray(0, 2), frame.subarray(2 + stampLength(stamp.seq))]) };
}

export function readFolder(dir: string): Buffer[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => readFileSync(join(dir, name)));
}

/** A folder for PATH with a program `ffmpeg` that does what `script` (JavaScript) says; `-version` is answered. */
export function fakeFfmpeg(t: Scope, script: string): string {
  const dir = makeWorkDir(t);
  const file = join(dir, 'ffmpeg');
  writeFileSync(file, `#!${process.execPath}\nif (process.argv.includes('-version')) process.exit(0);\n${script}\n`);
  chmodSync(file, 0o755);
  return dir;
}
