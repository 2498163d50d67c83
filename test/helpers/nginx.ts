import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { defer, type Scope } from './cleanup.ts';
import { processTree } from './process-stats.ts';
import { until } from './until.ts';
import { makeWorkDir } from './work-dir.ts';

const program = '/usr/sbin/nginx';
const deploy = join(import.meta.dirname, '../../deploy');

export interface Nginx {
  pid: number;
  accessLog(): string;
  errorLog(): string;
}

/** A file of deploy/ as it stands, but for what differs in a test; what is to be replaced has to be there. */
export function deployed(path: string, replace: Record<string, string> = {}): string {
  let text = readFileSync(join(deploy, path), 'utf8');
  for (const [from, to] of Object.entries(replace)) {
    if (!text.includes(from)) throw new Error(`deploy/${path} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/**
 * A real nginx, as Debian's nginx.conf makes it, in a folder of its own, that ends with the test.
 * @param files path below /etc/nginx -> text; of sites-enabled/ and conf.d/ all are included. Logs go to a folder of the test's own
 * @param port one that it listens on
 */
export async function startNginx(t: Scope, files: Record<string, string>, port: number): Promise<Nginx> {
  const dir = makeWorkDir(t);
  mkdirSync(join(dir, 'logs'));
  for (const [path, text] of Object.entries({ ...files, 'nginx.conf': mainFile(dir) })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text.replaceAll('/var/log/nginx/', `${dir}/logs/`));
  }
  const log = (name: string) => readFileSync(join(dir, 'logs', name), 'utf8');
  const child = spawn(program, ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'logs/error.log')], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  defer(t, async () => {
    const tree = processTree(child.pid ?? 0);
    child.kill('SIGTERM');
    const forced = setTimeout(() => {
      for (const { pid } of tree) kill(pid);
    }, 5_000);
    await exited;
    clearTimeout(forced);
  });
  await until('nginx to listen', async () => ended || (await listens(port)), { ms: 10_000 });
  if (ended) throw new Error(`${program} did not start: ${log('error.log')}`);
  return { pid: child.pid ?? 0, accessLog: () => log('access.log'), errorLog: () => log('error.log') };
}

function mainFile(dir: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/tmp-${name};`);
  return `
    daemon off;
    user www-data;
    worker_processes auto;
    pid ${dir}/nginx.pid;
    error_log /var/log/nginx/error.log;
    events { worker_connections 768; }
    http {
      ${temporary.join(' ')}
      sendfile on;
      tcp_nopush on;
      gzip on;
      access_log /var/log/nginx/access.log;
      include conf.d/*.conf;
      include sites-enabled/*;
    }`;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the look and the kill.
  }
}
