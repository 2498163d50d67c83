/** The machine's video devices, looked at without taking any. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { Capabilities } from '../camera/device/capabilities.ts';
import type { Device } from '../camera/device/device.ts';
import type { V4l2Failure } from '../camera/device/v4l2.ts';
import type { LookRoots } from '../camera/trouble/look.ts';
import { peekNames, peekPlace, peekText } from '../camera/trouble/peek.ts';
import type { Holder } from '../camera/trouble/scene.ts';
import { countOpens, lookAtUsb, type Usb } from './usb.ts';

export interface DeviceFacts {
  /** As it was named or found. */
  path: string;
  /** Without links. */
  place: string;
  name: string | null;
  /** Its names in /dev/v4l/by-id. */
  links: string[];
  /** What keeps us from opening it: EACCES by its owner, group and mode, EPERM by a control group; null when nothing does. */
  refusal: string | null;
  /** What it says of itself; null when it was not asked. */
  said: Capabilities | V4l2Failure | null;
  usb: Usb | null;
  /** How many times devices of its driver are open; null where that is not told. */
  opens: number | null;
  /** Ids of those of its holders that HomeGuard's camera service has begun. */
  homeGuards: number[];
}

/** A video node that no camera of the settings means. */
export interface OtherNode {
  path: string;
  name: string | null;
  /** The first of its camera; the others of a webcam give metadata. */
  isFirst: boolean;
}

/** Our programs that begin ffmpeg, as sources or compiled. */
const CAMERA_SERVICE = /services\/(homeguard|camera\/main)\.(ts|js)(\0|$)/;
/** A Raspberry Pi 5 has about 40. */
const MAX_NODES = 128;

/** @param said what it answered to v4l2-ctl; null when it was not asked */
export function lookAtDevice(
  found: Pick<Device, 'path' | 'name'>,
  said: DeviceFacts['said'],
  holders: Holder[],
  roots: LookRoots,
): DeviceFacts {
  const place = peekPlace(found.path);
  const byId = path.join(roots.dev, 'v4l/by-id');
  return {
    path: found.path,
    place,
    name: found.name,
    links: peekNames(byId).filter((link) => peekPlace(path.join(byId, link)) === place),
    refusal: refusalOf(found.path),
    said,
    usb: lookAtUsb(place, roots.sys),
    opens: countOpens(place, roots.sys),
    homeGuards: holders.map(({ pid }) => pid).filter((pid) => isHomeGuards(pid, roots.proc)),
  };
}

function refusalOf(node: string): string | null {
  try {
    accessSync(node, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES';
  }
}

/** @param used places of the devices that cameras of the settings mean */
export function lookForOthers(used: Set<string>, { dev, sys }: LookRoots): OtherNode[] {
  const names = peekNames(dev).filter((name) => /^video\d+$/.test(name));
  const nodes = names.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5))).slice(0, MAX_NODES);
  return nodes
    .map((name) => path.join(dev, name))
    .filter((node) => !used.has(peekPlace(node)))
    .map((node) => {
      const line = (name: string) => peekText(path.join(sys, 'class/video4linux', path.basename(node), name)).trim();
      return { path: node, name: line('name') || null, isFirst: (line('index') || '0') === '0' };
    });
}

/** ffmpeg is begun by the camera service itself: in front of it setpriv makes way for it. */
function isHomeGuards(pid: number, proc: string): boolean {
  const parent = /^PPid:\s+(\d+)/m.exec(peekText(path.join(proc, String(pid), 'status')))?.[1];
  return parent !== undefined && CAMERA_SERVICE.test(peekText(path.join(proc, parent, 'cmdline')));
}
