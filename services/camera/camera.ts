import path from 'node:path';
import type { Duplex } from 'node:stream';
import { Bus } from '../shared/bus.ts';
import { cameraTopics, clientIdPrefix, type Stamp } from '../shared/contract.ts';
import { type Knobs, textOf } from '../shared/knob.ts';
import type { Logger } from '../shared/log.ts';
import { Pulse } from '../shared/pulse.ts';
import type { CameraSettings } from '../shared/settings.ts';
import { Audience } from './audience.ts';
import { Capture, type SourceListener } from './capture.ts';
import { credentialsOf } from './credentials.ts';
import { isCharacterDevice } from './device/device.ts';
import { Finder, type Found } from './device/finder.ts';
import type { Mode } from './device/mode.ts';
import { Plug } from './device/plug.ts';
import { Discovery } from './discovery/discovery.ts';
import { type FfmpegProgram, findFfmpeg } from './ffmpeg.ts';
import type { Format } from './format-meter.ts';
import type { Wanted } from './job.ts';
import { Journal } from './journal.ts';
import { Choices } from './knobs/choices.ts';
import { Commands } from './knobs/commands.ts';
import type { Doctor } from './knobs/doctor.ts';
import { sizeText } from './knobs/knobs.ts';
import { type Crew, obey } from './knobs/obey.ts';
import { userOf } from './knobs/outcome.ts';
import { Panel } from './knobs/panel.ts';
import { Snapshots } from './knobs/snapshots.ts';
import { Values } from './knobs/values.ts';
import { Outlet } from './outlet.ts';
import { Report } from './report.ts';
import { SmallStream } from './small/small-stream.ts';
import { parseSource, publicUrl, type Source } from './source.ts';
import { checkFile, type Target } from './target.ts';
import { LOOK_ROOTS, type LookRoots } from './trouble/look.ts';
import { slowness } from './trouble/low-light.ts';

/** A gateway that has just come need not wait for the next one. */
const TELEMETRY = { everyMs: 30_000, soonMs: 1_000 };
/** We are sent counts and commands only. */
const MAX_PACKET_BYTES = 64 << 10;
/** Of what we encode, while nobody has set another. */
const QUALITY = 90;

export interface CameraTools {
  log: Logger;
  /** A connection to the broker within the process. */
  connect?: () => Duplex;
  /** Where devices are looked for; tests have folders of their own. */
  roots?: Partial<LookRoots>;
  /** Who looks at the camera when somebody wishes; without him nobody can. */
  doctor?: Pick<Doctor, 'examine'>;
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
  readonly #journal: Journal;
  readonly #discovery: Discovery;
  readonly #finder: Finder;
  readonly #plug: Plug;
  readonly #choices: Choices;
  readonly #panel: Panel;
  readonly #capture: Capture;
  readonly #snapshots: Snapshots;
  readonly #report: Report;
  readonly #audience: Audience;
  readonly #outlet: Outlet;
  readonly #values: Values;
  readonly #small: SmallStream;
  readonly #telemetry = new Pulse(TELEMETRY, () => this.#sendTelemetry());
  #mode: Mode | null = null;
  #found: Found | null = null;

