import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defer, type Scope } from '../helpers/cleanup.ts';
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

/** Nodes of this machine's own /dev, as the kernel makes them: c 81, root:video 0660. No driver stands behind them. */
export class Nodes {
  constructor(t: Scope) {
    const real = globSync('/sys/class/video4linux/*');
    if (real.length > 0) throw new Error(`these tests make nodes in /dev, and this machine has ${real.join(' ')}: unplug its camera`);
    this.unplugAll(); // What a run that was broken off has left.
    defer(t, () => this.unplugAll());
  }

  async plug(number: number, group = 'video'): Promise<void> {
    const path = `/dev/video${number}`;
    await run('mknod', ['-m', '660', path, 'c', '81', String(number)]);
    await run('chgrp', [group, path]);
  }

  unplug(number: number): void {
    rmSync(`/dev/video${number}`);
  }

  unplugAll(): void {
    for (const path of globSync('/dev/video*')) rmSync(path, { force: true });
  }
}
