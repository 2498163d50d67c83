import { distrust, isCertificateFault } from '../shared/certificate.ts';
import { cameraTopics } from '../shared/contract.ts';
import { readSecret } from '../shared/secrets.ts';
import type { Settings } from '../shared/settings.ts';
import { askBus } from './bus.ts';
import { type CameraSigns, judgeCamera } from './camera-verdict.ts';
import type { Login } from './mqtt.ts';
import { unwell, type Verdict } from './verdict.ts';
import { addressOf } from './wire.ts';

/** Room for topic and properties around a picture. */
const PACKET_OVERHEAD = 64 << 10;

/** Have the cameras of these settings published lately, or do they say why not? */
export async function checkCameras(settings: Settings, signal: AbortSignal): Promise<Verdict> {
  const { mqtt, camera, cameras, frameMaxBytes } = settings;
  const signs = new Map<string, CameraSigns>();
  const judge = (isFinal: boolean) =>
    cameras.map(({ id }) => judgeCamera(id, signs.get(id) ?? {}, camera.previewFps, { now: Date.now(), isFinal }));
  const topics = cameras.flatMap(({ id }) => {
    const { status, state, preview } = cameraTopics(mqtt.prefix, id);
    return [status, state, preview];
  });
  const asked = {
    address: addressOf(mqtt.url, mqtt.tlsCa),
    login: loginOf(settings),
    topics,
    maxPacketBytes: frameMaxBytes + PACKET_OVERHEAD,
    signal,
  };
  const answer = await askBus(asked, ({ topic, payload, retain }) => {
    const [id = '', last] = topic.slice(mqtt.prefix.length + 1).split('/');
    const known = signs.get(id) ?? {};
    if (last === 'status') signs.set(id, { ...known, status: payload.toString() });
    if (last === 'state') signs.set(id, { ...known, state: payload.toString() });
    if (last === 'preview' && payload.length > 0) signs.set(id, { ...known, preview: { jpeg: payload, retain } });
    return judge(false).every((verdict) => verdict !== null);
  });
  if ('lost' in answer && isCertificateFault(answer.lost)) return unwell(distrust(mqtt.url, { code: answer.lost }));
  if ('lost' in answer) {
    return unwell(`The message bus at ${mqtt.url} does not answer (${answer.lost}): start the broker, or set MQTT_URL.`);
  }
  if (answer.code !== 0) {
    return unwell(
      `The message bus at ${mqtt.url} refuses the camera's login: set MQTT_USERNAME and MQTT_PASSWORD, or DATA_DIR, to its own.`,
    );
  }
  const verdicts = judge(true).filter((verdict) => verdict !== null);
  return { well: verdicts.every((verdict) => verdict.well), says: verdicts.map(({ says }) => says).join(' ') };
}

function loginOf({ mqtt, dataDir }: Settings): Login {
  if (mqtt.username) return { username: mqtt.username, password: mqtt.password };
  const password = readSecret(dataDir, 'mqtt-healthcheck');
  return password ? { username: 'healthcheck', password } : {};
}
