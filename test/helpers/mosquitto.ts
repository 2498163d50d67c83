import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { defer, type Scope } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';
import { makeWorkDir } from './work-dir.ts';

const program = '/usr/sbin/mosquitto';

export interface MosquittoOptions {
  /** Name -> password; anyone may in unless given. */
  users?: Record<string, string>;
  /** With a certificate for `localhost`, signed by an authority of its own: `mqtts://localhost:…`. */
  tls?: boolean;
  /** Where it listens, 127.0.0.1 unless given; containers need 0.0.0.0. */
  address?: string;
  /** Further lines of its configuration. */
  lines?: string[];
}

/** A real Mosquitto. It listens on the same places after `stop` and `start`, and then remembers nothing, as one without `persistence`. */
export interface Mosquitto {
  /** `mqtt://127.0.0.1:…`, or `mqtts://localhost:…`. */
  url: string;
  /** `mqtt+unix://…` of its Unix socket, for which the same users count. */
  socketUrl: string;
  port: number;
  /** File of the authority that signed its certificate; empty without TLS. */
  ca: string;
  pid(): number;
  /** What it has logged so far. */
  log(): string;
  start(): Promise<void>;
  /** @param signal SIGTERM unless given; SIGSTOP and SIGCONT are for `process.kill(pid())` */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts one that ends with the test. */
export async function startMosquitto(
  t: Scope,
  { users, tls = false, address = '127.0.0.1', lines = [] }: MosquittoOptions = {},
): Promise<Mosquitto> {
  const dir = makeWorkDir(t);
  const port = await freePort();
  const socket = join(dir, 'mosquitto.sock');
  const file = (name: string) => join(dir, name);
  if (tls) makeCertificates(dir);
  if (users) makePasswords(file('passwords'), users);
  const listener = tls ? ['cafile ca.pem', 'certfile cert.pem', 'keyfile key.pem'].map((line) => line.replace(' ', ` ${dir}/`)) : [];
  const access = users ? [`password_file ${file('passwords')}`, 'allow_anonymous false'] : ['allow_anonymous true'];
  const config = ['user root', 'log_type all', `listener ${port} ${address}`, ...listener, `listener 0 ${socket}`, ...access, ...lines];
  writeFileSync(file('mosquitto.conf'), `${config.join('\n')}\n`);
  let output = '';
  let child: ReturnType<typeof spawn> | undefined;
  const start = async () => {
    const begun = spawn(program, ['-c', file('mosquitto.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    child = begun;
    for (const stream of [begun.stdout, begun.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-1_000_000);
      });
    }
    await until(`Mosquitto on ${port}`, async () => {
      if (begun.exitCode !== null) throw new Error(`mosquitto ended with ${begun.exitCode}:\n${output}`);
      return await listens(port);
    });
  };
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    await gone;
  };
  defer(t, () => stop('SIGKILL'));
  await start();
  return {
    url: tls ? `mqtts://localhost:${port}` : `mqtt://127.0.0.1:${port}`,
    socketUrl: `mqtt+unix://${socket}`,
    port,
    ca: tls ? file('ca.pem') : '',
    pid: () => child?.pid ?? 0,
    log: () => output,
    start,
    stop,
  };
}

function makePasswords(path: string, users: Record<string, string>): void {
  writeFileSync(path, '');
  chmodSync(path, 0o600);
  for (const [name, password] of Object.entries(users)) execFileSync('mosquitto_passwd', ['-b', path, name, password], { stdio: 'pipe' });
}

/** An authority of its own, and a certificate that it signed for `localhost` and 127.0.0.1. */
function makeCertificates(dir: string): void {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('req', '-x509', ...key, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=house', '-days', '2');
  run('req', ...key, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost');
  writeFileSync(join(dir, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  run('x509', '-req', '-in', 'request.pem', '-out', 'cert.pem', ...signed);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
