import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecret } from '../../services/shared/secrets.ts';
import type { Scope } from './cleanup.ts';
import { type Fakecam, fakecamEnv } from './fakecam.ts';
import { freePort } from './free-port.ts';
import { type Program, startProgram } from './program.ts';
import { type TestBus, token } from './services.ts';
import { makeWorkDir } from './work-dir.ts';

export type Bus = Pick<TestBus, 'url' | 'login'>;

/** HomeGuard as systemd and Docker run it: each service a process of its own. A broker or gateway that ended may be started again. */
export interface RealHouse {
  /** Of the broker, for others who want to read along. */
  bus: Bus;
  /** `http://127.0.0.1:{port}/`, and the address that logs in. */
  url: string;
  entrance: string;
  gatewayPort: number;
  startBroker(): Promise<Program>;
  startGateway(): Promise<Program>;
}

export interface Webcam {
  program: Program;
  unplug(): Promise<void>;
  plug(): Promise<void>;
}

/** Ports and a data folder for one; nothing runs yet. */
export async function makeHouse(t: Scope): Promise<RealHouse> {
  const [dataDir, brokerPort, gatewayPort] = [makeWorkDir(t), await freePort(), await freePort()];
  const [bus, url] = [`mqtt://127.0.0.1:${brokerPort}`, `http://127.0.0.1:${gatewayPort}/`];
  const env = { DATA_DIR: dataDir, MQTT_URL: bus, BROKER_PORT: `${brokerPort}`, GATEWAY_PORT: `${gatewayPort}`, GATEWAY_TOKEN: token };
  const start = async (service: string, ready: RegExp) => {
    const program = startProgram(t, { main: `services/${service}/main.ts`, env });
    await program.outputMatching(ready, { ms: 60_000 });
    return program;
  };
  return {
    bus: { url: bus, login: (username) => ({ username, password: readSecret(dataDir, `mqtt-${username}`) ?? '' }) },
    url,
    entrance: `${url}login?token=${token}`,
    gatewayPort,
    startBroker: () => start('broker', /the message bus is open/),
    startGateway: () => start('gateway', /serving on/),
  };
}

/** A camera service with a webcam of its own, which can be unplugged. */
export async function startWebcam(t: Scope, bus: Bus, id: string, name: string, camera: Fakecam): Promise<Webcam> {
  const gone = join(makeWorkDir(t), 'gone');
  const device = await fakecamEnv(t, { ...camera, gone });
  const { username = '', password = '' } = bus.login('camera');
  const login = { MQTT_URL: bus.url, MQTT_USERNAME: username, MQTT_PASSWORD: password };
  const env = { ...device, ...login, CAMERA_ID: id, CAMERA_NAME: name, CAMERA_SOURCE: device.FAKECAM_PATH ?? '' };
  const program = startProgram(t, { main: 'services/camera/main.ts', env });
  return { program, unplug: () => writeFile(gone, ''), plug: () => rm(gone, { force: true }) };
}
