import type { Duplex } from 'node:stream';
import { Bus } from '../shared/bus.ts';
import { cameraTopics } from '../shared/contract.ts';
import type { Logger } from '../shared/log.ts';
import { Pace } from '../shared/pace.ts';
import { readSecret } from '../shared/secrets.ts';
import type { CameraSettings } from '../shared/settings.ts';
import { Capture, type SourceListener } from './capture.ts';
import { wallMicroseconds } from './clock.ts';
import { Demand } from './demand.ts';
import { DEVICE_ROOTS, type DeviceRoots, isCharacterDevice } from './device.ts';
import { type FfmpegProgram, findFfmpeg } from './ffmpeg.ts';
import type { Frame } from './frames.ts';
import { Journal } from './journal.ts';
import { Report } from './report.ts';
import { parseSource, type Source } from './source.ts';
import { Tally } from './tally.ts';
import { checkFile, type Target } from './target.ts';

const TELEMETRY_MS = 30_000;
/** A preview that is older than this is none (MQTT 5 brokers then forget it). */
const PREVIEW_EXPIRY_S = 10;
/** A page that is loaded again leaves for a moment: the source stays open for so long. */
const LINGER_MS = 2_000;
/** After a reconnection the counters' retained values are back by then. */
const RECOUNT_MS = 2_000;
/** We are sent counts only. */
const MAX_PACKET_BYTES = 64 << 10;

export interface CameraTools {
  log: Logger;
  /** A connection to the broker within the process. */
  connect?: () => Duplex;
  /** Where devices are looked for; tests have folders of their own. */
  roots?: DeviceRoots;
}

/**
 * Starts a camera: its source's frames go to the bus while somebody wants them. Resolves when everything is under way; source and
 * broker may come later. Disposing of it says `offline`, ends ffmpeg and the connection.
 * @throws FaultError when there is no ffmpeg, or no such file
 */
export async function startCamera(settings: CameraSettings, tools: CameraTools, signal: AbortSignal): Promise<AsyncDisposable> {
  const source = parseSource(settings.camera.source, isCharacterDevice);
  checkFile(source);
  const credentials = credentialsOf(settings);
  const program = await findFfmpeg();
  signal.throwIfAborted();
  const camera = new Camera(settings, { ...tools, source, program, credentials });
  camera.start();
  return camera;
}

interface Parts extends CameraTools {
  source: Source;
  program: FfmpegProgram;
  credentials: () => { username?: string; password?: string };
}

class Camera implements AsyncDisposable {
  readonly #settings: CameraSettings['camera'];
  readonly #topics: ReturnType<typeof cameraTopics>;
  readonly #bus: Bus;
  readonly #capture: Capture;
  readonly #report: Report;
  readonly #demand = new Demand();
  readonly #previewPace: Pace;
  readonly #tally = new Tally(performance.now());
  #telemetryTimer: NodeJS.Timeout | undefined;
  #recountTimer: NodeJS.Timeout | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #previewDue = false;
  #isStopping = false;

  constructor({ mqtt, camera, frameMaxBytes }: CameraSettings, { source, program, credentials, connect, roots, log }: Parts) {
    const journal = new Journal(log.child({ service: 'camera', camera: camera.id }));
    this.#settings = camera;
    this.#topics = cameraTopics(mqtt.prefix, camera.id);
    this.#previewPace = new Pace(camera.previewFps);
    const will = { topic: this.#topics.status, payload: 'offline' };
    const clientId = `${mqtt.prefix.replaceAll('/', '-')}-camera-${camera.id}`;
    this.#bus = new Bus({ url: mqtt.url, clientId, credentials, will, maxPacketBytes: MAX_PACKET_BYTES, connect, log: journal.log });
    this.#report = new Report(
      camera.name ?? camera.id,
      () => new Date(),
      (state) => {
        journal.tell(state);
        this.#bus.announce(this.#topics.state, JSON.stringify(state));
      },
    );
    const wanted = { size: camera.size, fps: camera.fps };
    this.#capture = new Capture(source, { program, wanted, maxBytes: frameMaxBytes, roots: roots ?? DEVICE_ROOTS }, this.#listener());
  }

