import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, globSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { defer, type Scope } from '../../helpers/cleanup.ts';
import { fakecamLibrary } from '../../helpers/fakecam.ts';
import { jpegFrames } from '../../helpers/frames.ts';
import { run } from '../../helpers/stack.ts';
import { until } from '../../helpers/until.ts';

const root = join(import.meta.dirname, '../../..');
const kept = join(import.meta.dirname, '../../.work');
/** Another Debian: `debian:bookworm-slim`. */
const BASE = process.env.HOMEGUARD_TEST_DEBIAN ?? 'debian:trixie-slim';
const IMAGE = 'homeguard-test-systemd';
const CA_FILE = '/etc/ssl/certs/ca-certificates.crt';
/** With apt and npm from afar, on a Raspberry Pi. */
const BUILD_MS = 30 * 60_000;
const BOOT_MS = 30_000;
const INSTALL_MS = 5 * 60_000;
const COMMAND_MS = 60_000;
/**
 * What systemd needs, as `--privileged` would give it, but without CAP_SYS_RESOURCE: there are hosts whose Docker does not have it itself.
 * systemd does without.
 */
const RIGHTS = [
  ...['--cap-add=ALL', '--cap-drop=SYS_RESOURCE', '--device-cgroup-rule=c *:* rwm', '--device-cgroup-rule=b *:* rwm'],
  ...['seccomp', 'apparmor', 'systempaths'].map((name) => `--security-opt=${name}=unconfined`),
];

export interface CameraState {
  condition: string;
  cause: string | null;
  advice: string | null;
  device?: { path: string } | null;
}

/** A Debian machine that systemd has booted, with what stands here as a fresh checkout in /root/homeguard. Whatever the test does, nothing of it is left. */
export async function bootMachine(t: Scope): Promise<Machine> {
  const name = `hg-test-systemd-${randomUUID().slice(0, 8)}`;
  const image = await buildImage();
  const fakecam = basename(await fakecamLibrary());
  const frames = (await jpegFrames({ count: 30 })).replace(kept, '/fakecam');
  defer(t, () => remove(name));
  const options = ['--name', name, '--hostname', 'raspberrypi', '--env', `CGROUP=${name}`, '--tmpfs', '/run', '--tmpfs', '/tmp:exec'];
  await run('docker', ['run', '-d', ...options, ...RIGHTS, '-p', '127.0.0.1::8080', '-v', `${kept}:/fakecam:ro`, image]);
  const machine = new Machine(name);
  await machine.booted();
  execFileSync('sh', ['-c', CHECKOUT, 'sh', name], { cwd: root, timeout: COMMAND_MS });
  await machine.dropIn('homeguard-camera', '00-fakecam', [
    `Environment=LD_PRELOAD=/fakecam/${fakecam} FAKECAM_DIR=${frames} FAKECAM_PATH=/dev/video* FAKECAM_RATES=30,15`,
  ]);
  return machine;
}

/** What git would have in a clone, were all of it committed. */
const CHECKOUT = `git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -c -T - |
  docker exec -i "$1" sh -c 'mkdir /root/homeguard && tar -x -C /root/homeguard'`;

/** Docker does anew what the lock or the Dockerfile changes, and what that replaces goes. */
async function buildImage(): Promise<string> {
  const tag = `${IMAGE}:${BASE.replaceAll(/\W/g, '-')}`;
  const ca = existsSync(CA_FILE) ? ['--build-arg', `NODE_EXTRA_CA_CERTS=${CA_FILE}`] : [];
  const options = ['-q', '--label', IMAGE, '-t', tag, '--build-arg', `BASE=${BASE}`, ...ca];
  const context = `tar -c package.json package-lock.json -C test/containers/systemd Dockerfile first.sh | docker build "$@" -`;
  await promisify(execFile)('sh', ['-c', context, 'sh', ...options], { cwd: root, timeout: BUILD_MS });
  await run('docker', ['image', 'prune', '-f', '--filter', `label=${IMAGE}`]);
  return tag;
}

