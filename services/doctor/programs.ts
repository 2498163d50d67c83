/** Which of the programs that a camera needs are here. */
import { type ExecFileException, execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Programs {
  ffmpeg: Program;
  v4l2ctl: Program;
  /** util-linux's, which can end ffmpeg with us. */
  setpriv: Program;
  /** Node's own version: `v24.21.0`. */
  node: string;
}

/** A program's version, in its own words (`5.1.9-0+deb12u1`), or why it has none. */
export type Program = { version: string } | { failed: 'missing' | 'broken'; said: string };

/** A healthy one takes some 50 ms, on a Raspberry Pi that is busy and reads it from its card a second or two. */
const PATIENCE_MS = 10_000;
const MAX_OUTPUT = 1 << 16;
const MAX_SAID = 160;

/** Runs each with the argument that asks for its version. Never rejects. */
export async function lookForPrograms(): Promise<Programs> {
  const [ffmpeg, v4l2ctl, setpriv] = await Promise.all([
    ask('ffmpeg', ['-hide_banner', '-version'], /^ffmpeg version (\S+)/),
    ask('v4l2-ctl', ['--version'], /^v4l2-ctl (\S+)/),
    // In the way it is used: busybox has one that cannot do that.
    ask('setpriv', ['--pdeathsig', 'KILL', '--', 'setpriv', '--version'], /^setpriv from (\S+ \S+)/),
  ]);
  return { ffmpeg, v4l2ctl, setpriv, node: process.version };
}

async function ask(command: string, args: string[], pattern: RegExp): Promise<Program> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT });
    return { version: pattern.exec(stdout)?.[1] ?? 'of unknown version' };
  } catch (error) {
    const { code, killed, stderr, message } = error as ExecFileException & { stderr?: string };
    if (code === 'ENOENT') return { failed: 'missing', said: '' };
    const said = killed ? `no answer for ${PATIENCE_MS / 1_000} s` : (stderr?.trim().split('\n').at(-1) ?? message);
    return { failed: 'broken', said: said.slice(0, MAX_SAID) };
  }
}
