import { execFile } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from './made-once.ts';

export interface Picture {
  /** In pixels (1280x720). */
  width?: number;
  height?: number;
}

export interface Frames extends Picture {
  /** How many, 30. */
  count?: number;
  /** About how long each file is, in bytes (160 000, as a webcam's 1280x720 are). */
  bytes?: number;
}

export interface Film extends Picture {
  /** How long, in seconds (2). */
  seconds?: number;
  /** Frames a second (30). */
  fps?: number;
}

interface Encoding {
  quality: number;
  noise: number;
}

/**
 * A folder of JPEG files, 0001.jpg and on: a moving test picture, 4:2:2 and with the standard Huffman tables as webcams have it, with
 * as much noise as makes the files about as long as wanted (within a tenth, or it fails and says what can be had).
 */
export function jpegFrames({ width = 1280, height = 720, count = 30, bytes = 160_000 }: Frames = {}): Promise<string> {
  return madeOnce(`frames/${width}x${height}-${count}-${bytes}`, async (dir) => {
    await mkdir(dir);
    const encoding = await encodingFor(width, height, bytes, dir);
    await encode(width, height, encoding, count, join(dir, '%04d.jpg'));
  });
}

/** A Matroska file with MJPEG video: byte for byte the files of `jpegFrames({ width, height, count: seconds * fps, bytes })`. */
export async function mjpegFile({ seconds = 2, fps = 30, width = 1280, height = 720, bytes }: Film & Frames = {}): Promise<string> {
  const dir = await jpegFrames({ width, height, count: Math.round(seconds * fps), bytes });
  const size = bytes ? `-${bytes}` : '';
  return madeOnce(`films/mjpeg-${width}x${height}-${fps}-${seconds}s${size}.mkv`, (file) =>
    ffmpeg('-framerate', fps, '-i', join(dir, '%04d.jpg'), '-c', 'copy', file),
  );
}

/** An MP4 file with H.264 video, for what has to be encoded anew. */
export function h264File({ seconds = 2, fps = 30, width = 1280, height = 720 }: Film = {}): Promise<string> {
  return madeOnce(`films/h264-${width}x${height}-${fps}-${seconds}s.mp4`, (file) =>
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `testsrc2=size=${width}x${height}:rate=${fps}:duration=${seconds}`,
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      file,
    ),
  );
}

/** Looks for the best quality at which some noise gives the wanted size. */
async function encodingFor(width: number, height: number, bytes: number, dir: string): Promise<Encoding> {
  const trial = `${dir}.trial.jpg`; // beside the folder, which must hold the frames alone
  const sizeAt = async (encoding: Encoding): Promise<number> => {
    await encode(width, height, encoding, 1, trial);
    return (await stat(trial)).size;
  };
  let nearest = { encoding: { quality: 5, noise: 0 }, size: Number.POSITIVE_INFINITY };
  const qualities = [5, 10, 20, 31, 2];
  for (const quality of qualities) {
    let [low, high] = [0, 100];
    while (low <= high) {
      const encoding = { quality, noise: (low + high) >> 1 };
      const size = await sizeAt(encoding);
      if (Math.abs(size - bytes) < Math.abs(nearest.size - bytes)) nearest = { encoding, size };
      if (size < bytes) low = encoding.noise + 1;
      else high = encoding.noise - 1;
    }
    if (Math.abs(nearest.size - bytes) <= bytes / 10) return nearest.encoding;
  }
  throw new Error(`no frames of ${bytes} bytes at ${width}x${height}: the nearest are of ${nearest.size} bytes`);
}

function encode(width: number, height: number, { quality, noise }: Encoding, count: number, to: string): Promise<void> {
  const source = `testsrc2=size=${width}x${height}:rate=30,noise=alls=${noise}:allf=t:all_seed=1,format=yuvj422p`;
  return ffmpeg('-f', 'lavfi', '-i', source, '-frames:v', count, '-c:v', 'mjpeg', '-huffman', 'default', '-q:v', quality, '-y', to);
}

async function ffmpeg(...args: (string | number)[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', ...args.map(String)]);
}
