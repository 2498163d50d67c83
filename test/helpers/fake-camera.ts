import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Bus } from '../../services/shared/bus.ts';
import { type Answer, type CameraState, cameraTopics, parseTopic, type Stamp } from '../../services/shared/contract.ts';
import type { Knobs } from '../../services/shared/knob.ts';
import { defer, type Scope } from './cleanup.ts';
import { type Frames, jpegFrames } from './frames.ts';
import { keepLog } from './kept-log.ts';
import { jpegSize, stamped } from './pictures.ts';
import { until } from './until.ts';

/** Where a fake camera finds its broker: in this process, or without one at `url`. */
export interface CameraBus {
  broker?: { connect(): Duplex };
  url?: string;
  login(user: string): { username?: string; password?: string };
}

export interface Command {
  setting: string;
  wanted: string;
}

/** What a fake camera does with a command: its answer, as far as it differs from "done"; null to say nothing. */
export type Obey = (command: Command) => Partial<Answer> | null | Promise<Partial<Answer> | null>;

/** The JPEG files of `jpegFrames`, read. */
export async function readFrames(frames: Frames): Promise<Buffer[]> {
  const dir = await jpegFrames(frames);
  return readdirSync(dir)
    .sort()
    .map((name) => readFileSync(join(dir, name)));
}

/** Calls `work` so many times a second, in the mean exactly, until it is stopped. */
export function pacer(fps: number, work: () => void): () => void {
  const began = performance.now();
  let done = 0;
  let timer: NodeJS.Timeout;
  const next = () => {
    timer = setTimeout(
      () => {
        done++;
        work();
        next();
      },
      Math.max(0, began + (done * 1000) / fps - performance.now()),
    );
  };
  next();
  return () => clearTimeout(timer);
}

/** A camera service as the bus sees it: real JPEG frames, stamped, at a rate, with status, state and Last Will. */
export class FakeCamera {
  readonly id: string;
  readonly bus: Bus;
  readonly topics: ReturnType<typeof cameraTopics>;
  /** All that was published, whether or not the bus took it. */
  readonly sent: Stamp[] = [];
  /** All that came on its `…/set` topics. */
  readonly commands: Command[] = [];
  readonly #frames: Buffer[];
  #stop = () => {};
  #stream: Duplex | undefined;

  constructor({ broker, url, login }: CameraBus, id: string, frames: Buffer[]) {
    this.id = id;
    this.#frames = frames;
    this.topics = cameraTopics('homeguard', id);
    this.bus = new Bus({
      url: url ?? 'mqtt://127.0.0.1',
      clientId: `homeguard-camera-${id}`,
      credentials: () => login('camera'),
      will: { topic: this.topics.status, payload: 'offline' },
      maxPacketBytes: 1 << 20,
      ...(broker && {
        connect: () => {
          this.#stream = broker.connect();
          return this.#stream;
        },
      }),
      log: keepLog().log,
    });
    this.bus.announce(this.topics.status, 'online');
    this.setState('live');
  }

  setState(condition: CameraState['condition'], more: Partial<CameraState> = {}): void {
    const [first] = this.#frames;
    const size = first ? jpegSize(first) : { width: 1280, height: 720 };
    const state: CameraState = {
      condition,
      cause: null,
      advice: null,
      since: new Date().toISOString(),
      device: { path: '/dev/video0', name: 'Fake Webcam', bus: 'usb-1' },
      format: { pixel: 'MJPG', ...size, fps: 30, encoded: false },
      ...more,
    };
    this.bus.announce(this.topics.state, JSON.stringify(state));
  }

  /** Takes commands from now on, with `settings` in its state. */
  takeCommands(settings: Knobs, obey: Obey = () => ({})): void {
    const take = async (topic: string, wanted: string) => {
      const setting = parseTopic('homeguard', topic)?.rest.replace(/\/set$/, '') ?? '';
      this.commands.push({ setting, wanted });
      const answer = await obey({ setting, wanted });
      if (answer) await this.answer({ setting, wanted, value: null, refused: null, ...answer });
    };
    for (const filter of [this.topics.set('+'), this.topics.set('controls/+')]) {
      this.bus.subscribe(filter, ({ topic, payload }) => void take(topic, payload.toString()));
    }
    this.setState('live', { settings });
  }

  answer(answer: Answer): Promise<boolean> {
    return this.bus.deliver(this.topics.answer, JSON.stringify(answer));
  }

  /** Publishes a picture, stamped, on the snapshot topic, retained. */
  sendSnapshot(jpeg: Buffer, seq: number, t = Date.now() * 1000): Promise<boolean> {
    return this.bus.deliver(this.topics.snapshot, stamped(jpeg, seq, t), { retain: true, stamp: { seq, t } });
  }

  /** Publishes one frame; false when the bus did not take it. */
  send(): boolean {
    const seq = this.sent.length + 1;
    const stamp = { seq, t: Date.now() * 1000 };
    const jpeg = this.#frames[seq % this.#frames.length] ?? Buffer.alloc(0);
    this.sent.push(stamp);
    return this.bus.publishPicture(this.topics.frame, stamped(jpeg, seq, stamp.t), stamp);
  }

  /** Publishes frames from now on, until `pause`. */
  play(fps = 30): void {
    this.#stop();
    this.#stop = pacer(fps, () => this.send());
  }

  pause(): void {
    this.#stop();
  }

  /** Ends as by SIGKILL: the broker sees the connection break. */
  async kill(): Promise<void> {
    this.pause();
    this.#stream?.destroy();
    await this.bus.close();
  }

  async stop(): Promise<void> {
    this.pause();
    await this.bus.close({ [this.topics.status]: 'offline' });
  }
}

/** A fake camera that is connected, and ends with the test. */
export async function startCamera(t: Scope, bus: CameraBus, id: string, frames: Buffer[]): Promise<FakeCamera> {
  const camera = new FakeCamera(bus, id, frames);
  defer(t, () => camera.kill());
  await until(`camera ${id} on the bus`, () => camera.bus.connected);
  return camera;
}
