import { type Stats, statSync } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** Where devices are looked for; tests have folders of their own. */
export interface DeviceRoots {
  dev: string;
  sys: string;
}

export const DEVICE_ROOTS: DeviceRoots = { dev: '/dev', sys: '/sys' };

export interface Device {
  path: string;
  /** The device's own name; null where sysfs does not tell. */
  name: string | null;
  /** Where it is plugged in, as V4L2 writes it: `usb-0000:01:00.0-1.4`. */
  bus: string | null;
}

/** Video nodes of a Raspberry Pi that are no cameras: decoders, encoders, the parts of its image pipeline. */
const NO_CAMERA = /^(bcm2835-(codec|isp)|rpi-|rpivid|pispbe|rp1-cfe|unicam)/;

/** The first capture device, by number; null when there is none. */
export async function findFirst(roots: DeviceRoots): Promise<Device | null> {
  for (const node of await videoNodes(roots)) {
    const device = await describeDevice(path.join(roots.dev, node), roots);
    if (device && !NO_CAMERA.test(device.name ?? '')) return device;
  }
  return null;
}

/** The first capture device whose name has `part` in it (in any case), or which a by-id link with `part` points to. */
export async function findByPart(part: string, roots: DeviceRoots): Promise<Device | null> {
  const wanted = part.toLowerCase();
  const linked = await linkedNodes(wanted, roots);
  for (const node of await videoNodes(roots)) {
    const device = await describeDevice(path.join(roots.dev, node), roots);
    if (device && (linked.has(node) || device.name?.toLowerCase().includes(wanted))) return device;
  }
  return null;
}

/** What is known of the device at `node` (or a link to it); null when there is no character device. */
export async function describeDevice(node: string, roots: DeviceRoots): Promise<Device | null> {
  try {
    if (!(await stat(node)).isCharacterDevice()) return null;
    const name = path.basename(await realpath(node));
    const entry = path.join(roots.sys, 'class/video4linux', name);
    return { path: node, name: await readLine(path.join(entry, 'name')), bus: await readBus(path.join(entry, 'device')) };
  } catch {
    return null; // It is not there, or went away while we looked.
  }
}

export function isCharacterDevice(node: string): boolean {
  return statOf(node)?.isCharacterDevice() ?? false;
}

/** Who we are, and whose the device is: `uid 1000, groups 1000; the device is root:44 0660`. */
export function describeAccess(node: string): string {
  const groups = [...new Set([process.getgid?.(), ...(process.getgroups?.() ?? [])])].join(' ');
  const us = `uid ${process.getuid?.()}, groups ${groups}`;
  const stats = statOf(node);
  if (!stats) return us;
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  return `${us}; the device is ${stats.uid === 0 ? 'root' : stats.uid}:${stats.gid} ${mode}`;
}

function statOf(node: string): Stats | undefined {
  try {
    return statSync(node, { throwIfNoEntry: false });
  } catch {
    return undefined; // In a folder that we may not enter: for us it is not there.
  }
}

/** Names such as `video0`, lowest number first, without those that sysfs calls a camera's second node (its metadata). */
async function videoNodes(roots: DeviceRoots): Promise<string[]> {
  const names = await readdir(roots.dev).catch(() => []);
  const nodes = names.filter((name) => /^video\d+$/.test(name)).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  const indexes = await Promise.all(nodes.map((node) => readLine(path.join(roots.sys, 'class/video4linux', node, 'index'))));
  return nodes.filter((_, i) => (indexes[i] ?? '0') === '0');
}

/** Names of the nodes to which a by-id link with `wanted` in its name points. */
async function linkedNodes(wanted: string, roots: DeviceRoots): Promise<Set<string>> {
  const folder = path.join(roots.dev, 'v4l/by-id');
  const links = (await readdir(folder).catch(() => [])).filter((link) => link.toLowerCase().includes(wanted));
  const nodes = await Promise.all(links.map((link) => realpath(path.join(folder, link)).catch(() => '')));
  return new Set(nodes.map((node) => path.basename(node)));
}

async function readLine(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim() || null;
}

/** `…/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0` is what V4L2 calls `usb-0000:01:00.0-1.4` (usb_make_path in the kernel). */
async function readBus(link: string): Promise<string | null> {
  const place = await realpath(link).catch(() => '');
  const found = /\/([^/]+)\/usb\d+\/(?:[^/]+\/)*\d+-([\d.]+):\d+\.\d+$/.exec(place);
  return found ? `usb-${found[1]}-${found[2]}` : null;
}