async function remove(name: string): Promise<void> {
  await run('docker', ['rm', '-f', '-v', name]);
  // Docker knows nothing of the control groups that systemd made beside its own.
  const folders = globSync(`/sys/fs/cgroup/{,unified/}${name}/**/`).sort((a, b) => b.length - a.length);
  for (const folder of [...folders, ...globSync(`/sys/fs/cgroup/{,unified/}${name}`)]) if (existsSync(folder)) rmdirSync(folder);
}

export class Machine {
  readonly name: string;
  /** The gateway's address, from outside; another one after each boot. */
  url = '';

  constructor(name: string) {
    this.name = name;
  }

  /** Waits until systemd has started all. */
  async booted(): Promise<void> {
    const published = await run('docker', ['port', this.name, '8080']);
    this.url = `http://127.0.0.1:${published.trim().split(':').at(-1)}/`;
    await until('systemd to have booted', async () => /running|degraded/.test(await this.sh('systemctl is-system-running || true')), {
      ms: BOOT_MS,
    });
  }

  /** Shuts it down in good order, and starts it again; what is in /dev and /run is gone then. */
  async reboot(): Promise<void> {
    await run('docker', ['restart', '-t', '20', this.name]);
    await this.booted();
  }

  /** What a shell of root prints on it. */
  async sh(script: string, timeout = COMMAND_MS): Promise<string> {
    return await run('docker', ['exec', '-e', `NODE_EXTRA_CA_CERTS=${CA_FILE}`, this.name, 'sh', '-c', script], {}, timeout);
  }

  /** Runs the installer and gives what it printed. */
  async install(): Promise<string> {
    return await this.sh('cd /root/homeguard && deploy/systemd/install.sh 2>&1', INSTALL_MS);
  }

  /** Lines below [Service] for a unit; they count once it is restarted. */
  async dropIn(unit: string, name: string, lines: string[]): Promise<void> {
    const folder = `/etc/systemd/system/${unit}.service.d`;
    await this.write(`${folder}/${name}.conf`, ['[Service]', ...lines, ''].join('\n'));
    await this.sh('systemctl daemon-reload');
  }

  async write(path: string, text: string): Promise<void> {
    await this.feed(`mkdir -p "$(dirname '${path}')" && cat >'${path}'`, text);
  }

  /** Runs a shell of root with `text` as its input. */
  async feed(script: string, text: string): Promise<void> {
    const child = spawn('docker', ['exec', '-i', this.name, 'sh', '-c', script], {
      stdio: ['pipe', 'inherit', 'inherit'],
      timeout: COMMAND_MS,
    });
    child.stdin.end(text);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error(`"${script}" ended with ${code}`);
  }

  /** A node as the kernel and udev make it: c 81, root:video 0660. No driver stands behind it, so to open it is ENXIO to who may, which fakecam takes. */
  async plug(number: number): Promise<void> {
    await this.sh(`mknod -m 660 /dev/video${number} c 81 ${number} && chgrp video /dev/video${number}`);
  }

  async unplug(number: number): Promise<void> {
    await this.sh(`rm /dev/video${number}`);
  }

  /** What `systemctl show` says of a unit. */
  async show(unit: string, property: string): Promise<string> {
    return (await this.sh(`systemctl show --value -p ${property} ${unit}`)).trim();
  }

  async token(): Promise<string> {
    return (await this.sh('cat /var/lib/homeguard/gateway/secrets/gateway-token')).trim();
  }

  async get(path: string, token: string): Promise<Response> {
    return await fetch(this.url + path, { headers: { Authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5_000) });
  }

  /** Waits until the gateway says so of the camera; what it said last stands in the failure. */
  async condition(wanted: RegExp, token: string, ms: number): Promise<CameraState> {
    return await until(
      `condition ${wanted}`,
      async () => {
        const answer = await this.get('cameras/camera', token);
        const state = (await answer.json()) as CameraState;
        if (!wanted.test(state.condition)) throw new Error(JSON.stringify({ ...state, settings: undefined }));
        return state;
      },
      { ms },
    );
  }

  /** Waits for a picture through the gateway. */
  async picture(token: string, ms: number): Promise<Buffer> {
    return await until(
      'picture through the gateway',
      async () => {
        const answer = await this.get('snapshot', token);
        if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
        return Buffer.from(await answer.arrayBuffer());
      },
      { ms },
    );
  }
}
