/** The lab's webcam: a program in the guest that is a USB device, with the kernel's own drivers above it. All times are performance.now(). */
import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, watch } from 'node:fs';
import { promisify } from 'node:util';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { until } from '../helpers/until.ts';

const GADGET = '/lab/gadget.sh';
const GADGET_MS = 20_000;
/** Each picture bears its number and time. */
export const STAMPED = ['-s'];

/** Node -> when the kernel last made it. */
const appeared = new Map<string, number>();
watch('/dev', (event, name) => {
  if (event === 'rename' && name?.startsWith('video') && existsSync(`/dev/${name}`)) appeared.set(`/dev/${name}`, performance.now());
}).unref();

export interface Plugging {
  /** `/dev/video0`. */
  path: string;
  /** When the plug went in. */
  began: number;
  /** When the kernel had made the node: a webcam like this one takes it seconds, 2 of them by design (its driver's quirk). */
  node: number;
}

/** Where it is plugged in: several webcams are there at once. */
export class Socket {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  get #state(): string {
    return `/run/camera-${this.#port}`;
  }

  get isPlugged(): boolean {
    const pid = read(`${this.#state}.pid`);
    return pid !== null && /^uvc-gadget$/m.test(read(`/proc/${pid}/comm`) ?? '');
  }

  /** Where the device is in sysfs, for its power management. */
  get usbDevice(): string {
    return `/sys/bus/usb/devices/1-${this.#port + 1}`;
  }

  /** Its options are those of ../../shared/lab/uvc-gadget.c. */
  async plugIn(options = STAMPED): Promise<Plugging> {
    const began = performance.now();
    const path = await this.#gadget('up', ...options);
    return { path, began, node: await until(`news of ${path}`, () => appeared.get(path)) };
  }

  /** The webcam with these options and not silent, plugged in unless it is. Gives its node. */
  async have(options = STAMPED): Promise<string> {
    if (this.isPlugged && read(`${this.#state}.options`) === options.join('\n')) {
      await this.resume();
      return this.#gadget('node');
    }
    await this.unplug();
    return (await this.plugIn(options)).path;
  }

  /** Pulls the plug. Resolves when the kernel has let the device go; gives when the plug was out. */
  async unplug(): Promise<number> {
    const at = performance.now();
    if (this.isPlugged) await this.#gadget('down');
    return at;
  }

  /** No more pictures come, and all else answers. Over with the test. */
  async hang(t: Scope): Promise<number> {
    defer(t, () => this.resume());
    const at = performance.now();
    await this.#gadget('hang');
    return at;
  }

  async resume(): Promise<void> {
    if (this.isPlugged) await this.#gadget('resume');
  }

  async #gadget(...args: string[]): Promise<string> {
    const env = { ...process.env, PORT: String(this.#port) };
    const { stdout } = await promisify(execFile)(GADGET, args, { env, timeout: GADGET_MS });
    return stdout.trim();
  }
}

export const webcam = new Socket(0);
export const otherWebcam = new Socket(1);

/** Keeps a node open, so that its number stays taken through an unplug. */
export function hold(t: Scope, path: string): void {
  const file = openSync(path, 'r');
  defer(t, () => closeSync(file));
}

/** What a control is set to, by the driver's own word. */
export async function v4l2(path: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('v4l2-ctl', ['-d', path, ...args], { timeout: GADGET_MS });
  return stdout.trim();
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null; // It has not been plugged in yet, or the process has ended.
  }
}
