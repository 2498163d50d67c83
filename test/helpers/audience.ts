import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFolder } from './camera-harness.ts';
import type { Scope } from './cleanup.ts';
import { fakecamEnv } from './fakecam.ts';
import { jpegFrames } from './frames.ts';
import { type Got, Ledger } from './ledger.ts';
import { startMosquittoSub } from './mosquitto-sub.ts';
import { processStats } from './process-stats.ts';
import { type Program, startProgram } from './program.ts';
import { startPython } from './python.ts';
import { until } from './until.ts';
import { makeWorkDir } from './work-dir.ts';

/** How long the readers read, once all of them do. */
export interface Audience {
  seconds: number;
  /** Paho decodes every so many of its frames; of all the others it looks at their ends. */
  decodeEvery: number;
}

export interface Heard {
  /** Reads as fast as it can, by its name; it misses a frame only when it was late itself. */
  fast: Record<string, Got & { decoded?: number }>;
  /** Reads less than comes. */
  slow: Record<string, Got & { decoded?: number }>;
  /** Resident memory of HomeGuard's process after each second, in bytes, without ffmpeg's. */
  memory: number[];
}

/** The slow ones take about a third, and a sixth, of 5 MB/s. */
const REST_MS = 40;
const REST_S = 0.2;

/** HomeGuard as `npm start` runs it, with a webcam of 1280x720, 160 kB, 30 a second, and five subscribers of other people's making. */
export async function listenTo(t: Scope, { seconds, decodeEvery }: Audience): Promise<Heard> {
  const dir = await jpegFrames();
  const webcam = await fakecamEnv(t, { dir, fps: 30 });
  const dataDir = makeWorkDir(t);
  const env = { ...webcam, CAMERA_SOURCE: webcam.FAKECAM_PATH ?? '', DATA_DIR: dataDir };
  const homeguard = startProgram(t, { env });
  const [, port = ''] = await homeguard.outputMatching(/MQTT: 127\.0\.0\.1:(\d+)/, { ms: 20_000 });
  const passwordFile = join(dataDir, 'secrets/mqtt-homeassistant');
  const [username, topic] = ['homeassistant', 'homeguard/camera/frame'];
  const frames = readFolder(dir);
  const listen = (version: 5 | '3.1.1', restMs?: number) => {
    const ledger = new Ledger(frames);
    const subscription = { port: Number(port), username, password: readFileSync(passwordFile, 'utf8').trim(), topic, version, restMs };
    return { ledger, ...startMosquittoSub(t, subscription, (jpeg, user) => ledger.take(jpeg, user)) };
  };
  const paho = (rest: number) => {
    const login = ['--port', port, '--username', username, '--password-file', passwordFile, '--topic', topic];
    return startPython(t, 'test/helpers/paho-reader.py', [...login, '--every', String(decodeEvery), '--rest', String(rest)]);
  };
  const subs = { 'mosquitto_sub 3.1.1': listen('3.1.1'), 'mosquitto_sub 5': listen(5), 'slow mosquitto_sub': listen(5, REST_MS) };
  const pahos = { paho: paho(0), 'slow paho': paho(REST_S) };
  for (const program of Object.values(pahos)) await program.outputMatching(/subscribed/, { ms: 20_000 });
  await until('frames for all', () => Object.values(subs).every(({ ledger }) => ledger.got.frames > 10), { ms: 20_000 });
  await sleep(500);
  for (const { ledger } of Object.values(subs)) ledger.settle();
  for (const program of Object.values(pahos)) program.signal('SIGUSR1');
  const memory = await watchMemory(homeguard, seconds);
  const all: Record<string, Got> = {};
  for (const [name, { ledger, stop }] of Object.entries(subs)) {
    await stop();
    all[name] = ledger.got;
  }
  for (const [name, program] of Object.entries(pahos)) {
    await program.stop();
    all[name] = JSON.parse(program.stdout.split('\n')[1] ?? '') as Got;
  }
  await homeguard.stop();
  const pick = (isSlow: boolean) => Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('slow') === isSlow));
  return { fast: pick(false), slow: pick(true), memory };
}

async function watchMemory(program: Program, seconds: number): Promise<number[]> {
  const memory: number[] = [];
  while (memory.length < seconds) {
    await sleep(1_000);
    const stats = processStats(program.pid);
    if (!stats?.rssBytes) throw new Error('HomeGuard has ended');
    memory.push(stats.rssBytes);
  }
  return memory;
}

/** One line for people. */
export function tell(name: string, { frames, missed, lost, decoded, age }: Got & { decoded?: number }): string {
  const also = decoded === undefined ? '' : `, ${decoded} of them decoded`;
  return `${name}: ${frames} frames${also}, ${missed} missed (${lost} without being late); age ${age.p50} / ${age.p99} / ${age.max} ms (p50, p99, most)`;
}