  constructor(
    { mqtt, camera, frameMaxBytes, dataDir }: CameraSettings,
    { source, program, credentials, connect, roots, log, doctor }: Parts,
  ) {
    this.#journal = new Journal(log.child({ service: 'camera', camera: camera.id }));
    this.#journal.begin(source.kind === 'url' ? publicUrl(source.url) : camera.source);
    this.#settings = camera;
    this.#topics = cameraTopics(mqtt.prefix, camera.id);
    const will = { topic: this.#topics.status, payload: 'offline' };
    const clientId = `${clientIdPrefix(mqtt.prefix, 'camera')}${camera.id}`;
    const { url, tlsCa } = mqtt;
    this.#bus = new Bus({ url, tlsCa, clientId, credentials, will, maxPacketBytes: MAX_PACKET_BYTES, connect, log: this.#journal.log });
    this.#values = new Values(this.#bus, this.#topics);
    const places = { ...LOOK_ROOTS, ...roots };
    this.#finder = new Finder(places);
    this.#plug = new Plug([places.dev, ...(source.kind === 'device' ? [path.dirname(source.path)] : [])]);
    const given = { fps: String(camera.fps), resolution: sizeText(camera.size), quality: String(QUALITY) };
    this.#choices = new Choices(dataDir, camera.id, given, (text) => this.#journal.log.warn(text));
    this.#panel = this.#createPanel(source, this.#journal.log);
    this.#report = new Report(
      { name: camera.name ?? camera.id, settings: this.#panel.knobs, off: this.#isOff },
      () => new Date(),
      (state) => {
        this.#journal.tell(state);
        this.#bus.announce(this.#topics.state, JSON.stringify(state));
        this.#discovery?.changed();
      },
    );
    this.#discovery = this.#createDiscovery(mqtt);
    const options = { program, maxBytes: frameMaxBytes, roots: places, finder: this.#finder, plug: this.#plug };
    this.#capture = new Capture(source, this.#panel.wanted, options, this.#listener());
    const send = (jpeg: Buffer, stamp: Stamp) => void this.#bus.publishPicture(this.#topics.small, jpeg, stamp);
    this.#small = new SmallStream({ program, maxBytes: frameMaxBytes, log: this.#journal.log, send });
    this.#audience = new Audience({
      always: camera.always,
      isNeeded: () => camera.previewFps > 0 || this.#snapshots.isBusy,
      isOff: () => this.#isOff,
      source: this.#capture,
      close: () => this.#close(),
      tell: (news) => this.#report.update(news),
      wantSmall: (fps) => this.#small.want(fps),
    });
    this.#outlet = new Outlet({
      bus: this.#bus,
      topics: this.#topics,
      previewFps: camera.previewFps,
      isWatched: () => this.#audience.isWatching,
      isAwaited: () => this.#snapshots.isWaiting || this.#small.isDue,
      offer: (taken, size) => {
        this.#snapshots.offer(taken);
        this.#small.offer(taken, size);
      },
    });
    this.#snapshots = new Snapshots({
      take: (shot) => this.#capture.take(shot),
      stamp: (frame) => this.#outlet.stamp(frame),
      state: () => this.#report.state,
      changed: () => this.#audience.look(),
      send: (taken) => this.#bus.deliver(this.#topics.snapshot, taken.jpeg, { retain: true, stamp: taken.stamp, user: userOf(taken) }),
    });
    const crew: Crew = {
      snapshots: this.#snapshots,
      panel: this.#panel,
      capture: this.#capture,
      camera: camera.id,
      doctor,
      send: (checkup) => this.#bus.deliver(this.#topics.doctor, JSON.stringify(checkup), { user: userOf(checkup) }),
    };
    new Commands({
      bus: this.#bus,
      topics: this.#topics,
      log: this.#journal.log,
      closed: [mqtt.prefix, mqtt.discoveryPrefix],
      obey: (setting, text) => obey(setting, text, crew),
      valueOf: (setting) => settingText(this.#panel.knobs, setting),
    });
  }

  start(): void {
    this.#telemetry.start();
    this.#discovery.start();
    this.#bus.announce(this.#topics.status, 'online');
    this.#values.tell(this.#panel.knobs);
    this.#bus.onChange((connected) => connected && this.#onConnected());
    this.#bus.subscribe(this.#topics.viewers('+'), ({ topic, payload }) => {
      this.#audience.count(topic, payload.toString());
      this.#telemetry.soon();
    });
    this.#bus.subscribe(this.#topics.smallViewers('+'), ({ topic, payload }) => {
      this.#audience.countSmall(topic, payload.toString());
      this.#telemetry.soon();
    });
    this.#audience.look();
    if (!this.#capture.isOpen)
      void this.#capture.look().then((seen) => seen && this.#panel.opening(seen.target.input.kind, seen.target.found));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#audience[Symbol.dispose]();
    this.#telemetry.stop();
    await Promise.all([this.#capture.close(), this.#small.close()]);
    this.#plug[Symbol.dispose]();
    this.#discovery[Symbol.dispose]();
    await this.#bus.close({ [this.#topics.status]: 'offline', [this.#topics.preview]: '' });
  }

  get #isOff(): boolean {
    return this.#choices.capture === 'OFF';
  }

  #createPanel(source: Source, log: Logger): Panel {
    const { size, fps } = this.#settings;
    return new Panel(source.kind === 'file' || source.kind === 'url' || source.kind === 'test' ? source.kind : 'device', {
      choices: this.#choices,
      given: { size, fps, quality: QUALITY },
      finder: this.#finder,
      log,
      changed: (knobs) => {
        this.#report.update({ settings: knobs });
        this.#values.tell(knobs);
      },
      want: (wanted) => this.#capture.want(wanted),
      switched: () => this.#onSwitched(),
    });
  }

  #createDiscovery({ prefix, discoveryPrefix }: CameraSettings['mqtt']): Discovery {
    const { id, name, previewFps } = this.#settings;
    return new Discovery({
      bus: this.#bus,
      subject: { id, name, previewFps, topics: this.#topics, telemetryMs: TELEMETRY.everyMs },
      prefix,
      discoveryPrefix,
      look: () => ({ state: this.#report.state, insight: this.#panel.insight }),
      greet: () => this.#telemetry.soon(),
    });
  }

  #listener(): SourceListener {
    return {
      opening: (target, wanted, mode, again) => this.#onOpening(target, wanted, mode, again),
      wanted: () => this.#outlet.isOpen,
      whole: (frame) => {
        this.#report.settle();
        this.#outlet.pass(frame);
      },
      skipped: (bytes) => this.#outlet.skip(bytes),
      corrupt: (reason) => this.#outlet.tally.corrupt(reason),
      format: (format) => this.#onFormat(format),
      trouble: (trouble) => this.#report.update({ trouble, format: null, hint: null }),
    };
  }

  async #onOpening({ input, device, found, standIn }: Target, wanted: Wanted, mode: Mode | null, again: boolean): Promise<void> {
    if (again) this.#outlet.tally.restart();
    if (mode) this.#journal.nearest(mode, wanted);
    this.#mode = mode;
    this.#found = found;
    const isOther = device.path !== this.#report.state.device?.path;
    const news = { device, standIn, name: this.#settings.name ?? device.name ?? this.#settings.id };
    this.#report.update(isOther ? { ...news, trouble: null, format: null, hint: null } : news);
    await this.#panel.opening(input.kind, found);
  }

  #onFormat(format: Format): void {
    if (this.#found) this.#finder.settle(this.#found);
    const hint = slowness(format, this.#mode, this.#panel.knobs);
    this.#report.update({ format, hint });
    this.#panel.measured(format);
  }

  /** Off: the device is closed, and nobody finds a picture of before. */
  #onSwitched(): void {
    this.#report.update({ off: this.#isOff, trouble: null, hint: null });
    if (this.#isOff) {
      this.#close();
      void this.#bus.deliver(this.#topics.preview, '', { retain: true });
    }
    this.#audience.look();
  }

  #onConnected(): void {
    this.#audience.recount();
    this.#telemetry.soon();
    if (this.#isOff) void this.#bus.deliver(this.#topics.preview, '', { retain: true });
  }

  #close(): void {
    void this.#capture.close();
    void this.#small.close();
    this.#report.update({ open: false, trouble: null, hint: null, format: null });
  }

  #sendTelemetry(): void {
    const now = { viewers: this.#audience.viewers, memory: process.memoryUsage.rss() };
    this.#bus.publish(this.#topics.telemetry, JSON.stringify(this.#outlet.tally.report(now, performance.now())));
  }
}

function settingText(knobs: Knobs, setting: string): string | null {
  const knob = knobs[setting];
  return knob ? textOf(knob) : null;
}
