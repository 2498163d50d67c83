import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defer, type Scope } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { makeWorkDir } from './work-dir.ts';

const root = join(import.meta.dirname, '../..');
/** A first build compiles ffmpeg: three minutes on two cores, more on a Raspberry Pi. */
const BUILD_MS = 40 * 60_000;
const COMMAND_MS = 60_000;
const MAX_OUTPUT = 1 << 24;

export interface StackOptions {
  /** Another file in place of compose.yaml. */
  base?: string;
  /** Further compose files of the project, `deploy/docker/one-device.yaml`; and what a user would change in compose.yaml, as JSON. */
  files?: string[];
  change?: object;
  /** As .env would have it. */
  env?: Record<string, string>;
}

/** Runs a program and gives its output; what it said on standard error stands in the failure. */
export async function run(command: string, args: string[], env: Record<string, string> = {}, timeout = COMMAND_MS): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    maxBuffer: MAX_OUTPUT,
    timeout,
  });
  return stdout;
}

export const docker = (...args: string[]) => run('docker', args);

/** Builds both images from what stands here; nothing is done twice. */
export async function buildImages(): Promise<void> {
  await run('docker', ['compose', 'build', '--quiet'], {}, BUILD_MS);
}

/** A stack of compose.yaml under a name of its own; whatever the test does, nothing of it is left. */
export async function makeStack(t: Scope, { base = 'compose.yaml', files = [], change, env = {} }: StackOptions = {}): Promise<Stack> {
  const project = `hg-test-${randomUUID().slice(0, 8)}`;
  const port = await freePort();
  const stack = new Stack(project, port, [base, ...files], { GATEWAY_PORT: String(port), ...env }, makeWorkDir(t));
  if (change) stack.change(change);
  defer(t, () => stack.end());
  return stack;
}

export class Stack {
  readonly project: string;
  readonly url: string;
  readonly env: Record<string, string>;
  readonly #files: string[];
  readonly #dir: string;
  #changes = 0;

  constructor(project: string, port: number, files: string[], env: Record<string, string>, dir: string) {
    this.project = project;
    this.url = `http://127.0.0.1:${port}/`;
    this.env = env;
    this.#files = files;
    this.#dir = dir;
  }

  /** From now on compose.yaml is as if this stood in it, too; `up` makes it count. */
  change(lines: object): void {
    const file = join(this.#dir, `change-${this.#changes++}.json`);
    writeFileSync(file, JSON.stringify(lines));
    this.#files.push(file);
  }

  compose(...args: string[]): Promise<string> {
    const files = this.#files.flatMap((file) => ['-f', file]);
    return run('docker', ['compose', '--project-directory', root, '-p', this.project, ...files, ...args], this.env);
  }

  async up(...services: string[]): Promise<void> {
    await this.compose('up', '-d', '--no-build', '--quiet-pull', ...services);
  }

  /** Id of a service's container. */
  async container(service: string): Promise<string> {
    return (await this.compose('ps', '-aq', service)).trim();
  }

  async inspect<T>(service: string, format: string): Promise<T> {
    return JSON.parse(await docker('inspect', '-f', `{{json ${format}}}`, await this.container(service))) as T;
  }

  /** What a shell in the running container prints. */
  sh(service: string, script: string): Promise<string> {
    return this.compose('exec', '-T', service, 'sh', '-c', script);
  }

  logs(service: string): Promise<string> {
    return this.compose('logs', '--no-log-prefix', '--no-color', service);
  }

  /** The token in the address that setup has printed. */
  async token(): Promise<string> {
    return /login\?token=([\w-]+)/.exec(await this.logs('setup'))?.[1] ?? '';
  }

  async get(path: string): Promise<Response> {
    return await fetch(this.url + path, { headers: { Authorization: `Bearer ${await this.token()}` } });
  }

  /** `GET /cameras/{id}` */
  async camera(id = 'camera'): Promise<{ condition: string; cause: string | null; advice: string | null; [name: string]: unknown }> {
    const answer = await this.get(`cameras/${id}`);
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    return await answer.json();
  }

  /** Where the bus's socket is on this machine, for root. */
  async busUrl(): Promise<string> {
    const folder = await docker('volume', 'inspect', '-f', '{{.Mountpoint}}', `${this.project}_bus`);
    return `mqtt+unix://${folder.trim()}/broker.sock`;
  }

  async end(): Promise<void> {
    await this.compose('down', '-v', '-t', '1', '--remove-orphans');
  }
}
