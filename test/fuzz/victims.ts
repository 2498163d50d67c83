import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '../helpers/cleanup.ts';
import { type FakeCamera, readFrames, startCamera } from '../helpers/fake-camera.ts';
import { processStats } from '../helpers/process-stats.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { connectMqtt, token } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, type LiveViewer, openLive } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';
import { type Assault, assault, keepInputs } from './assault.ts';
import { httpInput, type Login, mqttInput, webSocketInput } from './port-inputs.ts';

const MB = 1 << 20;
/** Batches until all code has been run, and memory has settled; what a service may grow by until then, and afterwards, in bytes. */
const WARM_UP = 60;
const MAX_WARM = 70 * MB;
const MAX_GROWTH = 20 * MB;
/** Someone who behaves is served within this time, in ms. */
const SERVED_MS = 5_000;

/** A broker and a gateway, each a process of its own, with a camera, and those who use them as one should. */
export class Victims {
  readonly ports: { mqtt: number; http: number };
  readonly assaults: Assault[];
  readonly #programs: Record<'broker' | 'gateway', Program>;
  readonly #camera: FakeCamera;
  readonly #viewer: LiveViewer;
  readonly #subscriber: Awaited<ReturnType<typeof connectMqtt>>;
  readonly #usual = new Map<string, number>();
  #heard = 0;
  #batches = 0;

  private constructor(parts: {
    ports: Victims['ports'];
    login: Login;
    programs: Record<'broker' | 'gateway', Program>;
    camera: FakeCamera;
    viewer: LiveViewer;
    subscriber: Awaited<ReturnType<typeof connectMqtt>>;
  }) {
    this.ports = parts.ports;
    this.#programs = parts.programs;
    this.#camera = parts.camera;
    this.#viewer = parts.viewer;
    this.#subscriber = parts.subscriber;
    this.#subscriber.on('message', () => this.#heard++);
    this.assaults = [
      { name: 'mqtt', port: this.ports.mqtt, input: mqttInput(parts.login) },
      { name: 'http', port: this.ports.http, input: httpInput(parts.login) },
      { name: 'websocket', port: this.ports.http, input: webSocketInput(parts.login) },
    ];
  }

  static async start(t: Scope): Promise<Victims> {
    const dataDir = makeWorkDir(t);
    const env = { DATA_DIR: dataDir, GATEWAY_TOKEN: token, LOG_FORMAT: 'json' };
    const broker = startProgram(t, { main: 'services/broker/main.ts', env });
    const [, mqtt = ''] = await broker.outputMatching(/open on 127\.0\.0\.1:(\d+)/);
    const url = `mqtt://127.0.0.1:${mqtt}`;
    const login = (username: string) => ({ username, password: readFileSync(join(dataDir, `secrets/mqtt-${username}`), 'utf8').trim() });
    const camera = await startCamera(t, { url, login }, 'front', await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 }));
    camera.takeCommands({ fps: { type: 'number', label: 'Rate', value: 30, default: 30, min: 1, max: 60, step: 1 } });
    camera.play();
    const gateway = startProgram(t, { main: 'services/gateway/main.ts', env: { ...env, MQTT_URL: url } });
    const [, http = ''] = await gateway.outputMatching(/serving on 127\.0\.0\.1:(\d+)/);
    const page = `http://127.0.0.1:${http}/`;
    await until('the camera', async () => (await fetch(`${page}cameras/front`, { headers: bearer })).ok, { ms: 15_000 });
    const viewer = await openLive(t, `${page}cameras/front/ws`);
    const subscriber = await connectMqtt(t, url, { ...login('homeassistant'), protocolVersion: 5 });
    await subscriber.subscribeAsync('homeguard/front/frame');
    const victims = new Victims({
      ports: { mqtt: Number(mqtt), http: Number(http) },
      login: { ...login('homeassistant'), token },
      ...{ programs: { broker, gateway }, camera, viewer, subscriber },
    });
    await victims.assertWell();
    victims.#noteMemory();
    return victims;
  }

  /** One batch at each port. What does not hold afterwards fails with the seed, and the batch is kept. */
  async suffer(seed: number): Promise<number> {
    const done = await Promise.all(this.assaults.map(async (each) => ({ ...(await assault(each, seed)), name: each.name })));
    try {
      const faults = done.flatMap(({ answers }) => answers.filter((answer) => /^HTTP\/1\.1 5(?!0[34])/.test(answer)));
      assert.deepEqual(faults, [], 'an answer that is a fault of ours');
      await this.assertWell();
      this.#assertFlat(this.#batches < WARM_UP ? MAX_WARM : MAX_GROWTH);
      if (++this.#batches === WARM_UP) this.#noteMemory();
    } catch (error) {
      const files = done.map(({ name, inputs }) => keepInputs(name, seed, inputs));
      throw new Error(`batch ${seed}: ${(error as Error).message}\n${files.join('\n')}\nnpm run fuzz -- --ports ${seed}`, { cause: error });
    }
    return done.reduce((sum, { inputs }) => sum + inputs.length, 0);
  }

  /** Everybody who behaves is served, and the log holds no fault of ours. */
  async assertWell(): Promise<void> {
    for (const [name, program] of Object.entries(this.#programs)) {
      assert.doesNotMatch(
        program.output,
        /^ {2,}at .*\d+\)?$|"level":(50|60|"error")/m,
        `a fault in the log of the ${name}: ${program.output.slice(-2_000)}`,
      );
      assert.ok(processStats(program.pid), `the ${name} has ended`);
    }
    const [seen, heard, sent] = [this.#viewer.pictures.length, this.#heard, this.#camera.sent.length];
    await until('frame of the camera', () => this.#camera.sent.length > sent, { ms: SERVED_MS });
    await until('picture for the viewer', () => this.#viewer.pictures.length > seen, { ms: SERVED_MS });
    await until('picture for the subscriber', () => this.#heard > heard, { ms: SERVED_MS });
    const health = await fetch(`http://127.0.0.1:${this.ports.http}/healthz`, { signal: AbortSignal.timeout(SERVED_MS) });
    assert.equal(health.status, 200);
  }

  /** Resident memory of each, in MB, and what it was once it had settled. */
  get memory(): Record<string, { now: number; usual: number }> {
    const of = (bytes = 0) => Math.round(bytes / MB);
    return Object.fromEntries(
      Object.entries(this.#programs).map(([name, { pid }]) => {
        return [name, { now: of(processStats(pid)?.rssBytes), usual: of(this.#usual.get(name)) }];
      }),
    );
  }

  #noteMemory(): void {
    for (const [name, { pid }] of Object.entries(this.#programs)) this.#usual.set(name, processStats(pid)?.rssBytes ?? 0);
  }

  #assertFlat(most: number): void {
    for (const [name, { pid }] of Object.entries(this.#programs)) {
      const grown = (processStats(pid)?.rssBytes ?? Number.POSITIVE_INFINITY) - (this.#usual.get(name) ?? 0);
      assert.ok(grown <= most, `the ${name} has grown by ${Math.round(grown / MB)} MB`);
    }
  }
}
