/**
 * What a wall of four webcams costs where its tiles get small frames, and where they get whole ones: `node test/bench/wall.ts`.
 * CPU in per cent of a core, of the camera services, their ffmpegs, the broker, the gateway and Chromium; both ways in turn.
 */
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { defer } from '../helpers/cleanup.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { type ProcessStats, processTree } from '../helpers/process-stats.ts';
import { startProgram } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const CAMERAS = ['attic', 'door', 'front', 'hall'];
const TURNS = 2;
const SETTLE_MS = 4_000;
const MEASURE_MS = 10_000;
const patience = { ms: 60_000 };
/** Of a screen so fine, a tile asks for more than small frames have. */
const FINE = 'Object.defineProperty(window, "devicePixelRatio", { value: 1.5 })';

type Costs = Record<string, number>;

test('wall', { timeout: 600_000 }, async (t) => {
  const dataDir = makeWorkDir(t);
  const shared = { DATA_DIR: dataDir, GATEWAY_AUTH: 'off' };
  const broker = startProgram(t, { main: 'services/broker/main.ts', env: { ...shared, BROKER_SOCKET: `${dataDir}/socket` } });
  await broker.outputMatching(/the message bus is open/, patience);
  const env = { ...shared, MQTT_URL: `mqtt+unix://${dataDir}/socket` };
  const gateway = startProgram(t, { main: 'services/gateway/main.ts', env });
  const [, port] = await gateway.outputMatching(/serving on 127\.0\.0\.1:(\d+)/, patience);
  const dir = await jpegFrames();
  const cameras = await Promise.all(
    CAMERAS.map(async (id) => {
      const webcam = await fakecamEnv(t, { dir, fps: 30 });
      return startProgram(t, {
        main: 'services/camera/main.ts',
        env: { ...env, ...webcam, CAMERA_ID: id, CAMERA_SOURCE: webcam.FAKECAM_PATH ?? '' },
      });
    }),
  );
  const server = await chromium.launchServer({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  defer(t, () => server.close());
  const browser = await chromium.connect(server.wsEndpoint());
  const kinds = (): [pid: number, kind: string, seconds: number][] => {
    const named = (pid: number, nameOf: (each: ProcessStats) => string) =>
      processTree(pid).map((each): [number, string, number] => [each.pid, nameOf(each), each.cpuSeconds]);
    return [
      ...named(broker.pid, () => 'broker'),
      ...named(gateway.pid, () => 'gateway'),
      ...cameras.flatMap(({ pid }) => named(pid, ({ name }) => (name === 'ffmpeg' ? 'ffmpeg' : 'camera'))),
      ...named(server.process().pid ?? 0, ({ pid }) => (isRenderer(pid) ? 'renderer' : 'browser')),
    ];
  };
  for (let turn = 0; turn < 2 * TURNS; turn++) {
    const isSmall = turn % 2 === 0;
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    if (!isSmall) await page.addInitScript(FINE);
    await page.goto(`http://127.0.0.1:${port}/`);
    await until(
      'live wall',
      async () => (await page.$$('.tile:is([data-kind=live], [data-kind=late])')).length === CAMERAS.length,
      patience,
    );
    await sleep(SETTLE_MS);
    const before = new Map(kinds().map(([pid, , cpu]) => [pid, cpu]));
    const began = performance.now();
    await sleep(MEASURE_MS);
    const seconds = (performance.now() - began) / 1000;
    const costs: Costs = {};
    for (const [pid, kind, cpu] of kinds()) costs[kind] = (costs[kind] ?? 0) + (100 * (cpu - (before.get(pid) ?? 0))) / seconds;
    const widths = await page.$$eval('.tile canvas', (all) => all.map((canvas) => (canvas as HTMLCanvasElement).width));
    const figures = await page.$$eval('.tile .figures', (all) => all.map(({ textContent }) => textContent));
    console.log(isSmall ? 'small' : 'whole', widths.join(), figures.join(' | '), round(costs));
    await page.close();
    await sleep(4_000);
  }
});

const isRenderer = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer');
const round = (costs: Costs) =>
  JSON.stringify(Object.fromEntries(Object.entries(costs).map(([kind, cost]) => [kind, Math.round(10 * cost) / 10])));
