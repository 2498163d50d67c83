import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defer, type Scope } from './cleanup.ts';
import { pidsWithEnv, processStats } from './process-stats.ts';
import { type Deadline, until, within } from './until.ts';
import { makeWorkDir } from './work-dir.ts';

const root = new URL('../../', import.meta.url).pathname;
const mark = 'HOMEGUARD_TEST_PROGRAM';
/** As package.json's scripts have it: frames are no small objects, so room for many of those is only memory. */
const nodeOptions = ['--max-semi-space-size=1', '--heap-growing-percent=10'];
/** So that what a password or a picture took is given back (mallopt(3)). */
const malloc = { MALLOC_MMAP_THRESHOLD_: '4194304', MALLOC_TRIM_THRESHOLD_: '4194304' };

export interface ProgramOptions {
  /** Path in the project of what is run, services/homeguard.ts unless given. */
  main?: string;
  args?: string[];
  /** Programs in front of it, which run it: `setpriv …`. */
  through?: string[];
  /** Besides ports 0 and what a shell needs; nothing else of the test's own environment is passed on. */
  env?: Record<string, string>;
  /** A folder of the test's own unless given, so ./data never is the developer's. */
  cwd?: string;
}

export interface Exit {
  /** null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StopOptions extends Deadline {
  /** SIGTERM unless given. */
  signal?: NodeJS.Signals;
  /** The exit code that it must end with, 0 unless given; null for death by the signal. */
  code?: number | null;
}

/** Starts a program of ours with this Node. Whatever the test does, neither it nor any process that it began outlives the test. */
export function startProgram(
  t: Scope,
  { main = 'services/homeguard.ts', args = [], through = [], env = {}, cwd }: ProgramOptions = {},
): Program {
  const id = randomUUID();
  const [first = '', ...others] = [...through, process.execPath, ...nodeOptions, root + main, ...args];
  const child = spawn(first, others, {
    cwd: cwd ?? makeWorkDir(t),
    env: { ...shellEnv(), ...malloc, BROKER_PORT: '0', GATEWAY_PORT: '0', ...env, [mark]: id },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const program = new Program(main, child, id);
  defer(t, () => program.end());
  return program;
}

/** A program under test. Its helpers (ffmpeg) are found by an environment variable that they inherit, also once they are orphans. */
export class Program {
  stdout = '';
  stderr = '';
  /** Resolves when it has ended and all its output is here. */
  readonly exited: Promise<Exit>;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #id: string;
  #exit: Exit | undefined;

  constructor(name: string, child: ChildProcess, id: string) {
    this.#name = name;
    this.#child = child;
    this.#id = id;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        // 'close' waits for orphans that hold the pipe; they are for the checks to find, not to wait for.
        const drained = new Promise((closed) => child.once('close', closed));
        void Promise.race([drained, sleep(500)]).then(() => resolve({ code, signal }));
      });
      child.once('error', () => resolve({ code: null, signal: null }));
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#child.pid;
  }

  /** stdout and, after it, stderr. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Ids of the processes that it began and that live. */
  helpers(): number[] {
    return pidsWithEnv(mark, this.#id).filter((pid) => pid !== this.#child.pid);
  }

  /** Waits until its output matches, and gives the match. Fails at once when the program has ended without it. */
  async outputMatching(pattern: RegExp, { ms = 10_000 }: Deadline = {}): Promise<RegExpMatchArray> {
    let ended = false;
    void this.exited.then(() => {
      ended = true;
    });
    const found = await until(`output ${pattern} of ${this.#name}`, () => this.output.match(pattern) ?? ended, { ms }).catch(
      (error: Error) => {
        throw this.#fault(error.message);
      },
    );
    if (found === true) throw this.#fault(`${this.#name} ended without output ${pattern}`);
    return found;
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until it ends by itself with this exit code, none of its helpers left behind. */
  async ends({ code = 0, ms = 10_000 }: { code?: number | null } & Deadline = {}): Promise<Exit> {
    const exit = await within(`end of ${this.#name}`, this.exited, { ms }).catch((error: Error) => {
      throw this.#fault(error.message);
    });
    const left = this.helpers().map((pid) => `${processStats(pid)?.name} ${pid}`);
    if (exit.code !== code)
      throw this.#fault(
        `${this.#name} ended with ${exit.signal ?? `code ${exit.code}`}, not ${code === null ? 'by a signal' : `code ${code}`}`,
      );
    if (left.length) throw this.#fault(`${this.#name} left behind ${left.join(', ')}`);
    return exit;
  }

  /** Ends it as systemd and Docker do, and asserts that it goes in time (5 s), with its exit code and with all its helpers. */
  async stop({ signal = 'SIGTERM', code = 0, ms = 5000 }: StopOptions = {}): Promise<Exit> {
    this.signal(signal);
    return await this.ends({ code, ms });
  }

  /** Kills what is left of it, without asking. For the end of a test. */
  async end(): Promise<void> {
    if (!this.#exit) this.#child.kill('SIGKILL');
    await until(
      `end of all processes of ${this.#name}`,
      () => {
        const left = pidsWithEnv(mark, this.#id);
        for (const pid of left) kill(pid);
        return left.length === 0;
      },
      { ms: 5000 },
    );
    if (this.#child.pid !== undefined) await this.exited;
  }

  #fault(message: string): Error {
    const tail = this.output.trimEnd().split('\n').slice(-40).join('\n');
    return new Error(`${message}\n${tail ? `its output, at most the last 40 lines:\n${tail}` : 'it printed nothing'}`);
  }
}

/** NODE_TEST_CONTEXT and whatever MQTT_… or CAMERA_… the developer has set would make another program of it. */
function shellEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'LANG', 'TMPDIR', 'USER']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the look and the kill.
  }
}
