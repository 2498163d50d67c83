/** What the kernel says of a camera: its USB port, its driver, the power. */
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** What a line of the kernel's log is a sign of. */
export type Sign = 'power' | 'current' | 'controller' | 'memory' | 'bandwidth' | 'signal' | 'unplugged';

/** Texts of Linux 5.10 to 6.12 (usbcore, uvcvideo, xhci, hwmon, mm); the first that fits is it. */
const SIGNS: [Sign, RegExp][] = [
  ['power', /under-?voltage detected/i],
  ['current', /over-current/],
  ['controller', /xhci_hcd .*(HC died|not responding|Host halt failed|Abort failed)/],
  ['memory', /out of memory: Killed process/i],
  ['bandwidth', /No fast enough alt setting|Not enough bandwidth|Failed to submit URB \d+ \(-28\)/],
  ['signal', /device descriptor read|read config index|not accepting address|unable to enumerate|Cannot enable\.|can't set config/],
  // Not "reset high-speed USB device": many webcams are reset whenever they wake up.
  ['signal', /not responding to setup address|Transfer event TRB|TRB error/],
  ['signal', /Failed to (query \(|set UVC|initialize the device|submit URB)|Non-zero status \(/],
  ['unplugged', /USB disconnect/],
];

/** At most so many lines are kept, and so much of each. */
const MAX_LINES = 12;
const MAX_LINE = 160;
/** The kernel's buffer holds a few thousand records; one is no longer than this (CONSOLE_EXT_LOG_MAX). */
const MAX_RECORDS = 20_000;
const MAX_RECORD = 8192;

/** What `line` is a sign of; null when it tells nothing about cameras. */
export function signOf(line: string): Sign | null {
  return SIGNS.find(([, said]) => said.test(line))?.[0] ?? null;
}

/**
 * The lines that may concern a camera, the newest last, each once.
 * @param records of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): `3,1234,5140900,-;usb 1-1.4: USB disconnect, device number 5`
 * @param bus where the camera is or was plugged in, as V4L2 writes it; lines of other ports are then left out
 * @param sinceUs of the kernel's clock, which begins with the machine; what was said before is left out
 */
export function pickKernelLines(records: string[], bus: string | null, sinceUs: number): string[] {
  const lines = new Set<string>();
  for (const record of records) {
    const [, facility, at, text] = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(record) ?? [];
    // Other facilities than the kernel's are programs that write into its log.
    if (text === undefined || Number(facility) >= 8 || Number(at) < sinceUs) continue;
    const line = text.slice(0, MAX_LINE);
    if (signOf(line) === null || !concerns(line, bus)) continue;
    lines.delete(line);
    lines.add(line);
  }
  return [...lines].slice(-MAX_LINES);
}

/** Does the line speak of the camera's port, of a hub on the way to it, or of no port at all? */
function concerns(line: string, bus: string | null): boolean {
  const ours = bus && /^usb-.*-([\d.]+)$/.exec(bus)?.[1];
  const theirs = portOf(line);
  return !ours || theirs === null || ours === theirs || ours.startsWith(`${theirs}.`);
}

/** `1.4` of `usb 1-1.4:`, `usb 1-1-port4:`, `uvcvideo 1-1.4:1.0:`; `2` of `usb usb1-port2:`; null when no port is named. */
function portOf(line: string): string | null {
  const [, root, hub, port] = /^usb (?:usb(\d+)|\d+-([\d.]+))-port(\d+)\b/.exec(line) ?? [];
  if (port) return root ? port : `${hub}.${port}`;
  return /^(?:usb|uvcvideo) \d+-([\d.]+)[: ]/.exec(line)?.[1] ?? null;
}

/** All records that the kernel's log has now, oldest first; none where we may not read it, as with kernel.dmesg_restrict. */
export function readKernelLog(file: string): string[] {
  let log: number;
  try {
    log = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return []; // No such log (a container), or not for us.
  }
  try {
    return readRecords(log);
  } finally {
    closeSync(log);
  }
}

/** Each read gives one record, of whole lines. */
function readRecords(log: number): string[] {
  const buffer = Buffer.allocUnsafe(MAX_RECORD);
  const records: string[] = [];
  for (let reads = 0; reads < MAX_RECORDS; reads++) {
    try {
      const length = readSync(log, buffer);
      if (length === 0) break;
      records.push(...buffer.toString('utf8', 0, length).split(/\n(?=\d)/));
    } catch (error) {
      // EPIPE: records were overwritten while we read; the next read goes on behind them. EAGAIN: that was the last one.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') break;
    }
  }
  return records;
}
