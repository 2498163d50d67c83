/** Where a camera is plugged in, as sysfs tells it (Documentation/ABI/testing/sysfs-bus-usb). */
import path from 'node:path';
import { peekPlace, peekText } from '../camera/trouble/peek.ts';

export interface Usb {
  /** Vendor and product: `046d:0892`. */
  id: string;
  /** Of the line to the camera, in Mb/s: 1.5, 12, 480, 5000, …; null where it is not told. */
  speed: number | null;
  /** The port, through all hubs: `1.4`. */
  port: string;
  /** The camera may sleep while nobody uses it. */
  autosuspend: boolean;
}

/** @param node the device's path without links. Null for what is not on USB. */
export function lookAtUsb(node: string, sys: string): Usb | null {
  // `…/usb1/1-1/1-1.4/1-1.4:1.0` is the camera's interface, in the folder of the camera.
  const place = peekPlace(path.join(entryOf(node, sys), 'device'));
  const port = /\/\d+-([\d.]+):\d+\.\d+$/.exec(place)?.[1];
  if (port === undefined) return null;
  const line = (name: string) => peekText(path.join(place, '..', name)).trim();
  return {
    id: `${line('idVendor') || '?'}:${line('idProduct') || '?'}`,
    speed: Number(line('speed')) || null,
    port,
    autosuspend: line('power/control') === 'auto',
  };
}

/**
 * How many times devices of this one's driver are open, by whatever process: its module cannot be removed meanwhile. This can be seen
 * in containers, too, and by every user. Null where the driver is no module.
 */
export function countOpens(node: string, sys: string): number | null {
  const count = peekText(path.join(entryOf(node, sys), 'device/driver/module/refcnt')).trim();
  return /^\d+$/.test(count) ? Number(count) : null;
}

function entryOf(node: string, sys: string): string {
  return path.join(sys, 'class/video4linux', path.basename(node));
}
