/**
 * `npm run bench`: what the way of a frame costs, beside ustreamer on the same webcam in the same run. `npm run bench -- fan-out stalled`
 * runs only these. Every figure is for 1280x720, 160 kB, 30 frames a second. Exit code 1 when a promise is not kept.
 */
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { readStamp } from '../../services/shared/contract.ts';
import { readSecret } from '../../services/shared/secrets.ts';
import type { Scope } from '../helpers/cleanup.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import {
  type Load,
  load,
  SOCKET,
  type Station,
  startBehindNginx,
  startOneProcess,
  startThreeProcesses,
  startUstreamer,
} from './stations.ts';

const SECONDS = 20;
const STALL_SECONDS = 60;
const WARM_SECONDS = 20;

interface Use {
  /** Per cent of one core. */
  cpu: number;
  /** Of these, ffmpeg's. */
  ffmpegCpu: number;
  rssMB: number;
}

let broken = 0;

function promise(what: string, kept: boolean): void {
  if (!kept) broken++;
  console.log(`  ${kept ? '✔' : '✘'} ${what}`);
}

/** What a station's processes used while `work` ran. */
async function used<T>(station: Station, work: () => Promise<T>): Promise<{ result: T; use: Use }> {
  const began = performance.now();
  const before = station.processes();
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const after = station.processes();
  const spent = (name?: string) => {
    const sum = (all: typeof after) => all.reduce((total, each) => total + (!name || each.name === name ? each.cpuSeconds : 0), 0);
    return ((sum(after) - sum(before)) / seconds) * 100;
  };
  return { result, use: { cpu: spent(), ffmpegCpu: spent('ffmpeg'), rssMB: after.reduce((sum, each) => sum + each.rssBytes, 0) / 1e6 } };
}

function print(station: Station, { fps_least, age_ms, skipped }: Load, { cpu, ffmpegCpu, rssMB }: Use): void {
  const ages = `age p50 ${age_ms.p50.toFixed(2)} ms, p99 ${age_ms.p99.toFixed(2)} ms`;
  const cost = `CPU ${cpu.toFixed(1)} % of a core (ffmpeg ${ffmpegCpu.toFixed(1)} %), memory ${rssMB.toFixed(0)} MB`;
  console.log(`  ${station.name}: ${cost}; slowest viewer ${fps_least.toFixed(2)} fps, ${skipped} frames skipped; ${ages}`);
}

async function webcam(t: Scope): Promise<Record<string, string>> {
  return fakecamEnv(t, { dir: await jpegFrames({ count: 60 }), fps: 30, stamp: true });
}

/** Runs `measure` on a station of its own, which is gone afterwards. */
async function on<T>(
  start: (t: Scope, camera: Record<string, string>) => Promise<Station>,
  measure: (station: Station) => Promise<T>,
): Promise<T> {
  const undos: (() => void | Promise<void>)[] = [];
  const scope: Scope = { after: (undo) => undos.push(undo) };
  try {
    return await measure(await start(scope, await webcam(scope)));
  } finally {
    for (const undo of undos.reverse()) await undo();
  }
}

const watched = (viewers: number) => async (station: Station) => {
  const { result, use } = await used(station, () => load(station, viewers, SECONDS));
  print(station, result, use);
  return { ...result, ...use };
};

const parts: Record<string, () => Promise<void>> = {
  'one viewer': async () => {
    await on(startUstreamer, watched(1));
    for (const start of [startOneProcess, startThreeProcesses]) {
      const { age_ms } = await on(start, watched(1));
      promise(`age p50 ≤ 2 ms, p99 ≤ 12 ms: ${age_ms.p50}, ${age_ms.p99}`, age_ms.p50 <= 2 && age_ms.p99 <= 12);
    }
  },
  'fan-out': async () => {
    const peer = await on(startUstreamer, watched(100));
    for (const start of [startOneProcess, startThreeProcesses]) {
      const { cpu, fps_least } = await on(start, watched(100));
      promise(`every one of 100 viewers ≥ 29.5 fps: ${fps_least}`, fps_least >= 29.5);
      promise(`CPU ≤ 0.5 × ustreamer's: ${(cpu / peer.cpu).toFixed(2)} ×`, cpu <= 0.5 * peer.cpu);
    }
  },
  nginx: async () => {
    await on(startThreeProcesses, watched(20));
    const { age_ms, fps_least } = await on(startBehindNginx, watched(20));
    promise(`every one of 20 viewers behind nginx ≥ 29.5 fps: ${fps_least}`, fps_least >= 29.5);
    promise(`age p99 ≤ 50 ms: ${age_ms.p99}`, age_ms.p99 <= 50);
  },
  idle: async () => {
    for (const start of [startOneProcess, startThreeProcesses]) {
      await on(start, async (station) => {
        await sleep(3_000);
        const { use } = await used(station, () => sleep(SECONDS * 1000));
        const own = use.cpu - use.ffmpegCpu;
        console.log(
          `  ${station.name}, nobody watching: CPU ${own.toFixed(1)} % beside ffmpeg's ${use.ffmpegCpu.toFixed(1)} %, ${use.rssMB.toFixed(0)} MB`,
        );
        promise(`≤ 3 % of a core beside ffmpeg's own: ${own.toFixed(1)}`, own <= 3);
      });
    }
  },
  stalled: () => stalled(),
};

