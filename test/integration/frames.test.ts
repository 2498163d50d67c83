import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { h264File, jpegFrames, mjpegFile } from '../helpers/frames.ts';

const run = promisify(execFile);

test('a webcam-like set of frames: as many as wanted, about as long as wanted, all different', async () => {
  const dir = await jpegFrames({ count: 12 });
  const names = readdirSync(dir).sort();
  assert.deepEqual(
    names,
    Array.from({ length: 12 }, (_, i) => `${String(i + 1).padStart(4, '0')}.jpg`),
  );
  const files = names.map((name) => readFileSync(join(dir, name)));
  for (const file of files) assert.ok(Math.abs(file.length - 160_000) < 20_000, `a frame of ${file.length} bytes`);
  assert.equal(new Set(files.map((file) => file.toString('base64'))).size, 12);
  assert.equal(await probe(join(dir, '0001.jpg'), 'codec_name,width,height,pix_fmt'), 'mjpeg,1280,720,yuvj422p');
});

test('a size that cannot be had is refused with what can be', async () => {
  await assert.rejects(
    jpegFrames({ width: 1280, height: 720, bytes: 1000 }),
    /no frames of 1000 bytes at 1280x720: the nearest are of \d+ bytes/,
  );
});

test('the MJPEG file holds the frames byte for byte, at its rate', async () => {
  const picture = { width: 320, height: 240, bytes: 20_000 };
  const file = await mjpegFile({ ...picture, seconds: 1, fps: 10 });
  const dir = await jpegFrames({ ...picture, count: 10 });
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', file, '-c', 'copy', '-f', 'image2pipe', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 1 << 24,
  });
  const frames = readdirSync(dir)
    .sort()
    .map((name) => readFileSync(join(dir, name)));
  assert.equal(frames.length, 10);
  assert.ok(stdout.equals(Buffer.concat(frames)));
  assert.equal(await probe(file, 'codec_name,width,height,avg_frame_rate'), 'mjpeg,320,240,10/1');
});

test('the H.264 file is what it says', async () => {
  const file = await h264File({ seconds: 1, fps: 25, width: 640, height: 360 });
  assert.equal(await probe(file, 'codec_name,width,height,avg_frame_rate,nb_frames'), 'h264,640,360,25/1,25');
});

async function probe(file: string, entries: string): Promise<string> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', `stream=${entries}`, '-of', 'csv=p=0', file]);
  return stdout.trim();
}
