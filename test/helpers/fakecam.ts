import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, closeSync, globSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from './cleanup.ts';
import { jpegFrames } from './frames.ts';
import { madeOnce } from './made-once.ts';
import { makeWorkDir } from './work-dir.ts';

const folder = join(import.meta.dirname, '../fakecam');

/** What the webcam is like. The names are those of test/fakecam/fakecam.c's head, which says what each does. */
export interface Fakecam {
  /** Folder of .jpg frames of one size, as `jpegFrames` makes it; with `sizes` one as `sizedFrames` makes it. Needed for MJPEG. */
  dir?: string;
  /** The device, or a pattern (`/tmp/x/video*`) of the numbers it may get; a node in a folder of the test's own unless given. */
  path?: string;
  /** Path or pattern of nodes that give metadata instead of pictures, as a webcam's second node. */
  meta?: string;
  /** What V4L2 calls the card; 31 characters. */
  name?: string;
  /** Where it is plugged in; 31 characters. */
  bus?: string;
  fps?: number;
  width?: number;
  height?: number;
  /** Instead of width and height: `['1280x720', '640x480']`, the default first. */
  sizes?: string[];
  /** Frames per second that can be chosen; `fps`, or the nearest, is the default. */
  rates?: number[];
  /** It offers YUYV, too; or nothing but that. */
  yuyv?: boolean | 'only';
  /**
   * Folder for what the device knows, whichever process asks: values of controls and the format in its file `state` (lines of
   * name=value; delete it, and the camera was without power), and who has buffers (`lock`). Without it: no controls, never busy.
   */
  state?: string;
  /** Each frame starts with a COM segment `fakecam <seq> <CLOCK_REALTIME ns>`. */
  stamp?: boolean;
  /** The first N frames have no byte. */
  empty?: number;
  /** Every Nth frame is cut to half its length. */
  short?: number;
  /** Every Nth frame is noise. */
  noise?: number;
  /** errno of open: 13 EACCES, 16 EBUSY. */
  fail?: number;
  /** errno of VIDIOC_STREAMON: 28 ENOSPC. */
  streamon?: number;
  /** Path of a file; while it exists neither format nor buffers can be had: EBUSY. */
  busy?: string;
  /** Path of a file; once it exists the camera is unplugged. So it is without, once its node is deleted. */
  gone?: string;
  /** Path of a file; while it exists no frame comes. */
  hang?: string;
  /** Path of a file; while it exists every second frame is left out if the control exposure_dynamic_framerate is 1. */
  dark?: string;
}

/** What a device node looks like. */
export interface Node {
  /** `video0` */
  name?: string;
  /** 0o666 */
  mode?: number;
  /** Who owns it: 0. */
  uid?: number;
  gid?: number;
}

/**
 * The environment in which ffmpeg and v4l2-ctl find a webcam at `FAKECAM_PATH`. A node program that passes it on is not disturbed by it.
 * Where the environment already has an LD_PRELOAD, this one takes its place.
 */
export async function fakecamEnv(t: Scope, camera: Fakecam): Promise<Record<string, string>> {
  const given: Record<string, string | number | undefined> = {
    LD_PRELOAD: await fakecamLibrary(),
    FAKECAM_PATH: camera.path ?? makeNode(makeWorkDir(t)),
    FAKECAM_META: camera.meta,
    FAKECAM_DIR: camera.dir,
    FAKECAM_NAME: camera.name,
    FAKECAM_BUS: camera.bus,
    FAKECAM_FPS: camera.fps,
    FAKECAM_WIDTH: camera.width,
    FAKECAM_HEIGHT: camera.height,
    FAKECAM_SIZES: camera.sizes?.join(),
    FAKECAM_RATES: camera.rates?.join(),
    FAKECAM_YUYV: camera.yuyv === 'only' ? 'only' : camera.yuyv ? 1 : undefined,
    FAKECAM_STATE: camera.state,
    FAKECAM_STAMP: camera.stamp ? 1 : undefined,
    FAKECAM_EMPTY: camera.empty,
    FAKECAM_SHORT: camera.short,
    FAKECAM_NOISE: camera.noise,
    FAKECAM_FAIL: camera.fail,
    FAKECAM_STREAMON: camera.streamon,
    FAKECAM_BUSY: camera.busy,
    FAKECAM_GONE: camera.gone,
    FAKECAM_HANG: camera.hang,
    FAKECAM_DARK: camera.dark,
  };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = String(value);
  return env;
}

/** The path of fakecam.so, built if these sources have not been built yet. */
export function fakecamLibrary(): Promise<string> {
  const sources = globSync(join(folder, '*.c')).sort();
  const hash = createHash('sha256');
  for (const file of [...sources, join(folder, 'fakecam.h')]) hash.update(readFileSync(file));
  return madeOnce(`fakecam-${hash.digest('hex').slice(0, 12)}.so`, async (path) => {
    const options = ['-O2', '-shared', '-fPIC', '-fvisibility=hidden', '-o', path];
    await promisify(execFile)('cc', [...options, ...sources, '-ldl']);
  });
}

/**
 * A character device in `dir`, with the number of /dev/full, which hardly anybody has open: who may can really open it, and /proc/PID/fd
 * shows who did. Who may not make nodes gets a link to /dev/full, which anybody may open.
 */
export function makeNode(dir: string, { name = 'video0', mode = 0o666, uid = 0, gid = 0 }: Node = {}): string {
  const path = join(dir, name);
  if (couldMakeNode(path)) {
    chownSync(path, uid, gid);
    chmodSync(path, mode);
  } else {
    symlinkSync('/dev/full', path);
  }
  return path;
}

function couldMakeNode(path: string): boolean {
  if (process.getuid?.() !== 0) return false;
  execFileSync('mknod', [path, 'c', '1', '7']);
  try {
    closeSync(openSync(path, 'r+'));
    return true;
  } catch {
    rmSync(path); // A file system that is mounted with `nodev` keeps nodes that nobody can open.
    return false;
  }
}

/** Folders `{WxH}` of frames in a new folder, for `dir` when there are `sizes`. The files are about width x height / 4 bytes long. */
export async function sizedFrames(t: Scope, sizes: string[], count = 10): Promise<string> {
  const dir = makeWorkDir(t);
  for (const size of sizes) {
    const [width = 0, height = 0] = size.split('x').map(Number);
    symlinkSync(await jpegFrames({ width, height, count, bytes: Math.round((width * height) / 4) }), join(dir, size));
  }
  return dir;
}
