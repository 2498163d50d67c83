/** A line of 2 Mbit/s and 40 ms, there and back: less than a tenth of what the camera gives. */
import { equal, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { type FakeCamera, startCamera } from '../helpers/fake-camera.ts';
import { madeOnce } from '../helpers/made-once.ts';
import { openPage, text } from '../helpers/open-page.ts';
import { startTestBroker, startTestGateway, token } from '../helpers/services.ts';
import { startSlowLine } from '../helpers/slow-line.ts';
import { until } from '../helpers/until.ts';

const SLOW = { bytesPerSecond: 250_000, delay: 20 };
/** In seven squares each picture bears its number, so that what is on the screen tells its own age. */
const BITS = 7;
const SQUARE = 160;
const FPS = 30;
const WATCH_MS = 8_000;
const FRESH_MS = 1_000;
/** A picture is a third of a second on the line, and on the screen. With another one before it on the line it would be older. */
const USUAL_MS = 670;
/** One in twenty may be so old, since the machine does other things, too. */
const LATE_MS = 1_500;
/** The figures are drawn five times a second, the screen some 60 times. */
const DRAWN_MS = 250;
/** With a new picture its own age is there. */
const OVER_MS = 150;
/** Of a machine that does much else at the same time. */
const FULL_FPS = 12;
/** The line takes 3.1 pictures a second. */
const SLOW_FPS = 3.3;

interface Look {
  /** Since 1970, as the server has it: it is the same machine. */
  at: number;
  /** Of the picture on the screen. */
  code: number;
  /** As the page tells it. */
  shown: string;
}

const house = { after };
const frames = await numberedFrames();
const [bus, browser] = await Promise.all([startTestBroker(house), launchChromium(house)]);
const camera = await startCamera(house, bus, 'front', frames);
camera.play(FPS);
const { gateway } = await startTestGateway(house, bus);

test('on a slow line the picture comes seldom, but fresh; once the line is fast again, so is the picture', async (t) => {
  const line = await startSlowLine(t, gateway.address.port);
  const page = await openPage(t, browser, `http://127.0.0.1:${line.port}/login?token=${token}`);
  await until('full rate', async () => (await rate(page)) > FULL_FPS, { ms: 10_000 });
  line.limit = SLOW;
  await until('low rate', async () => (await rate(page)) < SLOW_FPS, { ms: 10_000 });
  const looks = await watch(page, WATCH_MS);
  const slow = await rate(page);
  const shown = looks.map((look) => ms(look.shown));
  const truth = looks.map((look) => trueAge(camera, look));
  t.diagnostic(`${looks.length} looks, ${slow} fps; age shown ${spread(shown)}, true ${spread(truth)} ms (p50, p95, most)`);
  ok(looks.length > 50, `${looks.length} looks`);
  for (const ages of [truth, shown]) {
    ok(share(ages, 0.5) <= USUAL_MS, `half of the time it is older than ${share(ages, 0.5)} ms`);
    ok(share(ages, 0.95) <= FRESH_MS, `one picture in twenty was ${share(ages, 0.95)} ms old`);
    ok(share(ages, 1) <= LATE_MS, `a picture was ${share(ages, 1)} ms old`);
  }
  const over = share(
    shown.map((age, i) => age - (truth[i] ?? 0)),
    0.95,
  );
  ok(over < OVER_MS, `${over} ms more than true are shown`);
  ok(Math.abs(mean(shown) - mean(truth)) < DRAWN_MS, `an age of ${mean(shown)} ms is shown in the mean, ${mean(truth)} is true`);
  ok(new Set(looks.map(({ code }) => code)).size > WATCH_MS / 1000, 'the picture stands still');
  ok(slow > SLOW_FPS / 3 && slow < SLOW_FPS, `${slow} fps`);
  line.limit = null;
  await until('full rate again', async () => (await rate(page)) > FULL_FPS, { ms: 6_000 });
  equal(await page.getAttribute('#app', 'data-kind'), 'live');
});

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const rate = async (page: Page): Promise<number> => Number.parseFloat(await text(page, 'rate'));

/** What so great a share of them does not exceed. */
function share(values: number[], part: number): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.ceil(part * values.length) - 1] ?? Number.NaN);
}

const spread = (values: number[]): string => [0.5, 0.95, 1].map((part) => share(values, part)).join(' / ');

/** `1.2 s`, `340 ms` */
function ms(told: string): number {
  const [, value = '', unit = ''] = /^([\d.]+) (ms|s)$/.exec(told) ?? [];
  return Number(value || Number.NaN) * (unit === 's' ? 1000 : 1);
}

/** How long ago the last picture with this number was taken. */
function trueAge({ sent }: FakeCamera, { at, code }: Look): number {
  const stamp = sent.findLast(({ seq, t }) => seq % frames.length === code && t / 1000 <= at);
  return stamp ? at - stamp.t / 1000 : Number.NaN;
}

/** Looks at screen and figures many times a second. */
function watch(page: Page, during: number): Promise<Look[]> {
  return page.evaluate(
    async ({ during, bits, square }) => {
      const looks: Look[] = [];
      const context = new OffscreenCanvas(bits, 1).getContext('2d', { willReadFrequently: true });
      const end = performance.now() + during;
      while (performance.now() < end) {
        const view = document.querySelector<HTMLCanvasElement | HTMLVideoElement>('.view');
        if (!view || !context) throw new Error('no picture');
        const at = Date.now();
        // The middle of each square.
        for (let bit = 0; bit < bits; bit++) context.drawImage(view, bit * square + square / 2 - 8, 40, 16, 16, bit, 0, 1, 1);
        const { data } = context.getImageData(0, 0, bits, 1);
        let code = 0;
        for (let bit = 0; bit < bits; bit++) if ((data[bit * 4] ?? 0) > 128) code += 1 << bit;
        looks.push({ at, code, shown: document.querySelector('#age')?.textContent ?? '' });
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      return looks;
    },
    { during, bits: BITS, square: SQUARE },
  );
}

/** 1280x720, about 80 kB each. */
async function numberedFrames(): Promise<Buffer[]> {
  const count = 1 << BITS;
  const dir = await madeOnce(`frames/numbered-${count}-13`, async (path) => {
    await mkdir(path);
    const squares = Array.from({ length: BITS }, (_, bit) => {
      const box = (colour: string, when = '') => `drawbox=x=${bit * SQUARE}:w=${SQUARE}:h=${SQUARE}:t=fill:color=${colour}${when}`;
      return `${box('black')},${box('white', `:enable='gte(mod(n,${2 << bit}),${1 << bit})'`)}`;
    });
    const source = `testsrc2=size=1280x720:rate=30,noise=alls=20:allf=t,${squares.join()}`;
    const output = ['-frames:v', String(count), '-pix_fmt', 'yuvj422p', '-q:v', '13', '-start_number', '0', join(path, '%04d.jpg')];
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...output]);
  });
  const names = (await readdir(dir)).sort();
  return Promise.all(names.map((name) => readFile(join(dir, name))));
}
