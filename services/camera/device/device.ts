import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
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
  /** Its USB serial number; many webcams have none, or all the same. */
  serial: string | null;
}

/** A device as its node shows it, without opening it. */
export interface DeviceNode extends Device {
  /** Differs once another device, or the same one plugged in again, stands behind the path. */
  body: string;
  /** Differs then, too, and once its rights have changed. */
  stamp: string;
  /** May we open it? */
  open: boolean;
  /** Since the node was made or its rights were changed, in ms. */
  age: number;
}

/** At most so many nodes are looked at; a Raspberry Pi 5 has about 40. */
const MAX_NODES = 128;

/** What is known of the device at `node` (or a link to it); null when there is no character device. */
export async function describeDevice(node: string, roots: DeviceRoots): Promise<DeviceNode | null> {
  try {
    const [stats, link, place] = await Promise.all([stat(node), lstat(node), realpath(node)]);
    if (!stats.isCharacterDevice()) return null;
    const entry = path.join(roots.sys, 'class/video4linux', path.basename(place));
    const body = [place, stats.rdev, stats.ino, link.ino].join();
    const usb = await realpath(path.join(entry, 'device')).catch(() => '');
    return {
      path: node,
      name: await readLine(path.join(entry, 'name')),
      bus: busOf(usb),
      serial: usb ? await readLine(path.join(usb, '../serial')) : null,
      body,
      stamp: [body, stats.ctimeMs, link.ctimeMs].join(),
      open: mayOpen(node),
      age: Date.now() - Math.max(stats.ctimeMs, link.ctimeMs),
    };
  } catch {
    return null; // It is not there, or went away while we looked.
  }
}

/** Paths of all video nodes, lowest number first, without those that sysfs calls a camera's second node (its metadata). */
export async function videoNodes(roots: DeviceRoots): Promise<string[]> {
  const names = await readdir(roots.dev).catch(() => []);
  const nodes = names.filter((name) => /^video\d+$/.test(name)).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  const indexes = await Promise.all(nodes.map((node) => readLine(path.join(roots.sys, 'class/video4linux', node, 'index'))));
  return nodes
    .filter((_, i) => (indexes[i] ?? '0') === '0')
    .slice(0, MAX_NODES)
    .map((node) => path.join(roots.dev, node));
}

/** Real paths of the nodes to which a link with `wanted` (in small letters) in its name points, by-id or by-path. */
export async function linkedNodes(wanted: string, roots: DeviceRoots): Promise<Set<string>> {
  const folders = ['by-id', 'by-path'].map((kind) => path.join(roots.dev, 'v4l', kind));
  const links = await Promise.all(folders.map((folder) => linksIn(folder, wanted)));
  const nodes = await Promise.all(links.flat().map((link) => realpath(link).catch(() => '')));
  return new Set(nodes);
}

export function isCharacterDevice(node: string): boolean {
  return statOf(node)?.isCharacterDevice() ?? false;
}

function statOf(node: string): Stats | undefined {
  try {
    return statSync(node, { throwIfNoEntry: false });
  } catch {
    return undefined; // In a folder that we may not enter: for us it is not there.
  }
}

function mayOpen(node: string): boolean {
  try {
    accessSync(node, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function linksIn(folder: string, wanted: string): Promise<string[]> {
  const links = await readdir(folder).catch(() => []);
  return links.filter((link) => link.toLowerCase().includes(wanted)).map((link) => path.join(folder, link));
}

async function readLine(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim() || null;
}

/** `…/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0` is what V4L2 calls `usb-0000:01:00.0-1.4` (usb_make_path in the kernel). */
function busOf(place: string): string | null {
  const found = /\/([^/]+)\/usb\d+\/(?:[^/]+\/)*\d+-([\d.]+):\d+\.\d+$/.exec(place);
  return found ? `usb-${found[1]}-${found[2]}` : null;
}
