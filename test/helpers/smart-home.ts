/** A house with a message bus, a camera service on it, and people who log in as Home Assistant does. */
import type { Scope } from './cleanup.ts';
import { type Fakecam, fakecamEnv, sizedFrames } from './fakecam.ts';
import { startMosquitto } from './mosquitto.ts';
import { type Program, startProgram } from './program.ts';
import { type Env, startTestBroker } from './services.ts';
import { makeWorkDir } from './work-dir.ts';

const sizes = ['320x240', '640x480'];

export interface House {
  url: string;
  /** The camera service's settings for this bus. */
  env: Env;
  login: { username?: string; password?: string };
}

export async function ownHouse(t: Scope): Promise<House> {
  const { url, settings, login } = await startTestBroker(t);
  return { url, env: { MQTT_URL: url, DATA_DIR: settings.dataDir }, login: login('homeassistant') };
}

export async function mosquittoHouse(t: Scope, tls = false): Promise<House & { ca: string }> {
  const { url, ca } = await startMosquitto(t, { users: { cams: 'of the cams', house: 'of the house' }, tls });
  const env = {
    MQTT_URL: url,
    DATA_DIR: makeWorkDir(t),
    MQTT_USERNAME: 'cams',
    MQTT_PASSWORD: 'of the cams',
    ...(ca && { MQTT_TLS_CA: ca }),
  };
  return { url, env, login: { username: 'house', password: 'of the house' }, ca };
}

/** The environment of a camera service with a webcam that has controls. */
export async function webcam(t: Scope, more: Partial<Fakecam> = {}): Promise<Env> {
  return fakecamEnv(t, { dir: await sizedFrames(t, sizes), sizes, rates: [30, 15], name: 'C922', state: makeWorkDir(t), ...more });
}

/** The camera service `front`. */
export function startCamera(t: Scope, { env }: House, camera: Env): Program {
  const usual = { CAMERA_ID: 'front', CAMERA_SIZE: '320x240', CAMERA_FPS: '30', CAMERA_SOURCE: camera.FAKECAM_PATH ?? '' };
  return startProgram(t, { main: 'services/camera/main.ts', env: { ...env, ...usual, ...camera } });
}
