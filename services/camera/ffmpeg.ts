import { type ChildProcess, execFile } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import fluent from 'fluent-ffmpeg';
import { FaultError } from '../shared/fault.ts';
import type { Job } from './job.ts';
import { readOutput } from './output.ts';

/** Between SIGTERM and SIGKILL, in ms, where the other side is to hear of it: a network camera's session. */
const GRACE_MS = 1_000;
/** What ffmpeg said last is kept, bounded. */
const LAST_LINES = 100;
const MAX_LINE = 500;
/** The program in front of ffmpeg, see `findFfmpeg`. */
const GUARD = ['--pdeathsig', 'KILL', '--', 'ffmpeg'];

export interface Exit {
  /** ffmpeg's exit code; null when a signal ended it or it could not be started. */
  code: number | null;
  /** What it said last on standard error. */
  lines: string[];
}

/** How ffmpeg is started here, found out once. */
export interface FfmpegProgram {
  command: string;
  before: string[];
}

/** What fluent-ffmpeg 2.1.3 has, and its types do not tell. It is archived: this is how it stays. */
interface Internals {
  ffmpegProc?: ChildProcess;
  _getArguments(): string[];
  _prepare(done: (error: null, args: string[]) => void): void;
}

/**
 * Looks whether ffmpeg can be run, and how. Were we killed while its device is silent, it would never write, so never notice, and keep the
 * device: setpriv (util-linux) has the kernel end it with us. Where that is missing (a lean image), ffmpeg runs without.
 * @throws FaultError when there is no ffmpeg
 */
export async function findFfmpeg(): Promise<FfmpegProgram> {
  found ??= await lookForFfmpeg();
  return found;
}

/** Several cameras in a process need not look again. */
let found: FfmpegProgram | undefined;

async function lookForFfmpeg(): Promise<FfmpegProgram> {
  if (await runs('setpriv', [...GUARD, '-version'])) return { command: 'setpriv', before: GUARD };
  if (await runs('ffmpeg', ['-version'])) return { command: 'ffmpeg', before: [] };
  throw new FaultError('ffmpeg is missing or does not run, and the camera is read with it: install it (sudo apt-get install ffmpeg)');
}

async function runs(command: string, args: string[]): Promise<boolean> {
  return promisify(execFile)(command, args).then(
    () => true,
    () => false,
  );
}

/** A running ffmpeg whose output goes to `feed` as it comes, in a buffer that is used again. Disposing of it ends it, and waits until it has. */
export class Ffmpeg {
  readonly exited: Promise<Exit>;
  readonly #command: fluent.FfmpegCommand & Internals;
  readonly #gently: boolean;
  #hasExited = false;

  /**
   * @param gently whether it may say goodbye to its source; else it is killed: at once, and 7.1 ignores SIGTERM while its device is silent
   * @param stdin what it reads on its standard input, instead of the job's script
   */
  constructor(program: FfmpegProgram, job: Job, gently: boolean, feed: (bytes: Buffer) => void, stdin?: Readable) {
    this.#gently = gently;
    this.#command = build(program, job, stdin) as fluent.FfmpegCommand & Internals;
    this.exited = run(this.#command, feed).then((exit) => {
      this.#hasExited = true;
      return exit;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasExited) return;
    this.#command.kill(this.#gently ? 'SIGTERM' : 'SIGKILL');
    const timer = setTimeout(() => this.#command.kill('SIGKILL'), GRACE_MS);
    await this.exited;
    clearTimeout(timer);
  }
}

function build({ command, before }: FfmpegProgram, job: Job, stdin?: Readable): fluent.FfmpegCommand {
  // Options go in as separate arguments: in an array fluent-ffmpeg splits them at spaces.
  const [first = '', ...others] = [...before, ...job.inputOptions];
  const [firstOut = '', ...othersOut] = job.outputOptions;
  return fluent({ stdoutLines: LAST_LINES })
    .setFfmpegPath(command)
    .input(stdin ?? (job.script === null ? job.input : Readable.from([job.script])))
    .inputOptions(first, ...others)
    .outputOptions(firstOut, ...othersOut);
}

function run(command: fluent.FfmpegCommand & Internals, feed: (bytes: Buffer) => void): Promise<Exit> {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const settle = (code: number | null, said: string | null | undefined) => resolve({ code, lines: lastLines(said) });
  command.on('end', (_stdout: string | null, stderr: string | null) => settle(0, stderr));
  command.on('error', (error: Error, _stdout: string | null, stderr: string | null) => settle(exitCode(error), stderr ?? error.message));
  command.on('start', () => {
    const child = command.ffmpegProc;
    if (child?.pid === undefined) catchFailedSpawn(child, settle);
    else readOutput(child, feed);
  });
  // Its own preparation spawns ffmpeg twice, for a tenth of a second, to look for formats and encoders that every build has; without
  // it `run` is synchronous, too, so what it throws (no more file descriptors) can be caught.
  command._prepare = (done) => done(null, command._getArguments());
  try {
    // A stream has to be given, or standard output would be kept as text; what counts is read by `readOutput`.
    command.output(new Writable({ write: (_bytes, _encoding, done) => done() }), { end: false }).run();
  } catch (error) {
    settle(null, String(error));
  }
  return promise;
}

/** When a process cannot be made, fluent-ffmpeg's own listener throws where nobody can catch it. */
function catchFailedSpawn(child: ChildProcess | undefined, settle: (code: null, said: string) => void): void {
  child?.removeAllListeners('error');
  child?.on('error', (error) => settle(null, error.message));
}

function exitCode(error: Error): number | null {
  const found = /exited with code (\d+)/.exec(error.message);
  return found ? Number(found[1]) : null;
}

function lastLines(said: string | null | undefined): string[] {
  const lines = (said ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-LAST_LINES).map((line) => line.slice(0, MAX_LINE));
}
