import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { madeOnce } from '../helpers/made-once.ts';

/** What the cameras of the screenshots see: drawings of ours, beside this file. */
export const SCENES = ['front-door', 'driveway', 'garden'] as const;
export type Scene = (typeof SCENES)[number];

const SIZE = { width: 1280, height: 720 };
const FRAMES = 15;
/** As a sensor has it: without, the files are a tenth of a webcam's. */
const NOISE = 'noise=alls=7:allf=t:all_seed=1,format=yuvj422p';

/** A folder of JPEG files of a scene, as a webcam would take them, for the fake webcam. */
export function sceneFrames(browser: Browser, scene: Scene): Promise<string> {
  return madeOnce(`frames/scene-${scene}`, async (dir) => {
    await mkdir(dir);
    const page = await browser.newPage({ viewport: SIZE });
    await page.setContent(`<style>body{margin:0}</style>${readFileSync(join(import.meta.dirname, `${scene}.svg`), 'utf8')}`);
    const still = `${dir}.png`; // beside the folder, which must hold the frames alone
    await writeFile(still, await page.screenshot());
    await page.close();
    const input = ['-v', 'error', '-nostdin', '-loop', '1', '-i', still, '-vf', NOISE, '-frames:v', String(FRAMES)];
    await promisify(execFile)('ffmpeg', [...input, '-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '4', join(dir, '%04d.jpg')]);
  });
}