  start(): void {
    this.#telemetryTimer = setInterval(() => this.#sendTelemetry(), TELEMETRY_MS);
    this.#bus.announce(this.#topics.status, 'online');
    this.#bus.onChange((connected) => connected && this.#recount());
    this.#bus.subscribe(this.#topics.viewers('+'), ({ topic, payload }) => this.#onCount(topic, payload));
    this.#onDemand();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#telemetryTimer);
    clearTimeout(this.#recountTimer);
    clearTimeout(this.#lingerTimer);
    await this.#capture.close();
    await this.#bus.close({ [this.#topics.status]: 'offline', [this.#topics.preview]: '' });
  }

  /** Does somebody want every frame? */
  get #isWatched(): boolean {
    return this.#settings.always || this.#demand.viewers > 0;
  }

  #listener(): SourceListener {
    return {
      opening: (target, again) => this.#onOpening(target, again),
      wanted: () => this.#isWanted(),
      whole: (frame) => this.#onFrame(frame),
      skipped: (bytes) => this.#onSkipped(bytes),
      corrupt: () => this.#tally.corrupt(),
      format: (format) => this.#report.update({ format }),
      trouble: (trouble) => this.#report.update({ trouble, format: null }),
    };
  }

  #onOpening({ device, standIn }: Target, again: boolean): void {
    if (again) this.#tally.restart();
    const isOther = device.path !== this.#report.state.device?.path;
    const news = { device, standIn, name: this.#settings.name ?? device.name ?? this.#settings.id, format: null };
    this.#report.update(isOther ? { ...news, trouble: null } : news);
  }

  #isWanted(): boolean {
    if (!this.#bus.connected) return false;
    this.#previewDue ||= this.#previewPace.admit(performance.now());
    return this.#previewDue || this.#isWatched;
  }

  #onFrame(frame: Frame): void {
    const stamp = { seq: this.#tally.frame(frame.bytes), t: wallMicroseconds() };
    this.#report.settle();
    const jpeg = frame.stamped(stamp);
    if (this.#isWatched && !this.#bus.publishPicture(this.#topics.frame, jpeg, stamp)) this.#tally.dropped();
    if (this.#previewDue && this.#bus.publishPicture(this.#topics.preview, jpeg, stamp, { expirySeconds: PREVIEW_EXPIRY_S })) {
      this.#previewDue = false;
    }
  }

  #onSkipped(bytes: number): void {
    this.#tally.frame(bytes);
    if (this.#isWatched) this.#tally.dropped();
  }

  #onCount(topic: string, payload: Buffer): void {
    this.#demand.count(topic.slice(topic.lastIndexOf('/') + 1), payload.toString());
    this.#onDemand();
  }

  /** On a new connection the counters come anew; until then the old ones hold, so that frames go on flowing. */
  #recount(): void {
    if (this.#isStopping) return;
    this.#demand.doubtAll();
    clearTimeout(this.#recountTimer);
    this.#recountTimer = setTimeout(() => {
      this.#demand.forgetDoubted();
      this.#onDemand();
    }, RECOUNT_MS);
  }

  /** Opens the source when it is wanted, and closes it some time after nobody wants it. */
  #onDemand(): void {
    if (this.#isStopping) return;
    clearTimeout(this.#lingerTimer);
    if (this.#isWatched || this.#settings.previewFps > 0) {
      this.#capture.open();
      this.#report.update({ watched: this.#isWatched, open: true });
      return;
    }
    this.#report.update({ watched: false });
    if (this.#capture.isOpen) this.#lingerTimer = setTimeout(() => this.#close(), LINGER_MS);
    else this.#report.update({ open: false });
  }

  #close(): void {
    void this.#capture.close();
    this.#report.update({ open: false, trouble: null, format: null });
  }

  #sendTelemetry(): void {
    this.#bus.publish(this.#topics.telemetry, JSON.stringify(this.#tally.report(this.#demand.viewers, performance.now())));
  }
}

/**
 * The user that was named, else the own broker's, whose password it may make only after we began.
 * @throws FaultError when there is a password that we may not read; later that only means no login
 */
function credentialsOf({ mqtt, dataDir }: CameraSettings): () => { username?: string; password?: string } {
  if (mqtt.username) return () => ({ username: mqtt.username, password: mqtt.password });
  const read = () => readSecret(dataDir, 'mqtt-camera');
  let password = read();
  return () => {
    try {
      password = read();
    } catch {
      // The last one known is the best there is; the bus says when it refuses it.
    }
    return password ? { username: 'camera', password } : {};
  };
}
