import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defer, type Scope } from './cleanup.ts';
import { fakecamEnv, makeNode } from './fakecam.ts';
import { jpegFrames } from './frames.ts';
import { freePort } from './free-port.ts';
import { deployed, startNginx } from './nginx.ts';
import { asUser } from './other-user.ts';
import { type ProcessStats, processTree } from './process-stats.ts';
import { type Program, startProgram } from './program.ts';
import { startTestBroker, startTestGateway, type TestBroker, type TestGateway, token } from './services.ts';
import { until } from './until.ts';
import { bearer } from './viewers.ts';
import { makeWorkDir } from './work-dir.ts';

/** Debian's ids. */
const WWW_DATA = 33;
const VIDEO = 44;
const NOBODY = '65534';

export const users = { viewer: 'the password of the viewer', chief: 'the password of the chief' };

export interface DjangoSite {
  /** `http://127.0.0.1:{port}` */
  origin: string;
  bus: TestBroker;
  gateway: TestGateway;
  camera: Program;
  /** The webcam's node: root:video 0660. */
  device: string;
  /** uWSGI's emperor, the site's master and its ten workers. */
  uwsgi(): ProcessStats[];
}

/**
 * The site of the question that began HomeGuard, with deploy/django in it: nginx, uWSGI's emperor with ten workers as www-data, who has
 * no group video, Django with its own login; beside it a webcam, and HomeGuard, whose camera service alone has the group. It takes root.
 */
export async function startDjangoSite(t: Scope): Promise<DjangoSite> {
  const bus = await startTestBroker(t);
  const gateway = await startTestGateway(t, bus);
  const { camera, device } = await startWebcam(t, bus.url, bus.login('camera'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const dir = await makeSite(t, origin);
  const pid = await startEmperor(t, dir, origin);
  await startNginx(t, nginxFiles(dir, port, gateway.gateway.address.port), port);
  const state = async () => (await (await fetch(`${gateway.url}cameras/front`, { headers: bearer })).json()) as { condition: string };
  await until('camera at the gateway', async () => /live|idle/.test((await state()).condition), { ms: 20_000 });
  return { origin, bus, gateway, camera, device, uwsgi: () => processTree(pid) };
}

async function startWebcam(t: Scope, url: string, { username = '', password = '' }) {
  const size = { width: 320, height: 240 };
  const device = makeNode(makeWorkDir(t), { mode: 0o660, gid: VIDEO });
  const data = makeWorkDir(t);
  chmodSync(data, 0o777);
  const camera = startProgram(t, {
    main: 'services/camera/main.ts',
    through: asUser(NOBODY, `--groups=${VIDEO}`),
    env: {
      ...(await fakecamEnv(t, { ...size, dir: await jpegFrames({ ...size, count: 10, bytes: 20_000 }), path: device })),
      CAMERA_ID: 'front',
      CAMERA_NAME: 'Front door',
      CAMERA_SOURCE: device,
      CAMERA_SIZE: '320x240',
      MQTT_URL: url,
      MQTT_USERNAME: username,
      MQTT_PASSWORD: password,
      DATA_DIR: data,
    },
  });
  return { camera, device };
}

/** The site's folder, with its database, which is www-data's. */
async function makeSite(t: Scope, origin: string): Promise<string> {
  const dir = makeWorkDir(t);
  cpSync(join(import.meta.dirname, '../django-site'), dir, { recursive: true });
  cpSync(join(import.meta.dirname, '../../deploy/django/homeguard'), join(dir, 'homeguard'), { recursive: true });
  for (const file of ['emperor.ini', 'vassals/mysite.ini']) {
    writeFileSync(join(dir, file), readFileSync(join(dir, file), 'utf8').replaceAll('DIR', dir));
  }
  const env = siteEnv(origin);
  const script = `
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_user("viewer", password=${JSON.stringify(users.viewer)})
User.objects.create_user("chief", password=${JSON.stringify(users.chief)}, is_staff=True)`;
  await promisify(execFile)('/usr/bin/python3', ['-c', script], { cwd: dir, env, timeout: 60_000 });
  for (const name of ['.', 'db.sqlite3']) chownSync(join(dir, name), WWW_DATA, WWW_DATA);
  return dir;
}

function siteEnv(origin: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', DJANGO_SETTINGS_MODULE: 'mysite.settings', SITE_ORIGIN: origin, PYTHONDONTWRITEBYTECODE: '1' };
}

async function startEmperor(t: Scope, dir: string, origin: string): Promise<number> {
  const child = spawn('uwsgi', ['--ini', join(dir, 'emperor.ini')], { cwd: dir, env: siteEnv(origin), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  defer(t, async () => {
    const tree = processTree(child.pid ?? 0);
    child.kill('SIGINT'); // SIGTERM is a reload for uWSGI.
    const forced = setTimeout(() => {
      for (const { pid } of tree.reverse()) kill(pid);
    }, 5_000);
    await exited;
    clearTimeout(forced);
  });
  const ready = () => output.includes('spawned uWSGI worker 10') || child.exitCode !== null;
  await until('ten workers', ready, { ms: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}\n${output}`);
  });
  if (child.exitCode !== null) throw new Error(`uwsgi ended:\n${output}`);
  return child.pid ?? 0;
}

function nginxFiles(dir: string, port: number, gatewayPort: number): Record<string, string> {
  const site = `server {
    listen 127.0.0.1:${port};
    include snippets/homeguard-django.conf;
    location / { include /etc/nginx/uwsgi_params; uwsgi_pass unix:${dir}/mysite.sock; }
  }`;
  return {
    'conf.d/homeguard-gateway.conf': deployed('nginx/conf.d/homeguard-gateway.conf', { '127.0.0.1:8080': `127.0.0.1:${gatewayPort}` }),
    'snippets/homeguard-proxy.conf': deployed('nginx/snippets/homeguard-proxy.conf'),
    'snippets/homeguard-django.conf': deployed('django/nginx/snippets/homeguard-django.conf', {
      '/run/uwsgi/mysite.sock': `${dir}/mysite.sock`,
    }),
    'homeguard-token.conf': `proxy_set_header Authorization "Bearer ${token}";`,
    'sites-enabled/site.conf': site,
  };
}

/** Ids of the processes that have this file open. */
export function holders(path: string): number[] {
  return processIds().filter((pid) => openFiles(pid).includes(path));
}

function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // It ended, or closed one, between the two looks; one that holds a device does so for longer.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the look and the kill.
  }
}
