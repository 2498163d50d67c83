/** Environment -> one frozen, typed object, or every fault at once. Pure: files are read by the function handed in. */
import { isIP } from 'node:net';
import * as v from 'valibot';
import { CAMERA_ID, MAX_FRAME_BYTES } from './contract.ts';
import { FaultError } from './fault.ts';

/** One entry of `CAMERAS`, or the one camera of `CAMERA_ID` and `CAMERA_SOURCE`. */
export interface CameraEntry {
  id: string;
  source: string;
}

export type Settings = ReturnType<typeof readSettings>;

/** A camera service's part of the settings. */
export type CameraSettings = Pick<Settings, 'mqtt' | 'dataDir' | 'frameMaxBytes'> & { camera: Settings['camera'] & CameraEntry };
export type BrokerSettings = Pick<Settings, 'mqtt' | 'broker' | 'dataDir' | 'frameMaxBytes'>;
export type GatewaySettings = Pick<Settings, 'mqtt' | 'gateway' | 'dataDir' | 'frameMaxBytes'>;

/** A setting: how its text is read, what stands for it when it is absent, and what would be right, for the message. */
interface Rule<T> {
  read: v.GenericSchema<string, T>;
  /** Or made of what was given, where a part of it is at fault. */
  right: string | ((given: string) => string);
}
type Environment = Record<string, string | undefined>;

