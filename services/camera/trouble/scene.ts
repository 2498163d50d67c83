/** What is to be seen around a camera whose picture does not come. Shapes only; look.ts fills them. */
import type { Place } from './place.ts';

export interface Scene {
  us: Us;
  /** The device's node; null when none was named, or it is not there. */
  node: DeviceFile | null;
  place: Place;
  /** A program that began us, and that drops groups when it changes its user. */
  launcher: 'uwsgi' | null;
  /** Who has the device open, as far as /proc shows it. */
  holders: Holder[];
  /** There are processes whose files we may not see. */
  someUnseen: boolean;
  /** USB cameras that the kernel has, but our /dev has not: `video0`. */
  hidden: string[];
  /** What the kernel said lately of the device, USB and power, the newest last; empty where we may not read that. */
  kernel: string[];
  /** The next smaller mode that the device offers. Its caller knows that, not look.ts. */
  fits: Fit | null;
  /** Names of the other cameras on the same USB bus. */
  sharers: string[];
  os: 'raspberry-pi' | 'linux';
}

/** Who we are to the kernel, and what a fresh login would be. */
export interface Us {
  uid: number;
  user: string | null;
  gid: number;
  /** Besides `gid`. */
  groups: number[];
  /** The groups that /etc/passwd and /etc/group give the user. */
  memberOf: number[];
}

export interface DeviceFile {
  /** Without links. */
  path: string;
  uid: number;
  owner: string | null;
  gid: number;
  group: string | null;
  /** The permission bits. */
  mode: number;
  major: number;
  minor: number;
}

export interface Holder {
  pid: number;
  /** `ffmpeg`; never its arguments, which may hold secrets. */
  command: string;
  user: string | null;
  /** The system's service that it belongs to: `motion.service`. */
  unit: string | null;
  /** We began it. */
  isOurs: boolean;
}

/** They open every device to know it, and seldom use one: they are told only when it can be nobody else. */
export const ONLOOKERS = /^(pipewire|wireplumber|systemd-udevd)$/;

export interface Fit {
  width: number;
  height: number;
  fps: number;
}

/** Nothing was seen, as for a file. */
export const NO_SCENE: Scene = {
  us: { uid: 0, user: null, gid: 0, groups: [], memberOf: [] },
  node: null,
  place: { kind: 'plain' },
  launcher: null,
  holders: [],
  someUnseen: false,
  hidden: [],
  kernel: [],
  fits: null,
  sharers: [],
  os: 'linux',
};
