import { Bus } from '../shared/bus.ts';
import { CAMERA_ID, cameraTopics, discoveryTopic } from '../shared/contract.ts';
import { FaultError } from '../shared/fault.ts';
import { busUrl, connected, guestId, SILENT } from '../shared/guest.ts';
import { createLog } from '../shared/log.ts';
import { readSecret } from '../shared/secrets.ts';
import type { Settings } from '../shared/settings.ts';
import { deleteFiles, keptFiles } from './kept.ts';
import { type Cameras, clearCount, clearTopics, lookAtCameras, lookAtTopics } from './retained.ts';

/** So much of an id that is none is repeated. */
const MAX_SHOWN = 40;
/** A retained picture comes with its topic and properties. */
const PACKET_MARGIN_BYTES = 64 << 10;

/** What was done. */
export interface Forgotten {
  /** Home Assistant's discovery message stood on the bus. */
  wasDiscovered: boolean;
  /** Topics of the camera's that were cleared. */
  topics: string[];
  /** Files that were deleted. */
  files: string[];
}

/**
 * Removes a camera that is gone for good from the bus, from Home Assistant, and from DATA_DIR.
 * @throws FaultError when it is there, when nothing is known of it, and when the bus or the files do not let us
 */
export async function forgetCamera(id: string, settings: Settings): Promise<Forgotten> {
  if (!CAMERA_ID.test(id))
    throw new FaultError(`"${id.slice(0, MAX_SHOWN)}" is no camera's id: an id is a small letter or digit, then at most 31 of a-z 0-9 _ -`);
  const { prefix, discoveryPrefix } = settings.mqtt;
  const files = keptFiles(settings.dataDir, id);
  await using bus = openBus(settings);
  const { trouble } = await connected(bus);
  if (trouble !== null) throw new FaultError(trouble === SILENT ? silence(settings) : trouble.replace(/\.$/, ''));
  const cameras = await lookAtCameras(bus, prefix, id);
  if (cameras.online.includes(id))
    throw new FaultError(
      `the camera ${id} is there: its service is connected to the bus. Stop that first, or take ${id} out of its settings`,
    );
  const discovery = discoveryTopic(discoveryPrefix, id);
  const filters = [`${prefix}/${id}/#`, discovery];
  const known = await lookAtTopics(bus, filters);
  if (known.size === 0 && files.length === 0) throw new FaultError(unknown(id, cameras));
  const wasDiscovered = known.has(discovery);
  const topics = [...known].filter((topic) => topic !== discovery).sort();
  // Home Assistant may know it though the bus does not any more. First, so that it never shows a device without its values.
  const left = await clearTopics(bus, [discovery, ...topics], known);
  if (left.length > 0)
    throw new FaultError(`the bus does not let us clear ${left.length} topics, ${left[0]} first: give our user the right to write them`);
  await clearCount(bus, filters, cameraTopics(prefix, id).viewers('broker'));
  deleteFiles(files);
  return { wasDiscovered, topics, files };
}

function openBus(settings: Settings): Bus {
  const { mqtt, dataDir, frameMaxBytes } = settings;
  const password = mqtt.username ? undefined : readSecret(dataDir, 'mqtt-camera');
  const login = mqtt.username ? { username: mqtt.username, password: mqtt.password } : password ? { username: 'camera', password } : {};
  return new Bus({
    url: busUrl(settings),
    tlsCa: mqtt.tlsCa,
    clientId: guestId(mqtt.prefix, 'forget'),
    credentials: () => login,
    // A broker gives no longer ones, and a picture that is not given is not found.
    maxPacketBytes: frameMaxBytes + PACKET_MARGIN_BYTES,
    log: createLog('silent'),
  });
}

function silence(settings: Settings): string {
  return `the message bus at ${busUrl(settings)} does not answer: start the broker, or set MQTT_URL`;
}

function unknown(id: string, { online, offline }: Cameras): string {
  const others = [...online, ...offline].sort();
  const known = others.length > 0 ? `the bus knows ${others.join(', ')}` : 'the bus knows no camera';
  return `nothing is known of a camera ${id}, on the bus or in DATA_DIR: ${known}. Look whether MQTT_URL, MQTT_PREFIX and DATA_DIR are its own`;
}
