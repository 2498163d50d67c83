/** HomeGuard in the guest: the services' own programs, as users that are not root. Broker and camera are started once, and serve all tests. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import type { Examination } from '../../services/doctor/examine.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { processStats } from '../helpers/process-stats.ts';
import { Program } from '../helpers/program.ts';
import { until, within } from '../helpers/until.ts';
import { type Login, lookAt, type Viewer } from './viewer.ts';
import { webcam } from './webcam.ts';

/** An emulated processor takes its time to read and compile a service: 6 to 20 s. */
export const START_MS = 60_000;
const PORT = '1883';
/** The broker's, with its secrets. */
const DATA_DIR = '/tmp/homeguard-viewer';
/** As test/helpers/program.ts has it: helpers of a program are found by it. */
const MARK = 'HOMEGUARD_TEST_PROGRAM';
const root = new URL('../../', import.meta.url).pathname;

/** `viewer` is in the group of cameras, `plain` is not. */
export type User = 'viewer' | 'plain';
export type Env = Record<string, string>;

/** Starts a service as this user, with the groups that it has now. */
function start(main: string, user: User, env: Env, args: string[] = []): Program {
  const dataDir = `/tmp/homeguard-${user}`;
  mkdirSync(dataDir, { recursive: true });
  execFileSync('chown', [`${user}:${user}`, dataDir]);
  const id = randomUUID();
  const as = [`--reuid=${user}`, `--regid=${user}`, '--init-groups', '--'];
  const child = spawn(
    'setpriv',
    [...as, process.execPath, '--max-semi-space-size=1', '--no-memory-protection-keys', root + main, ...args],
    {
      cwd: '/',
      env: {
        PATH: process.env.PATH,
        LANG: 'C.UTF-8',
        DATA_DIR,
        BROKER_PORT: PORT,
        NODE_COMPILE_CACHE: '/tmp/node-cache',
        ...env,
        [MARK]: id,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const log = `/out/${main.split('/')[1]}-${child.pid}.log`;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => appendFileSync(log, text));
  return new Program(main, child, id);
}

let broker: Program | undefined;

function ensureBroker(): Program {
  if (broker) return broker;
  const begun = start('services/broker/main.ts', 'viewer', {});
  // Node itself breaks here now and then (run.ts says more): that test fails, and the next one has another broker.
  void begun.exited.then(() => {
    if (broker === begun) broker = undefined;
  });
  broker = begun;
  return begun;
}

/** The login of one of the broker's own users, once there is one. */
export async function login(username: string): Promise<Login> {
  await ensureBroker().outputMatching(/the message bus is open/, { ms: START_MS });
  return { url: `mqtt://127.0.0.1:${PORT}`, username, password: readFileSync(`${DATA_DIR}/secrets/mqtt-${username}`, 'utf8').trim() };
}

export interface Camera {
  program: Program;
  /** It does not watch yet. */
  viewer: Viewer;
}

/** A camera service of the test's own; its id is not `camera`. */
export async function startCamera(t: Scope, id: string, env: Env, user: User = 'viewer'): Promise<Camera> {
  const viewer = await lookAt(t, await login('gateway'), id);
  const program = start('services/camera/main.ts', user, { ...(await settings()), CAMERA_ID: id, ...env });
  defer(t, () => program.end());
  return { program, viewer };
}

/** What the doctor says to this user, with the settings of the camera service that all tests share. */
export async function askDoctor(t: Scope, user: User): Promise<{ code: number | null; said: Examination }> {
  const program = start('services/doctor/main.ts', user, await settings(), ['--json']);
  defer(t, () => program.end());
  const { code } = await within('end of the doctor', program.exited, { ms: START_MS });
  assert.deepEqual(program.helpers(), [], 'it leaves nothing behind');
  return { code, said: JSON.parse(program.stdout) as Examination };
}

/** With a login, for users who may not read the broker's secrets. */
async function settings(): Promise<Env> {
  const { username, password } = await login('camera');
  return { ...SETTINGS, MQTT_USERNAME: username, MQTT_PASSWORD: password };
}

const SETTINGS = { CAMERA_SOURCE: 'device', CAMERA_SIZE: '640x480', CAMERA_FPS: '30' };
let camera: Program | undefined;

/** The camera service that all tests share, `camera` on the bus, and a viewer of the test's own; started where it does not run. */
export async function useCamera(t: Scope): Promise<Camera> {
  ensureBroker();
  if (!camera || (await hasEnded(camera))) camera = start('services/camera/main.ts', 'viewer', SETTINGS);
  const program = camera;
  const viewer = await lookAt(t, await login('gateway'), 'camera');
  await until('camera service on the bus', () => viewer.value('status') === 'online', { ms: START_MS });
  return { program, viewer };
}

/** The same with the webcam plugged in, and frames coming. Gives the webcam's node, too. */
export async function watchCamera(t: Scope, options?: string[]): Promise<Camera & { path: string }> {
  ensureBroker();
  const [path, { program, viewer }] = await Promise.all([webcam.have(options), useCamera(t)]);
  await viewer.watch();
  await viewer.picture(performance.now(), START_MS);
  return { program, viewer, path };
}

/** Ends the camera service that all tests share, for a test that needs the webcam for itself, or the service anew. */
export async function endCamera(): Promise<void> {
  await camera?.end();
  camera = undefined;
}

async function hasEnded(program: Program): Promise<boolean> {
  return (await Promise.race([program.exited, Promise.resolve(null)])) !== null;
}

/** The ffmpegs of a service that run now. */
export function ffmpegs(program: Program): number[] {
  return program.helpers().filter((pid) => processStats(pid)?.name === 'ffmpeg');
}
