/** Environment -> one frozen, typed object, or every fault at once. Pure: files are read by the function handed in. */
import * as v from 'valibot';
import { MAX_FRAME_BYTES } from './contract.ts';
import { type Environment, Reader } from './setting-reader.ts';
import {
  basePath,
  type CameraEntry,
  cameraId,
  cameras,
  flag,
  headerName,
  houseUrl,
  matching,
  networks,
  oneOf,
  onOff,
  pageUrl,
  port,
  rights,
  size,
  source,
  text,
  topicLevels,
  url,
  wholeNumber,
} from './setting-rules.ts';

export type Settings = ReturnType<typeof readSettings>;

/** A camera service's part of the settings. */
export type CameraSettings = Pick<Settings, 'mqtt' | 'dataDir' | 'frameMaxBytes'> & { camera: Settings['camera'] & CameraEntry };
export type BrokerSettings = Pick<Settings, 'mqtt' | 'broker' | 'bridge' | 'dataDir' | 'frameMaxBytes'>;
export type GatewaySettings = Pick<Settings, 'mqtt' | 'gateway' | 'dataDir' | 'frameMaxBytes'>;

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
      /** File of the authority that signed the bus's certificate. */
      tlsCa: reader.get('MQTT_TLS_CA', text, undefined),
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
      /** At once: in all, and from one address; this machine's own may have all. */
      maxConnections: reader.get('BROKER_MAX_CONNECTIONS', wholeNumber(1, 100_000), '1000'),
      maxConnectionsPerAddress: reader.get('BROKER_MAX_CONNECTIONS_PER_ADDRESS', wholeNumber(1, 100_000), '250'),
    },
    /** The house's broker, with which ours shares its cameras; `url` is undefined where there is none. */
    bridge: {
      url: reader.get('BRIDGE_URL', houseUrl, undefined),
      username: reader.get('BRIDGE_USERNAME', text, undefined),
      password: reader.get('BRIDGE_PASSWORD', text, undefined),
      tlsCa: reader.get('BRIDGE_TLS_CA', text, undefined),
      /** Every frame goes there, too, not only previews and snapshots. */
      frames: reader.get('BRIDGE_FRAMES', flag, 'false'),
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
      /** Where people open the page, for those that link to it. */
      url: reader.get('GATEWAY_URL', pageUrl, undefined),
      trustedProxies: reader.get('GATEWAY_TRUSTED_PROXIES', networks, undefined) ?? [],
      auth: reader.get('GATEWAY_AUTH', onOff, 'on'),
      /** In small letters, as Node has headers. */
      authHeader: reader.get('GATEWAY_AUTH_HEADER', headerName, undefined),
      /** What those may whom a proxy names there, and who are no users here. */
      proxyRights: reader.get('GATEWAY_PROXY_RIGHTS', rights, undefined),
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
  const { authHeader, proxyRights, trustedProxies } = settings.gateway;
  if (authHeader && trustedProxies.length === 0)
    reader.fault('GATEWAY_AUTH_HEADER counts only from a proxy that GATEWAY_TRUSTED_PROXIES names: set that, too');
  if (proxyRights && !authHeader)
    reader.fault('GATEWAY_PROXY_RIGHTS is for those whom a proxy names: set GATEWAY_AUTH_HEADER, too, or neither');
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
