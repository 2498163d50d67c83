import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fakecamLibrary } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { run } from '../helpers/stack.ts';

const kept = join(import.meta.dirname, '../.work');

/** What a compose file has to say so that a container sees a webcam behind each of this machine's /dev/video nodes. */
export async function webcam(settings: Record<string, string> = {}): Promise<{ environment: Record<string, string>; volumes: string[] }> {
  const inContainer = async (path: Promise<string>) => (await path).replace(kept, '/fakecam');
  return {
    environment: {
      LD_PRELOAD: await inContainer(fakecamLibrary()),
      FAKECAM_DIR: await inContainer(jpegFrames({ count: 30 })),
      FAKECAM_PATH: '/dev/video*',
      ...settings,
    },
    volumes: [`${kept}:/fakecam:ro`],
  };
}

/**
 * A node in this machine's own /dev, as the kernel makes them: c 81, root:video 0660. No driver stands behind it.
 * Throws where a real camera is plugged in.
 */
export async function plug(number: number): Promise<void> {
  const real = globSync('/sys/class/video4linux/*');
  if (real.length > 0) throw new Error(`these tests make nodes in /dev, and this machine has ${real.join(' ')}: unplug its camera`);
  const path = `/dev/video${number}`;
  rmSync(path, { force: true }); // A run that was broken off may have left it.
  await run('mknod', ['-m', '660', path, 'c', '81', String(number)]);
  await run('chgrp', ['video', path]);
}

export function unplug(...numbers: number[]): void {
  for (const number of numbers) rmSync(`/dev/video${number}`, { force: true });
}

/** All that a test may have plugged in. */
export function unplugAll(): void {
  unplug(0, 1, 2);
}
