/** The doctor, in a process of its own: it looks at everything, for a second or more, and the frames have to go on meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { type Checkup, MAX_CHECKUP_BYTES, readCheckup } from '../../shared/checkup.ts';
import type { Logger } from '../../shared/log.ts';

/** A visit takes a second, eight where neither the bus nor a device answers; then it is ended, in ms. */
const LONGEST_MS = 15_000;
/** Between the end of a visit and the next one, in ms: each costs a small machine a second of its processor. */
const REST_MS = 4_000;
/** While one is under way, who asks may do so again after so many seconds. */
const BUSY_S = 3;
/** So much of what it complains of goes to the log, in characters. */
const MAX_COMPLAINT = 500;
/** As the services have it (package.json): it shares their machine's memory. */
const NODE_OPTIONS = ['--max-semi-space-size=1'];

export type Visit = { checkup: Checkup } | { refused: string; retrySeconds?: number };

export interface DoctorParts {
  /** The settings with which HomeGuard was started: the doctor reads them anew. */
  env: Record<string, string | undefined>;
  log: Logger;
  /** The program; tests have others. */
  file?: string;
  longestMs?: number;
  restMs?: number;
}

interface Ended {
  stdout: Buffer;
  stderr: string;
  /** Why it was ended, the end of a sentence; null when it ended by itself. */
  why: string | null;
  code: number | null;
}

/** One for all cameras of a process: there is never more than one visit at a time. */
export class Doctor implements AsyncDisposable {
  readonly #parts: DoctorParts;
  #running: Process | null = null;
  /** Monotonic, in ms. */
  #readyAt = Number.NEGATIVE_INFINITY;

  constructor(parts: DoctorParts) {
    this.#parts = parts;
  }

  /** Has him look at one camera of the settings. Never rejects. */
  async examine(camera: string): Promise<Visit> {
    const rest = this.#readyAt - performance.now();
    if (this.#running) return { refused: 'The doctor is here already: ask again in a moment.', retrySeconds: BUSY_S };
    if (rest > 0) return { refused: 'The doctor was here just now: ask again in a moment.', retrySeconds: Math.ceil(rest / 1000) };
    const ended = await this.#visit(camera);
    this.#readyAt = performance.now() + (this.#parts.restMs ?? REST_MS);
    // 1: a picture cannot come.
    const checkup = ended.code === 0 || ended.code === 1 ? readCheckup(ended.stdout) : null;
    return checkup ? { checkup } : { refused: this.#complain(ended) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running?.end('HomeGuard stops');
    await this.#running?.ended;
  }

  async #visit(camera: string): Promise<Ended> {
    const { env, file = programFile(), longestMs = LONGEST_MS } = this.#parts;
    try {
      this.#running = start(file, ['--json', '--camera', camera], env, longestMs);
      return await this.#running.ended;
    } catch (error) {
      // Without memory for a process Node throws.
      return { stdout: Buffer.alloc(0), stderr: '', why: unstartable(error as NodeJS.ErrnoException), code: null };
    } finally {
      this.#running = null;
    }
  }

  #complain({ why, code, stderr }: Ended): string {
    const reason = why ?? `he ended with ${code === null ? 'a signal' : `code ${code}`} and without findings`;
    this.#parts.log.warn({ said: stderr.trim() || undefined }, `the doctor was asked, but ${reason}`);
    return `The doctor found nothing out: ${reason}. Run him on the machine of the camera; the log of the camera service says more.`;
  }
}

/** Beside the services: as sources, or compiled. */
function programFile(): string {
  return path.join(import.meta.dirname, '../../doctor', `main${path.extname(import.meta.filename)}`);
}

interface Process {
  ended: Promise<Ended>;
  /** @param why the end of a sentence */
  end: (why: string) => void;
}

function start(file: string, args: string[], env: DoctorParts['env'], longestMs: number): Process {
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  const said: Buffer[] = [];
  let [bytes, stderr, why] = [0, '', null as string | null];
  // The leader of a group: what it has begun is ended with it.
  const child = spawn(process.execPath, [...NODE_OPTIONS, file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const end = (reason: string) => {
    why ??= reason;
    killGroup(child);
  };
  const timer = setTimeout(() => end(`he took longer than ${longestMs / 1000} s`), longestMs);
  const finish = (code: number | null) => {
    clearTimeout(timer);
    resolve({ stdout: Buffer.concat(said), stderr, why, code });
  };
  // Where a process has no files left it has no pipes either, and never closes.
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_CHECKUP_BYTES) said.push(chunk);
    else end(`he said more than ${MAX_CHECKUP_BYTES} bytes`);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, MAX_COMPLAINT);
  });
  child.once('error', (error: NodeJS.ErrnoException) => {
    why ??= unstartable(error);
    finish(null);
  });
  child.once('close', finish);
  return { ended, end };
}

function unstartable({ code, message }: NodeJS.ErrnoException): string {
  return `his program cannot be started (${code ?? message})`;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