/** One MQTT subscriber and one HTTP viewer stop reading for a minute; another of each goes on. */
async function stalled(): Promise<void> {
  for (const start of [startOneProcess, startThreeProcesses]) {
    await on(start, async (station) => {
      const reader = await countFrames(station);
      const before = await peakMB(station, () => load(station, 1, WARM_SECONDS));
      const mute = [await stallSubscriber(station), stallViewer(station)];
      reader.reset();
      let viewer: Load | undefined;
      const during = await peakMB(station, async () => {
        viewer = await load(station, 1, STALL_SECONDS);
      });
      if (!viewer) throw new Error('the viewer saw nothing');
      const { got, expected } = reader.count();
      const grown = during - before;
      for (const socket of mute) socket.destroy();
      await reader.end();
      const share = viewer.fps_mean / (viewer.fps_mean + viewer.skipped / STALL_SECONDS);
      console.log(
        `  ${station.name}: the subscriber got ${got} of ${expected}, the viewer skipped ${viewer.skipped}; memory was at most ${before.toFixed(0)} MB before, ${during.toFixed(0)} MB during`,
      );
      promise(
        `everyone else gets ≥ 99.5 %: ${((got / expected) * 100).toFixed(2)}, ${(share * 100).toFixed(2)}`,
        got / expected >= 0.995 && share >= 0.995,
      );
      promise(`memory grows by ≤ 10 MB: ${grown.toFixed(1)}`, grown <= 10);
    });
  }
}

/** The most memory that a station had while `work` ran; one look would hit a random point between two collections. */
async function peakMB(station: Station, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, station.processes().reduce((sum, each) => sum + each.rssBytes, 0) / 1e6);
  }, 250);
  await work();
  clearInterval(timer);
  return peak;
}

function login(station: Station) {
  const password = readSecret(station.dataDir ?? '', 'mqtt-homeassistant');
  return { username: 'homeassistant', password };
}

async function countFrames(station: Station) {
  const client = await mqtt.connectAsync(`mqtt+unix://${station.dataDir}/${SOCKET}`, { ...login(station), protocolVersion: 5 });
  let [got, first, last] = [0, 0, 0];
  client.on('message', (_topic, payload) => {
    const seq = readStamp(payload)?.seq ?? 0;
    got++;
    first ||= seq;
    last = seq;
  });
  await client.subscribeAsync('homeguard/+/frame');
  return {
    reset: () => {
      [got, first, last] = [0, 0, 0];
    },
    count: () => ({ got, expected: last - first + 1 }),
    end: () => client.endAsync(true),
  };
}

async function stallSubscriber(station: Station) {
  const client = await mqtt.connectAsync(`mqtt+unix://${station.dataDir}/${SOCKET}`, {
    ...login(station),
    reconnectPeriod: 0,
    keepalive: 0,
  });
  await client.subscribeAsync('homeguard/+/frame');
  const stream = client.stream as unknown as { pause(): void; destroy(): void };
  stream.pause();
  client.on('error', () => {}); // It is closed for being slow, as it should be.
  return stream;
}

function stallViewer({ port, path, header }: Station) {
  const socket = createConnection({ port, host: '127.0.0.1' });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n${header}\r\n\r\n`);
  socket.on('error', () => {}); // It is closed for being slow, as it should be.
  return socket.pause();
}

const wanted = process.argv.slice(2).map((name) => name.replaceAll('-', ' '));
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name.replaceAll('-', ' '))) continue;
  console.log(name);
  await measure();
}
process.exitCode = broken > 0 ? 1 : 0;
process.exit();
