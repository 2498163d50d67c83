/**
 * A V4L2 device is asked and set by the program v4l2-ctl: Node has no ioctl, and a sick driver that blocks (uvcvideo waits 5 s for each
 * answer of the camera) has to hang a child that can be left behind, not the event loop with the frames.
 */
import { type ChildProcess, type ExecFileException, execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { Watchdog } from '../watchdog.ts';
import type { Capabilities, Control } from './capabilities.ts';
import { errnoOf } from './errno.ts';
import { parseCapabilities } from './v4l2-text.ts';

export interface V4l2Failure {
  /** There is no v4l2-ctl; the system refused; no answer in time; an answer without sense. */
  failed: 'missing' | 'errno' | 'silent' | 'unreadable';
  /** `EACCES`, of `errno` only. */
  errno: string | null;
  /** What v4l2-ctl said, or what we have to say. */
  said: string;
}

interface Ended {
  ok: boolean;
  stdout: string;
  /** All that was complained of: ioctls complain on standard output. */
  said: string;
}

/** For one run; a healthy one takes 10 to 50 ms. */
const PATIENCE_MS = 5_000;
/** The longest list known, vivid's, has 197 kB. */
const MAX_OUTPUT = 1 << 20;
const MAX_SAID = 500;
const MAX_STRING = 1_000;

const NAME = /^[a-z0-9_]{1,63}$/;
/** v4l2-ctl has no way to quote a comma. */
const UNFIT = /[,\p{Cc}]/u;
/** `auto_exposure`, `white_balance_automatic`, `focus_auto`, `autogain`: they rule other controls. */
const AUTOMATIC = /auto/;

/** The device itself cannot be had, whatever control was meant. */
const NO_DEVICE = /Cannot open device|Failed to open|Unable to detect|not a v4l2 node|No such device/;

/** Why a control was not set, as the end of a sentence about it. */
const REFUSALS: Record<string, string> = {
  EACCES: 'can only be read, or has no effect while an automatic rules it',
  EBUSY: 'cannot be changed while the camera is in use',
  // What uvcvideo of older kernels makes of a camera's `wrong state`.
  EILSEQ: 'has no effect while an automatic rules it',
  EINVAL: 'does not take this value',
  ERANGE: 'does not take this value',
};

const NEVER = new AbortController().signal;
/** Nodes whose v4l2-ctl was killed, but is held in the kernel: another one would only join it, so it waits for that one's end. */
const hanging = new Map<string, Promise<unknown>>();

/** What the device at `node` offers, in at most 5 s. Never rejects: when `signal` comes first the device counts as silent. */
export async function readDevice(node: string, signal: AbortSignal = NEVER): Promise<Capabilities | V4l2Failure> {
  const ended = await v4l2ctl(node, ['--info', '--list-formats-ext', '--list-ctrls-menus'], signal);
  if ('failed' in ended) return ended;
  if (!/^Driver Info/m.test(ended.stdout)) return failureOf(ended.said);
  const found = parseCapabilities(ended.stdout);
  // Unplugged while it was read, it would look like a camera that has no formats.
  const isHere = found.formats.length > 0 || (await exists(node));
  return isHere ? found : { failed: 'errno', errno: 'ENODEV', said: `${node} went away while it was read` };
}

/**
 * Sets controls, by name; one that cannot be set keeps no other from it. Values are numbers (a menu's index, 0 or 1 for a switch) or,
 * for string controls, texts. A number out of range the driver brings into range.
 * @returns why some were not set, as the end of a sentence about the control
 */
export async function setControls(
  node: string,
  wanted: Map<string, number | string>,
  signal: AbortSignal = NEVER,
): Promise<{ refused: Map<string, string> }> {
  const refused = new Map<string, string>();
  const settings: [string, string][] = [];
  for (const [name, value] of inOrder(wanted)) {
    if (isFit(name, value)) settings.push([name, `${name}=${value}`]);
    else refused.set(name, 'does not take this value');
  }
  const all = settings.map(([, setting]) => setting).join(',');
  const together = settings.length > 1 ? await set(node, all, signal) : undefined;
  if (together === null) return { refused };
  // In one ioctl a single bad one may keep all from being set, and which one it was is not told.
  let lost = together?.lost ? together : null;
  for (const [name, setting] of settings) {
    const refusal = lost ?? (await set(node, setting, signal));
    if (refusal) refused.set(name, refusal.why);
    if (refusal?.lost) lost = refusal;
  }
  return { refused };
}

/** Does it rule others, which then cannot be set? */
export function isAutomatic(name: string): boolean {
  return AUTOMATIC.test(name);
}

/** Automatics first, then (of known controls) switches and menus, then the values that they rule. */
export function inOrder<Value>(wanted: Map<string, Value>, controls: Control[] = []): Map<string, Value> {
  const types = new Map(controls.map(({ name, type }) => [name, type]));
  const rank = (name: string) => (isAutomatic(name) ? 0 : /^(bool|menu|intmenu)$/.test(types.get(name) ?? '') ? 1 : 2);
  return new Map([...wanted].sort(([a], [b]) => rank(a) - rank(b)));
}

function isFit(name: string, value: number | string): boolean {
  const isValue = typeof value === 'number' ? Number.isSafeInteger(value) : value.length <= MAX_STRING && !UNFIT.test(value);
  return NAME.test(name) && isValue;
}

/** Null when they were set; else why not, and whether the device is lost for all controls. */
async function set(node: string, settings: string, signal: AbortSignal): Promise<{ why: string; lost: boolean } | null> {
  const ended = await v4l2ctl(node, ['-c', settings], signal);
  if ('failed' in ended) return { why: `cannot be set now (${ended.said})`, lost: true };
  if (ended.ok) return null;
  if (NO_DEVICE.test(ended.said)) return { why: `cannot be set now (${ended.said})`, lost: true };
  if (/^unknown control/.test(ended.said)) return { why: 'is not known to the camera', lost: false };
  const errno = errnoOf(ended.said);
  return { why: REFUSALS[errno ?? ''] ?? `was refused by the camera (${errno ?? ended.said})`, lost: false };
}

function failureOf(said: string): V4l2Failure {
  const errno = errnoOf(said);
  return { failed: errno ? 'errno' : 'unreadable', errno, said };
}

function exists(node: string): Promise<boolean> {
  return access(node).then(
    () => true,
    () => false,
  );
}

async function v4l2ctl(node: string, args: string[], signal: AbortSignal): Promise<Ended | V4l2Failure> {
  using watchdog = new Watchdog(PATIENCE_MS, signal);
  if (hanging.has(node)) await Promise.race([hanging.get(node), watchdog.fired]);
  const ended = hanging.has(node) ? null : await run(node, args, watchdog);
  if (ended) return ended;
  return failure('silent', signal.aborted ? 'v4l2-ctl was stopped' : `${node} did not answer v4l2-ctl for ${PATIENCE_MS / 1_000} s`);
}

/** Null when the watchdog was faster. */
async function run(node: string, args: string[], watchdog: Watchdog): Promise<Ended | V4l2Failure | null> {
  const { promise, resolve } = Promise.withResolvers<Ended | V4l2Failure>();
  try {
    const child = execFile('v4l2-ctl', ['-d', node, ...args], { maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
      if (error?.syscall !== undefined) resolve(failedStart(error));
      else resolve({ ok: error === null, stdout, said: oneLine(`${stderr}\n${stdout}`) });
    });
    const ended = await Promise.race([promise, watchdog.fired]);
    if (ended === null) leave(child, node);
    return ended;
  } catch (error) {
    return failedStart(error as ExecFileException); // No memory for another process, say.
  }
}

/** A child inside the driver ends when that lets it go, which may be never. */
function leave(child: ChildProcess, node: string): void {
  if (child.exitCode === null && child.signalCode === null) {
    const { promise, resolve } = Promise.withResolvers<void>();
    hanging.set(node, promise);
    child.once('exit', () => {
      hanging.delete(node);
      resolve();
    });
  }
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function failedStart({ code, message }: ExecFileException): V4l2Failure {
  return code === 'ENOENT' ? failure('missing', 'there is no v4l2-ctl') : failure('unreadable', `v4l2-ctl cannot be started (${message})`);
}

function failure(failed: 'missing' | 'silent' | 'unreadable', said: string): V4l2Failure {
  return { failed, errno: null, said };
}

function oneLine(text: string): string {
  const lines = text.slice(0, MAX_SAID).split('\n');
  const clean = lines.map((line) => line.replace(/\p{Cc}/gu, '').trim()).filter((line) => line !== '');
  return clean.join('; ');
}
