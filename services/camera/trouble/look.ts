import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DEVICE_ROOTS, type DeviceRoots } from '../device/device.ts';
import { findGroup, findUser, groupsOf } from './accounts.ts';
import { findHolders, majorOf, minorOf } from './holders.ts';
import { pickKernelLines, readKernelLog } from './kernel-log.ts';
import { peekLink, peekNames, peekPlace, peekText } from './peek.ts';
import { type Place, placeOf } from './place.ts';
import { type DeviceFile, NO_SCENE, type Scene, type Us } from './scene.ts';

/** Where is looked; tests have folders of their own. */
export interface LookRoots extends DeviceRoots {
  proc: string;
  etc: string;
  /** For the marks of containers: `/.dockerenv`. */
  root: string;
}

export const LOOK_ROOTS: LookRoots = { ...DEVICE_ROOTS, proc: '/proc', etc: '/etc', root: '/' };

/** What the kernel said longer ago is another story. */
const KERNEL_US = 15 * 60 * 1_000_000;
const MAX_ANCESTORS = 32;
/** A Raspberry Pi 5 has about 40 video devices. */
const MAX_VIDEO = 128;

/** The texts that name users and groups. */
interface Accounts {
  passwd: string;
  group: string;
}

/**
 * What is to be seen around a device whose picture does not come. It takes some milliseconds and never fails: what cannot be seen is not told.
 * @param node the device's path; null when none was found
 * @param bus where it is or was plugged in (`usb-0000:01:00.0-1.4`): troubles of other ports are then left out; null for all
 */
export async function lookAround(node: string | null, bus: string | null, roots: LookRoots): Promise<Scene> {
  const { dev, proc, etc } = roots;
  const accounts = { passwd: peekText(path.join(etc, 'passwd')), group: peekText(path.join(etc, 'group')) };
  const file = node === null ? null : lookAt(node, accounts);
  const held = file && (await findHolders(file, proc, (uid) => findUser(accounts.passwd, uid)?.name ?? null));
  const model = peekText(path.join(proc, 'device-tree/model'));
  return {
    ...NO_SCENE,
    us: lookAtUs(proc, accounts),
    node: file,
    place: lookForPlace(roots),
    launcher: findLauncher(proc),
    ...held,
    ...lookAtOthers(file, roots),
    kernel: pickKernelLines(readKernelLog(path.join(dev, 'kmsg')), bus, kernelNowUs() - KERNEL_US),
    os: model.startsWith('Raspberry Pi') ? 'raspberry-pi' : 'linux',
  };
}

/** The kernel's clock, near enough. */
function kernelNowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function lookAt(node: string, { passwd, group }: Accounts): DeviceFile | null {
  try {
    const stats = statSync(node);
    if (!stats.isCharacterDevice()) return null;
    const { uid, gid, mode, rdev } = stats;
    const owner = findUser(passwd, uid)?.name ?? null;
    const number = { major: majorOf(rdev), minor: minorOf(rdev) };
    return { path: peekPlace(node), uid, owner, gid, group: findGroup(group, gid), mode: mode & 0o7777, ...number };
  } catch {
    return null; // It is not there, or in a folder that we may not enter.
  }
}

/** From /proc/self/status (proc_pid_status(5)): the ids that count for files. */
function lookAtUs(proc: string, { passwd, group }: Accounts): Us {
  const status = peekText(path.join(proc, 'self/status'));
  const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? process.geteuid?.());
  const gid = Number(/^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? process.getegid?.());
  const groups = /^Groups:(.*)$/m.exec(status)?.[1]?.match(/\d+/g)?.map(Number) ?? [];
  const user = findUser(passwd, uid);
  return { uid, user: user?.name ?? null, gid, groups, memberOf: user ? groupsOf(group, user) : [] };
}

function lookForPlace({ proc, root }: LookRoots): Place {
  return placeOf({
    cgroup: peekText(path.join(proc, 'self/cgroup')),
    mounts: peekText(path.join(proc, 'self/mountinfo')),
    namespaces: ['pid', 'ipc', 'uts'].map((kind) => peekLink(path.join(proc, 'self/ns', kind))),
    dockerenv: existsSync(path.join(root, '.dockerenv')),
    containerenv: existsSync(path.join(root, 'run/.containerenv')),
    booted: existsSync(path.join(root, 'run/systemd/container')),
  });
}

/** Looks for uWSGI among the programs that began us. */
function findLauncher(proc: string): Scene['launcher'] {
  let pid = 'self';
  for (let i = 0; i < MAX_ANCESTORS && pid !== '0'; i++) {
    // The command stands in parentheses, and may itself have some.
    const [, command = '', parent = '0'] = /\((.*)\) \S (\d+)/s.exec(peekText(path.join(proc, pid, 'stat'))) ?? [];
    if (/^uwsgi/.test(command)) return 'uwsgi';
    pid = parent;
  }
  return null;
}

/** The other USB cameras: those of which we have no node, and those on the same bus as ours. */
function lookAtOthers(ours: DeviceFile | null, { dev, sys }: LookRoots): Pick<Scene, 'hidden' | 'sharers'> {
  const folder = path.join(sys, 'class/video4linux');
  const names = peekNames(folder).filter((name) => /^video\d+$/.test(name));
  const entries = names.slice(0, MAX_VIDEO).map((name) => ({ name, ...lookAtEntry(path.join(folder, name)) }));
  const cameras = entries.filter(({ bus, index }) => bus !== '' && index === '0');
  const our = entries.find(({ number }) => ours && number === `${ours.major}:${ours.minor}`);
  const near = cameras.filter(({ bus, port }) => bus === our?.bus && port !== our.port);
  return {
    hidden: cameras.map(({ name }) => name).filter((name) => !existsSync(path.join(dev, name))),
    sharers: [...new Set(near.map(({ name, card }) => card || name))],
  };
}

/** Of `…/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0` the bus is all before the port; empty for what is not on USB. */
function lookAtEntry(entry: string) {
  const [, bus = '', port = ''] = /^(.*\/usb\d+)\/(.+):\d+\.\d+$/.exec(peekPlace(path.join(entry, 'device'))) ?? [];
  const [card, index, number] = ['name', 'index', 'dev'].map((name) => peekText(path.join(entry, name)).trim());
  return { bus, port, card, index: index || '0', number };
}
