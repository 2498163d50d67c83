import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from './cleanup.ts';
import { madeOnce } from './made-once.ts';
import { makeWorkDir } from './work-dir.ts';

const source = join(import.meta.dirname, '../fakecam/fakecam.c');

/** What the webcam is like. The names are those of test/fakecam/fakecam.c's head, which says what each does. */
export interface Fakecam {
  /** Folder of .jpg frames of one size, as `jpegFrames` makes it. */
  dir: string;
  /** The device; a node in a folder of the test's own unless given. */
  path?: string;
  fps?: number;
  width?: number;
  height?: number;
  /** Each frame starts with a COM segment `fakecam <seq> <CLOCK_REALTIME ns>`. */
  stamp?: boolean;
  /** Every Nth frame is cut to half its length. */
  short?: number;
  /** Every Nth frame is noise. */
  noise?: number;
  /** errno of open: 13 EACCES, 16 EBUSY. */
  fail?: number;
  /** Path of a file; once it exists the camera is unplugged. */
  gone?: string;
  /** Path of a file; while it exists no frame comes. */
  hang?: string;
}

/**
 * The environment in which ffmpeg finds a webcam at `FAKECAM_PATH`. A node program that passes it on to ffmpeg is not disturbed by it.
 * Where the environment already has an LD_PRELOAD, this one takes its place.
 */
export async function fakecamEnv(t: Scope, camera: Fakecam): Promise<Record<string, string>> {
  const given: Record<string, string | number | undefined> = {
    LD_PRELOAD: await fakecamLibrary(),
    FAKECAM_PATH: camera.path ?? makeNode(makeWorkDir(t)),
    FAKECAM_DIR: camera.dir,
    FAKECAM_FPS: camera.fps,
    FAKECAM_WIDTH: camera.width,
    FAKECAM_HEIGHT: camera.height,
    FAKECAM_STAMP: camera.stamp ? 1 : undefined,
    FAKECAM_SHORT: camera.short,
    FAKECAM_NOISE: camera.noise,
    FAKECAM_FAIL: camera.fail,
    FAKECAM_GONE: camera.gone,
    FAKECAM_HANG: camera.hang,
  };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = String(value);
  return env;
}

/** The path of fakecam.so, built if this source has not been built yet. */
export function fakecamLibrary(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  return madeOnce(`fakecam-${hash}.so`, async (path) => {
    await promisify(execFile)('cc', ['-O2', '-shared', '-fPIC', '-o', path, source, '-ldl']);
  });
}

/** A character device named video0 in `dir`. Who may not make nodes gets a link to one: nobody opens it, fakecam answers for it. */
function makeNode(dir: string): string {
  const path = join(dir, 'video0');
  if (process.getuid?.() === 0) execFileSync('mknod', ['-m', '666', path, 'c', '81', '0']);
  else symlinkSync('/dev/null', path);
  if (!existsSync(path)) throw new Error(`${path} was not made`);
  return path;
}
