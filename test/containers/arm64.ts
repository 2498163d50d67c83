/**
 * The program behind `npm run test:arm64`: builds the Raspberry Pi's images on a PC, runs them by emulation (the script beside the project
 * that makes the engine makes emulation and arm64 base images, too), and watches the test picture through the gateway. Too slow for every
 * day: half an hour, most of it for ffmpeg. Prints what was seen, and one line `N passed, N failed`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStamp } from '../../services/shared/contract.ts';
import { readMultipart } from '../helpers/http.ts';
import { makeStack, run } from '../helpers/stack.ts';
import { until } from '../helpers/until.ts';

const root = join(import.meta.dirname, '../..');
const engine = join(root, '../shared/docker/engine.sh');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const tag = `${version}-arm64`;
const SETUP_MS = 30 * 60_000;
const BUILD_MS = 80 * 60_000;
/** An emulated Node takes its time. */
const STARTED_MS = 180_000;
const FRAMES = 50;
const FPS = 5;

const undo: (() => void | Promise<void>)[] = [];
try {
  await test();
  console.log('1 passed, 0 failed');
} catch (error) {
  console.log(`✖ ${error instanceof Error ? error.stack : error}\n0 passed, 1 failed`);
  process.exitCode = 1;
} finally {
  for (const each of undo) await each();
}

async function test(): Promise<void> {
  await run('bash', [engine, '--arm64'], {}, SETUP_MS);
  const bases = ['DEBIAN_IMAGE=debian:trixie-slim-arm64', 'NODE_IMAGE=node:24-trixie-slim-arm64', 'BUILD_IMAGE=node:24-trixie-slim'];
  const args = bases.flatMap((base) => ['--build-arg', base]);
  for (const target of ['homeguard', 'homeguard-camera']) {
    const began = performance.now();
    await run(
      'docker',
      ['build', '-q', '-f', 'deploy/docker/Dockerfile', '--target', target, '-t', `${target}:${tag}`, ...args, '.'],
      {},
      BUILD_MS,
    );
    const size = Number(await run('docker', ['image', 'inspect', '-f', '{{.Size}}', `${target}:${tag}`]));
    console.log(`${target}:${tag}: ${(size / 1e6).toFixed(0)} MB, built in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  const stack = await makeStack(
    { after: (each) => void undo.push(each) },
    { env: { HOMEGUARD_VERSION: tag, CAMERA_SOURCE: 'test', CAMERA_SIZE: '640x480', CAMERA_FPS: String(FPS) } },
  );
  const began = performance.now();
  await stack.up();
  await until('picture', async () => (await stack.get('snapshot')).ok, { ms: STARTED_MS });
  console.log(`first picture after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  for (const service of ['broker', 'camera', 'gateway']) {
    // The last is the processor of Node's ELF header: 183 is EM_AARCH64.
    const machine = await stack.sh(service, 'uname -m; dpkg --print-architecture; od -An -tu2 -j18 -N2 /usr/local/bin/node');
    if (machine.trim().split(/\s+/).join() !== 'aarch64,arm64,183') throw new Error(`${service} runs on ${machine}`);
  }
  const [first, last] = await watch(stack.url, await stack.token());
  const seconds = (last.t - first.t) / 1e6;
  console.log(
    `${FRAMES} frames in ${seconds.toFixed(1)} s, seq ${first.seq} to ${last.seq}: ${((FRAMES - 1) / seconds).toFixed(1)} a second of ${FPS}`,
  );
}

/** The stamps of the first and the last of so many frames. */
async function watch(url: string, token: string) {
  const stamps = [];
  for await (const { body } of readMultipart(`${url}stream`, { headers: { Authorization: `Bearer ${token}` } })) {
    const stamp = readStamp(body);
    if (stamp) stamps.push(stamp);
    if (stamps.length === FRAMES) break;
  }
  const [first, last] = [stamps[0], stamps.at(-1)];
  if (!first || !last || stamps.length < FRAMES) throw new Error(`the stream ended after ${stamps.length} frames`);
  return [first, last] as const;
}
