import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { freePort } from '../helpers/free-port.ts';
import { madeOnce } from '../helpers/made-once.ts';
import { deployed, startNginx } from '../helpers/nginx.ts';
import { type ProcessStats, processTree } from '../helpers/process-stats.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** A running chain from webcam to HTTP, ours or a peer's. */
export interface Station {
  name: string;
  port: number;
  /** Of the MJPEG stream. */
  path: string;
  /** One more request header, or none. */
  header: string;
  /** All its processes. */
  processes(): ProcessStats[];
  /** Where its broker's socket and passwords are; none with a peer. */
  dataDir?: string;
}

const TOKEN = 'bench-token-0123456789';
/** In `dataDir`. */
export const SOCKET = 'broker.sock';

/** HomeGuard as `npm start` runs it: one process. */
export async function startOneProcess(t: Scope, camera: Record<string, string>): Promise<Station> {
  const dataDir = makeWorkDir(t);
  const program = startProgram(t, { env: { ...ours(camera), DATA_DIR: dataDir, BROKER_SOCKET: join(dataDir, SOCKET) } });
  const [, port] = await program.outputMatching(/http:\/\/127\.0\.0\.1:(\d+)\/login/, { ms: 20_000 });
  return station('homeguard, one process', Number(port), [program], dataDir);
}

/** HomeGuard as `docker compose up` runs it: three processes that meet on a Unix socket. */
export async function startThreeProcesses(t: Scope, camera: Record<string, string>): Promise<Station> {
  const dataDir = makeWorkDir(t);
  const socket = join(dataDir, SOCKET);
  const env = { ...ours(camera), DATA_DIR: dataDir };
  const client = { ...env, MQTT_URL: `mqtt+unix://${socket}` };
  const broker = startProgram(t, { main: 'services/broker/main.ts', env: { ...env, BROKER_SOCKET: socket } });
  await broker.outputMatching(/the message bus is open/);
  const gateway = startProgram(t, { main: 'services/gateway/main.ts', env: client });
  const cameraProgram = startProgram(t, { main: 'services/camera/main.ts', env: client });
  const [, port] = await gateway.outputMatching(/serving on 127\.0\.0\.1:(\d+)/, { ms: 20_000 });
  return station('homeguard, three processes', Number(port), [broker, gateway, cameraProgram], dataDir);
}

/** The three processes behind nginx, with the files of deploy/nginx. */
export async function startBehindNginx(t: Scope, camera: Record<string, string>): Promise<Station> {
  const inner = await startThreeProcesses(t, camera);
  const port = await freePort();
  const files = {
    'conf.d/homeguard-gateway.conf': deployed('nginx/conf.d/homeguard-gateway.conf', { '127.0.0.1:8080': `127.0.0.1:${inner.port}` }),
    'snippets/homeguard-proxy.conf': deployed('nginx/snippets/homeguard-proxy.conf'),
    'sites-enabled/bench.conf': `server {
      listen 127.0.0.1:${port};
      location / { include snippets/homeguard-proxy.conf; proxy_pass http://homeguard; }
    }`,
  };
  const nginx = await startNginx(t, files, port);
  return { ...inner, name: 'homeguard behind nginx', port, processes: () => [...inner.processes(), ...processTree(nginx.pid)] };
}

/** Debian's ustreamer on the same webcam, passing its MJPEG through. */
export async function startUstreamer(t: Scope, camera: Record<string, string>): Promise<Station> {
  const port = await freePort();
  const args = ['--device', camera.FAKECAM_PATH ?? '', '--format', 'MJPEG', '--encoder', 'HW', '--resolution', '1280x720'];
  const child = spawn('ustreamer', [...args, '--desired-fps', '30', '--host', '127.0.0.1', '--port', String(port), '--log-level', '0'], {
    env: { PATH: process.env.PATH ?? '', ...camera },
    stdio: 'ignore',
  });
  defer(t, () => end(child));
  await until('answer of ustreamer', async () => (await fetch(`http://127.0.0.1:${port}/snapshot`)).ok, { ms: 15_000 });
  return { name: 'ustreamer', port, path: '/stream', header: '', processes: () => processTree(child.pid ?? 0) };
}

/** What mjpegload prints. */
export interface Load {
  viewers: number;
  fps_mean: number;
  fps_least: number;
  skipped: number;
  closed: number;
  age_ms: { p50: number; p99: number; max: number };
}

/** Lets `viewers` MJPEG viewers, all in one C program, watch for so many seconds. */
export async function load({ port, path, header }: Station, viewers: number, seconds: number): Promise<Load> {
  const args = ['127.0.0.1', String(port), path, String(viewers), String(seconds), '2', ...(header ? [header] : [])];
  const { stdout } = await promisify(execFile)(await mjpegload(), args);
  return JSON.parse(stdout);
}

function ours(camera: Record<string, string>): Record<string, string> {
  return { ...camera, CAMERA_SOURCE: camera.FAKECAM_PATH ?? '', GATEWAY_TOKEN: TOKEN };
}

async function station(name: string, port: number, programs: Program[], dataDir: string): Promise<Station> {
  const header = `Authorization: Bearer ${TOKEN}`;
  const live = async () => (await fetch(`http://127.0.0.1:${port}/snapshot`, { headers: { Authorization: `Bearer ${TOKEN}` } })).ok;
  await until(`picture of ${name}`, live, { ms: 20_000 });
  return { name, port, path: '/stream', header, dataDir, processes: () => programs.flatMap(({ pid }) => processTree(pid)) };
}

function mjpegload(): Promise<string> {
  return madeOnce('mjpegload', async (path) => {
    await promisify(execFile)('cc', ['-O2', '-o', path, join(import.meta.dirname, 'mjpegload.c')]);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}
