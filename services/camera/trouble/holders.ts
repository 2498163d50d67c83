/** Who has a device open, as /proc tells it. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { peekNames, peekText } from './peek.ts';
import { serviceOf } from './place.ts';
import { type DeviceFile, type Holder, ONLOOKERS } from './scene.ts';

/** At most so many processes are looked at, so many files of each, and so many holders told. */
const MAX_PROCESSES = 8192;
const MAX_FILES = 1024;
const MAX_HOLDERS = 8;
/** After so many processes others have their turn. */
const AT_ONCE = 25;

export interface Holders {
  holders: Holder[];
  someUnseen: boolean;
}

/** The processes that have `node` open, without this one. Those that end while we look are not counted. */
export async function findHolders(node: DeviceFile, proc: string, userOf: (uid: number) => string | null): Promise<Holders> {
  const all: Holder[] = [];
  let someUnseen = false;
  const pids = peekNames(proc).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  for (const [i, pid] of pids.slice(0, MAX_PROCESSES).entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await nextTurn();
    const holds = hasOpen(path.join(proc, pid, 'fd'), node);
    if (holds === null) someUnseen = true;
    if (holds && all.length < MAX_HOLDERS) all.push(describeHolder(proc, pid, userOf));
  }
  const users = all.filter(({ command }) => !ONLOOKERS.test(command));
  return { holders: users.length > 0 || someUnseen ? users : all, someUnseen };
}

/** Null when we may not see what it has open. */
function hasOpen(folder: string, node: DeviceFile): boolean | null {
  try {
    const names = readdirSync(folder).slice(0, MAX_FILES);
    return names.some((name) => isNode(path.join(folder, name), node));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? null : false; // Any other: it has ended.
  }
}

function isNode(file: string, node: DeviceFile): boolean {
  try {
    const target = readlinkSync(file);
    if (target === node.path) return true;
    // The device may have another name, as in a container. Only a file among devices is asked: one on a lost network drive would not answer.
    if (!target.startsWith('/dev/') && path.dirname(target) !== path.dirname(node.path)) return false;
    const stats = statSync(file);
    return stats.isCharacterDevice() && majorOf(stats.rdev) === node.major && minorOf(stats.rdev) === node.minor;
  } catch {
    return false; // It was closed meanwhile.
  }
}

function describeHolder(proc: string, pid: string, userOf: (uid: number) => string | null): Holder {
  const [comm, cmdline, status, cgroup] = ['comm', 'cmdline', 'status', 'cgroup'].map((name) => peekText(path.join(proc, pid, name)));
  const uid = /^Uid:\s+(\d+)/m.exec(status ?? '')?.[1];
  const service = serviceOf(cgroup ?? '');
  return {
    pid: Number(pid),
    command: commandOf(comm ?? '', cmdline ?? ''),
    user: uid === undefined ? null : userOf(Number(uid)),
    unit: service?.manager === 'system' ? service.unit : null,
    isOurs: /^PPid:\s+(\d+)/m.exec(status ?? '')?.[1] === String(process.pid),
  };
}

/** The name it was started by; where that is no plain name but a title, which may hold anything, the short one that the kernel has. */
function commandOf(comm: string, cmdline: string): string {
  const name = path.basename(cmdline.split('\0')[0] ?? '').replace(/^-/, '');
  return /^[\w.+-]{1,32}$/.test(name) ? name : comm.trim() || 'a program';
}

/** makedev(3). */
export function majorOf(rdev: number): number {
  return (rdev >>> 8) & 0xfff;
}

export function minorOf(rdev: number): number {
  return (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
}