const text: Rule<string> = { read: v.string(), right: 'some text' };
const flag: Rule<boolean> = { read: v.pipe(v.picklist(['true', 'false']), v.parseBoolean()), right: 'true or false' };
const onOff: Rule<boolean> = { read: v.pipe(v.picklist(['on', 'off']), v.parseBoolean()), right: 'on or off' };
const port: Rule<number> = wholeNumber(0, 65_535);
const topicLevels: Rule<string> = {
  read: matching(/^[^+#\0/$][^+#\0]{0,99}(?<!\/)$/u),
  right: 'a topic without +, # and a slash at its ends',
};
const cameraId: Rule<string> = { read: matching(CAMERA_ID), right: 'a small letter or digit, then at most 31 of a-z 0-9 _ -' };
const size: Rule<{ width: number; height: number }> = {
  read: v.pipe(
    matching(/^[1-9]\d{1,3}x[1-9]\d{1,3}$/),
    v.transform((given) => given.split('x').map(Number)),
    v.transform(([width = 0, height = 0]) => ({ width, height })),
  ),
  right: 'a width and height such as 1280x720',
};
const url: Rule<string> = {
  // The address stands in messages, so it holds no login.
  read: v.pipe(matching(/^(mqtts?|wss?):\/\/[^/@]+(\/|$)|^mqtt\+unix:\/\/\/./), v.url()),
  right:
    'an address such as mqtt://192.168.1.2:1883, mqtts://…, ws://…, wss://… or mqtt+unix:///run/homeguard/broker.sock; ' +
    'the login stands in MQTT_USERNAME and MQTT_PASSWORD',
};
const source: Rule<string> = {
  read: v.pipe(v.string(), v.check(isSource)),
  right: 'device, auto, test, a device path, usb:{part of its name}, a video file, or an rtsp:// or http:// address',
};
const basePath: Rule<string> = {
  read: v.pipe(
    matching(/^\/([A-Za-z0-9._~-]+\/?)*$/),
    v.transform((given) => given.replace(/(?<!\/)$/, '/')),
  ),
  right: 'a path such as / or /cameras/',
};
const cameras: Rule<CameraEntry[]> = {
  read: v.pipe(
    v.string(),
    v.includes('='),
    v.transform((given) => given.split(/,(?=[^,=]*=)/).map(cameraOf)),
    v.everyItem(({ id, source }) => CAMERA_ID.test(id) && isSource(source)),
    v.check((entries) => new Set(entries.map(({ id }) => id)).size === entries.length),
  ),
  right: 'different ids with their sources, such as front=/dev/video0,door=/dev/video2',
};
const networks: Rule<string[]> = {
  read: v.pipe(v.string(), v.transform(entriesOf), v.everyItem(isNetwork)),
  right: (given) => {
    const wrong = entriesOf(given).filter((entry) => !isNetwork(entry));
    const isOne = wrong.length === 1;
    return (
      'IP addresses and networks with commas between, such as 127.0.0.1,172.16.0.0/12; ' +
      `${wrong.map((entry) => `"${entry}"`).join(', ')} ${isOne ? 'is' : 'are'} neither`
    );
  },
};

function cameraOf(entry: string): CameraEntry {
  const end = entry.indexOf('=');
  return { id: entry.slice(0, end).trim(), source: entry.slice(end + 1).trim() };
}

function entriesOf(list: string): string[] {
  return list.split(',').map((entry) => entry.trim());
}

function isNetwork(entry: string): boolean {
  const [, address = '', bits = '0'] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  return isIP(address) > 0 && Number(bits) <= (isIP(address) === 6 ? 128 : 32);
}

/** Longest source that is taken, in characters. */
const MAX_SOURCE = 2_048;

function isSource(value: string): boolean {
  if (value === '' || value.length > MAX_SOURCE || value.includes('\0')) return false;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value)?.[1]?.toLowerCase();
  if (!scheme) return true;
  if (scheme === 'usb') return value.length > 4;
  return ['rtsp', 'rtsps', 'http', 'https'].includes(scheme) && URL.canParse(value) && new URL(value).host !== '';
}

function matching(pattern: RegExp) {
  return v.pipe(v.string(), v.regex(pattern));
}

function oneOf<const T extends string>(...words: [T, T, ...T[]]): Rule<T> {
  return { read: v.picklist(words), right: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` };
}

function wholeNumber(least: number, most: number): Rule<number> {
  return {
    read: v.pipe(matching(/^\d{1,15}$/), v.transform(Number), v.minValue(least), v.maxValue(most)),
    right: `a whole number from ${least} to ${most}`,
  };
}

/** Our names in the environment: what begins so and is not known is a misspelling. */
const OURS = /^(MQTT|BROKER|CAMERA|GATEWAY)_|^(CAMERAS|DISCOVERY_PREFIX|DATA_DIR|LOG_LEVEL|LOG_FORMAT|FRAME_MAX_BYTES)(_FILE)?$/;

/**
 * Reads the settings of README's table. Throws one FaultError that names every fault, by name, with what would be right.
 * @param env usually `process.env`; an empty value counts as none
 * @param readFile reads the file that a `{NAME}_FILE` names; the end of its last line is cut off
 */
export function readSettings(env: Environment, readFile: (path: string) => string) {
  const reader = new Reader(env, readFile);
  const settings = {
    mqtt: {
      /** Null: nobody named a bus. The default address is used, or, in one process, the own broker. */
      named: reader.has('MQTT_URL'),
      url: reader.get('MQTT_URL', url, 'mqtt://127.0.0.1:1883'),
      username: reader.get('MQTT_USERNAME', text, undefined),
      password: reader.get('MQTT_PASSWORD', text, undefined),
      prefix: reader.get('MQTT_PREFIX', topicLevels, 'homeguard'),
      discoveryPrefix: reader.get('DISCOVERY_PREFIX', topicLevels, 'homeassistant'),
    },
    broker: {
      host: reader.get('BROKER_HOST', text, '127.0.0.1'),
      port: reader.get('BROKER_PORT', port, '1883'),
      socket: reader.get('BROKER_SOCKET', text, undefined),
      tlsCert: reader.get('BROKER_TLS_CERT', text, undefined),
      tlsKey: reader.get('BROKER_TLS_KEY', text, undefined),
      tlsPort: reader.get('BROKER_TLS_PORT', port, '8883'),
      auth: reader.get('BROKER_AUTH', onOff, 'on'),
    },
    camera: {
      name: reader.get('CAMERA_NAME', { read: v.pipe(v.string(), v.maxLength(64)), right: 'a name of at most 64 characters' }, undefined),
      size: reader.get('CAMERA_SIZE', size, '1280x720'),
      fps: reader.get('CAMERA_FPS', wholeNumber(1, 240), '30'),
      previewFps: reader.get('CAMERA_PREVIEW_FPS', wholeNumber(0, 30), '1'),
      always: reader.get('CAMERA_ALWAYS', flag, 'false'),
    },
    /** The cameras to run; `source` of the one camera is null when none was named, since the default depends on the program. */
    cameras: readCameras(reader),
    gateway: {
      host: reader.get('GATEWAY_HOST', text, '127.0.0.1'),
      port: reader.get('GATEWAY_PORT', port, '8080'),
      basePath: reader.get('GATEWAY_BASE_PATH', basePath, '/'),
      trustedProxies: reader.get('GATEWAY_TRUSTED_PROXIES', networks, undefined) ?? [],
      auth: reader.get('GATEWAY_AUTH', onOff, 'on'),
      password: reader.get('GATEWAY_PASSWORD', { read: v.pipe(v.string(), v.minLength(8)), right: 'at least 8 characters' }, undefined),
      token: reader.get('GATEWAY_TOKEN', { read: matching(/^[\w.~-]{16,}$/), right: 'at least 16 of A-Z a-z 0-9 . _ ~ -' }, undefined),
      maxViewers: reader.get('GATEWAY_MAX_VIEWERS', wholeNumber(1, 100_000), '1000'),
      defaultCamera: reader.get('GATEWAY_DEFAULT_CAMERA', cameraId, undefined),
    },
    dataDir: reader.get('DATA_DIR', text, './data'),
    logLevel: reader.get('LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info'),
    /** Lines for people, or one JSON object a line. */
    logFormat: reader.get('LOG_FORMAT', oneOf('text', 'json'), 'text'),
    frameMaxBytes: reader.get('FRAME_MAX_BYTES', wholeNumber(65_536, 67_108_864), String(MAX_FRAME_BYTES)),
  };
  if (Boolean(settings.broker.tlsCert) !== Boolean(settings.broker.tlsKey))
    reader.fault('BROKER_TLS_CERT and BROKER_TLS_KEY go together: set both or none');
  reader.finish();
  return Object.freeze(settings);
}

function readCameras(reader: Reader): { id: string; source: string | null }[] {
  const several = reader.get('CAMERAS', cameras, undefined);
  const one = { id: reader.get('CAMERA_ID', cameraId, 'camera'), source: reader.get('CAMERA_SOURCE', source, undefined) ?? null };
  for (const name of ['CAMERA_ID', 'CAMERA_SOURCE']) {
    if (reader.has('CAMERAS') && reader.has(name)) reader.fault(`CAMERAS and ${name} are both set: set one of them`);
  }
  return several ?? [one];
}

/** Collects faults while it reads, so that all are told at once. */
class Reader {
  readonly #env: Environment;
  readonly #readFile: (path: string) => string;
  readonly #known = new Set<string>();
  readonly #faults: string[] = [];

  constructor(env: Environment, readFile: (path: string) => string) {
    this.#env = env;
    this.#readFile = readFile;
  }

  has(name: string): boolean {
    return Boolean(this.#env[name] || this.#env[`${name}_FILE`]);
  }

  get<T>(name: string, rule: Rule<T>, fallback: string): T;
  get<T>(name: string, rule: Rule<T>, fallback: undefined): T | undefined;
  get<T>(name: string, rule: Rule<T>, fallback: string | undefined): T | undefined {
    this.#known.add(name).add(`${name}_FILE`);
    const raw = this.#raw(name) ?? fallback;
    if (raw === undefined) return undefined;
    const { success, output } = v.safeParse(rule.read, raw);
    if (success) return output;
    const bare = raw.replaceAll(/\/\/[^/\s]*@/g, '//…@');
    const shown = /PASSWORD|TOKEN/.test(name) ? '' : ` is "${bare.length > 80 ? `${bare.slice(0, 80)}…` : bare}" and`;
    this.#faults.push(`${name}${shown} has to be ${typeof rule.right === 'string' ? rule.right : rule.right(raw)}`);
    return undefined;
  }

  fault(fault: string): void {
    this.#faults.push(fault);
  }

  finish(): void {
    for (const name of Object.keys(this.#env)) {
      if (OURS.test(name) && !this.#known.has(name)) this.#faults.push(`${name} is no setting${this.#likely(name)}`);
    }
    if (this.#faults.length === 0) return;
    const count = this.#faults.length === 1 ? 'one setting is' : `${this.#faults.length} settings are`;
    throw new FaultError(`${count} wrong:\n${this.#faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }

  #raw(name: string): string | undefined {
    const file = this.#env[`${name}_FILE`];
    if (!file) return this.#env[name] || undefined;
    if (this.#env[name]) this.#faults.push(`${name} and ${name}_FILE are both set: set one of them`);
    try {
      return this.#readFile(file).replace(/\r?\n$/, '') || undefined;
    } catch (error) {
      this.#faults.push(`${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
      return undefined;
    }
  }

  /** The known name that differs least, if it is near enough to be what was meant. */
  #likely(name: string): string {
    const near = [...this.#known].map((known) => ({ known, far: distance(name, known) })).sort((a, b) => a.far - b.far)[0];
    return near && near.far <= 3 ? `; did you mean ${near.known}?` : '';
  }
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
