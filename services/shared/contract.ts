/**
 * What the services say to each other on the bus: topics, the frame's stamp, the camera's state.
 * Pure: text, bytes and numbers in, text, bytes and numbers out.
 */
import type { Knobs } from './knob.ts';

/** A camera's id: it stands in topics, paths and Home Assistant's ids. */
export const CAMERA_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** The largest frame that is passed on, in bytes. A 4K MJPEG frame of a webcam stays below 4 MB. */
export const MAX_FRAME_BYTES = 8 << 20;

/** At most so many cameras are known at once; what would go beyond is not served, and the log says so. */
export const MAX_CAMERAS = 64;

/** Every condition a camera can be in, in the words of the `state` topic. */
export const CONDITIONS = [
  'starting',
  'live',
  'idle',
  'off',
  'no-device',
  'permission-denied',
  'device-busy',
  'no-frames',
  'bad-format',
  'no-usb-bandwidth',
  'source-failed',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Payload of `{prefix}/{id}/state`. */
export interface CameraState {
  condition: Condition;
  /** What was seen, for someone who can read it: `EACCES on /dev/video0: uid 1000 …`. */
  cause: string | null;
  /** What to do about it, in one sentence a beginner can follow. */
  advice: string | null;
  /** When the condition began, ISO 8601 in UTC. */
  since: string;
  /** The name people see; not in the first contract, so it may be absent with other publishers. */
  name?: string;
  /** True while ffmpeg's test picture stands in for a camera. */
  test?: boolean;
  device: { path: string | null; name: string | null; bus: string | null } | null;
  format: { pixel: string; width: number; height: number; fps: number; encoded: boolean } | null;
  /** The size of the small pictures that a camera makes for those who can show no more; null: it makes none. Not in the first contract. */
  small?: { width: number; height: number } | null;
  /** What can be set now, with ranges, menus and values; not in the first contract. */
  settings?: Knobs;
}

/** Payload of `{prefix}/{id}/answer`: what became of a command. */
export interface Answer {
  /** `fps`, `controls/brightness`, `snapshot`. */
  setting: string;
  /** The command's payload. */
  wanted: string;
  /** The true value now; null where there is none. */
  value: string | null;
  /** Why nothing was changed, in a sentence; null when it was done. */
  refused: string | null;
  /** Of a snapshot, and of the doctor: as whoever asked has named it. Not in the first contract. */
  id?: string;
  /** Of what was refused since it came too soon: after so many seconds it may be tried again. Not in the first contract. */
  retry_s?: number;
}

/** Payload of `{prefix}/{id}/telemetry`, counted since the camera service began. */
export interface Telemetry {
  fps: number;
  frames: number;
  dropped: number;
  corrupt: number;
  bytes: number;
  restarts: number;
  viewers: number;
  uptime_s: number;
  /** `dropped` and `corrupt` by their causes; not in the first contract, so these two may be absent with other publishers. */
  drops?: Record<string, number>;
  /** Resident memory of the service's process, in bytes. */
  memory?: number;
}

/** Payload of `brokerTelemetryTopic`, counted since the broker began. */
export interface BrokerTelemetry {
  /** Connected now, and the subscriptions of all of them. */
  clients: number;
  subscriptions: number;
  /** Pictures that came, that went out to subscribers, and that a slow subscriber did not get. */
  frames_in: number;
  frames_out: number;
  dropped: number;
  slow_closed: number;
  logins_refused: number;
  memory: number;
  uptime_s: number;
  /** Where there is a bridge to the house's broker: 1 while it is connected to it, else 0. */
  bridge?: number;
}

/** Where our own broker tells of itself every 30 s. `_broker` cannot be a camera's id. */
export function brokerTelemetryTopic(prefix: string): string {
  return `${prefix}/_broker/telemetry`;
}

/** Where the gateway lists all cameras, retained JSON. No camera's topic has but one level below the prefix. */
export function camerasTopic(prefix: string): string {
  return `${prefix}/cameras`;
}

/** Where the gateway tells the address of its page, retained, so that others can link to it. */
export function pageTopic(prefix: string): string {
  return `${prefix}/_gateway/page`;
}

/** Where bridges to the house's broker tell each other of themselves. `_bridge` cannot be a camera's id. */
export function bridgeTopic(prefix: string): string {
  return `${prefix}/_bridge/hello`;
}

/** Where a camera's discovery for Home Assistant stands, retained. */
export function discoveryTopic(discoveryPrefix: string, id: string): string {
  return `${discoveryPrefix}/device/homeguard_${id}/config`;
}

/** Where Home Assistant says `online` when it has started. */
export function birthTopic(discoveryPrefix: string): string {
  return `${discoveryPrefix}/status`;
}

/** How the MQTT client ids of a service begin; with users the broker lets nobody else have one, without it knows gateways by it. */
export function clientIdPrefix(prefix: string, service: 'camera' | 'gateway' | 'broker-bridge'): string {
  return `${prefix.replaceAll('/', '-')}-${service}-`;
}

/** The topics of one camera below `prefix`. */
export function cameraTopics(prefix: string, id: string) {
  const base = `${prefix}/${id}`;
  return {
    frame: `${base}/frame`,
    preview: `${base}/preview`,
    /** Frames made smaller, while somebody wants those. */
    small: `${base}/small`,
    status: `${base}/status`,
    state: `${base}/state`,
    telemetry: `${base}/telemetry`,
    snapshot: `${base}/snapshot`,
    answer: `${base}/answer`,
    /** What the doctor has found, checkup.ts. */
    doctor: `${base}/doctor`,
    /** The value of `setting`, as text. */
    setting: (setting: string) => `${base}/${setting}`,
    /** Where a value for `setting` is wished for. */
    set: (setting: string) => `${base}/${setting}/set`,
    /** How many viewers `counter` (a gateway, or `broker`) has for the camera. */
    viewers: (counter: string) => `${base}/viewers/${counter}`,
    /** How many viewers it has for small frames, and how many of those they want a second, as `formatSmallWish` writes it. */
    smallViewers: (counter: string) => `${base}/small/viewers/${counter}`,
  };
}

/** More small frames a second are not made, whoever wants them: for a tile these are enough. */
export const MAX_SMALL_FPS = 15;

/** Who wants small frames of a camera: `viewers` of one gateway, at most `fps` a second. */
export interface SmallWish {
  viewers: number;
  fps: number;
}

const SMALL_WISH = /^(\d{1,9}) (\d{1,3})$/;

export function formatSmallWish({ viewers, fps }: SmallWish): string {
  return `${viewers} ${fps}`;
}

/** Null when it is none. */
export function parseSmallWish(text: string): SmallWish | null {
  const [, viewers, fps] = SMALL_WISH.exec(text) ?? [];
  return viewers === undefined ? null : { viewers: Number(viewers), fps: Number(fps) };
}

/** A topic below the prefix, taken apart: the camera's id and the levels after it (`frame`, `viewers/broker`). */
export interface CameraTopic {
  id: string;
  rest: string;
}

/** Takes a topic apart; null when it is not below `prefix` or names no possible camera. */
export function parseTopic(prefix: string, topic: string): CameraTopic | null {
  if (!topic.startsWith(prefix) || topic[prefix.length] !== '/') return null;
  const slash = topic.indexOf('/', prefix.length + 1);
  if (slash < 0) return null;
  const id = topic.slice(prefix.length + 1, slash);
  return CAMERA_ID.test(id) ? { id, rest: topic.slice(slash + 1) } : null;
}

/** Topics of pictures that are worthless once a newer one exists: for these the newest wins. */
export function isPictureStream(topic: string): boolean {
  return topic.endsWith('/frame') || topic.endsWith('/preview') || topic.endsWith('/small');
}

/** Does `filter` (with `+` and `#`) match `topic`? MQTT 5.0, 4.7: wildcards never match a first level that begins with `$`. */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true;
    if (levels[i] === undefined || (level !== '+' && level !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

/** When and as which a frame was taken: its number since the camera began, and microseconds since 1970 when it was whole. */
export interface Stamp {
  seq: number;
  t: number;
}

const STAMP_TEXT = /^homeguard seq=(\d{1,16}) t=(\d{1,16})$/;
/** Where the stamp's text begins: SOI (2 bytes), COM marker (2), segment length (2). */
const TEXT_OFFSET = 6;
/** No stamp is longer; ITU T.81 B.2.4.5 would allow 65533. */
const MAX_TEXT = 64;

const stampText = (seq: number, t: number | string) => `homeguard seq=${seq} t=${t}`;

/** How many bytes `writeStamp` needs for frame `seq`, marker and length included (16 digits of time last until 2286). */
export function stampLength(seq: number): number {
  return 4 + stampText(seq, '0000000000000000').length;
}

/**
 * Writes the COM segment (ITU T.81 B.2.4.5) at `offset`, which is right behind SOI.
 * `t` is in microseconds since 1970; `stampLength(seq)` bytes are written.
 */
export function writeStamp(frame: Buffer, offset: number, stamp: Stamp): void {
  const text = stampText(stamp.seq, String(stamp.t).padStart(16, '0'));
  frame.writeUInt16BE(0xfffe, offset);
  frame.writeUInt16BE(text.length + 2, offset + 2);
  frame.write(text, offset + 4, 'latin1');
}

/** Reads the stamp of a JPEG; null when it bears none, as pictures of other publishers do. */
export function readStamp(jpeg: Buffer): Stamp | null {
  if (jpeg.length < TEXT_OFFSET || jpeg.readUInt32BE(0) !== 0xffd8fffe) return null;
  const length = jpeg.readUInt16BE(4) - 2;
  if (length > MAX_TEXT) return null;
  const found = STAMP_TEXT.exec(jpeg.toString('latin1', TEXT_OFFSET, TEXT_OFFSET + length));
  return found ? { seq: Number(found[1]), t: Number(found[2]) } : null;
}
