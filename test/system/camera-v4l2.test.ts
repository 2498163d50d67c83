import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Capabilities } from '../../services/camera/device/capabilities.ts';
import { chooseMode } from '../../services/camera/device/mode.ts';
import { inOrder, readDevice, setControls } from '../../services/camera/device/v4l2.ts';
import { plugIn } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { makeNode } from '../helpers/fakecam.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

async function read(node: string): Promise<Capabilities> {
  const said = await readDevice(node);
  return 'failed' in said ? assert.fail(`${said.failed}: ${said.said}`) : said;
}

async function valuesOf(node: string, ...names: string[]): Promise<(number | null | undefined)[]> {
  const { controls } = await read(node);
  return names.map((name) => controls.find((control) => control.name === name)?.value);
}

/** A v4l2-ctl of the test's own, a shell script, is found before the real one, or alone. */
function putInTheWay(t: TestContext, script: string | null, { alone = false } = {}): string {
  const dir = makeWorkDir(t);
  const { PATH = '' } = process.env;
  if (script !== null) writeFileSync(join(dir, 'v4l2-ctl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = alone ? dir : `${dir}${delimiter}${PATH}`;
  defer(t, () => {
    process.env.PATH = PATH;
  });
  return dir;
}

/** Runs of the real v4l2-ctl, by their arguments. */
function countRuns(t: TestContext): () => string[] {
  const real = execFileSync('which', ['v4l2-ctl'], { encoding: 'utf8' }).trim();
  const log = join(makeWorkDir(t), 'runs');
  writeFileSync(log, '');
  putInTheWay(t, `echo "$3 $4" >> ${log}; exec ${real} "$@"`);
  return () => readFileSync(log, 'utf8').trim().split('\n');
}

test('a webcam tells what it is, its formats and its controls', async (t) => {
  const node = await plugIn(t, {
    state: makeWorkDir(t),
    name: 'Yard',
    bus: 'usb-1.2',
    sizes: ['1280x720', '640x480'],
    rates: [30, 15],
    yuyv: true,
  });
  const { controls, formats, ...info } = await read(node);
  assert.deepEqual(info, { driver: 'uvcvideo', card: 'Yard', bus: 'usb-1.2', capture: true });
  const mjpeg = formats.find(({ fourcc }) => fourcc === 'MJPG');
  assert.deepEqual(mjpeg?.sizes, [
    { width: 1280, height: 720, rates: [30, 15] },
    { width: 640, height: 480, rates: [30, 15] },
  ]);
  assert.equal(chooseMode(formats, { size: { width: 640, height: 480 }, fps: 20 })?.copy, true);
  const exposure = controls.find(({ name }) => name === 'exposure_time_absolute');
  assert.deepEqual([exposure?.type, exposure?.min, exposure?.max, exposure?.inactive], ['int', 3, 2047, true]);
});

test('a webcam without controls has its formats', async (t) => {
  const { controls, formats } = await read(await plugIn(t, {}));
  assert.deepEqual([controls.length, formats.length], [0, 1]);
});

test("a webcam's second node gives no pictures", async (t) => {
  const dir = makeWorkDir(t);
  const meta = makeNode(dir, { name: 'video1' });
  await plugIn(t, { path: makeNode(dir), meta });
  const { capture, formats } = await read(meta);
  assert.deepEqual({ capture, formats }, { capture: false, formats: [] });
});

test('a refusal has its errno', async (t) => {
  const failure = async (node: string) => {
    const { failed, errno, said } = (await readDevice(node)) as { failed?: string; errno?: string; said?: string };
    assert.match(said ?? '', new RegExp(node));
    return [failed, errno];
  };
  assert.deepEqual(await failure('/dev/video4711'), ['errno', 'ENOENT']);
  assert.deepEqual(await failure(await plugIn(t, { fail: 13 })), ['errno', 'EACCES']);
  assert.deepEqual(await failure(await plugIn(t, { fail: 16 })), ['errno', 'EBUSY']);
  const gone = join(makeWorkDir(t), 'gone');
  writeFileSync(gone, '');
  assert.deepEqual(await failure(await plugIn(t, { gone })), ['errno', 'ENOENT']);
  assert.deepEqual(await failure('/dev/zero'), ['unreadable', null]);
});

test('no v4l2-ctl, one that does not run, one that talks nonsense', async (t) => {
  putInTheWay(t, null, { alone: true });
  assert.deepEqual(await readDevice('/dev/video0'), { failed: 'missing', errno: null, said: 'there is no v4l2-ctl' });
  const { refused } = await setControls('/dev/video0', new Map([['gain', 1]]));
  assert.equal(refused.get('gain'), 'cannot be set now (there is no v4l2-ctl)');
  putInTheWay(t, 'echo "\x1b[1mhello"; echo you >&2; exit 3', { alone: true });
  assert.deepEqual(await readDevice('/dev/video0'), { failed: 'unreadable', errno: null, said: 'you; [1mhello' });
});

test('one that was unplugged while it was read is gone, not a camera without formats', async (t) => {
  const node = makeNode(makeWorkDir(t));
  const beginning = 'Driver Info:\\n\\tDriver name      : uvcvideo\\n\\tDevice Caps      : 0x04200001\\n';
  putInTheWay(t, `printf '${beginning}'`);
  assert.deepEqual((await read(node)).formats, [], 'while it is there it may have none');
  putInTheWay(t, `printf '${beginning}'; rm ${node}`);
  assert.equal(((await readDevice(node)) as { errno?: string }).errno, 'ENODEV');
});

test('one that does not answer is silent after 5 s, whatever holds its pipes, and does not hold us', async (t) => {
  putInTheWay(t, 'sleep 9 & wait');
  let ticks = 0;
  const timer = setInterval(() => ticks++, 50);
  defer(t, () => clearInterval(timer));
  const start = performance.now();
  const [said, { refused }] = await Promise.all([
    readDevice('/dev/video0'),
    setControls('/dev/video0', new Map(['auto_exposure', 'gain', 'contrast'].map((name) => [name, 1]))),
  ]);
  assert.deepEqual(said, { failed: 'silent', errno: null, said: '/dev/video0 did not answer v4l2-ctl for 5 s' });
  assert.equal(refused.size, 3, 'nobody waits for each of them');
  const seconds = (performance.now() - start) / 1_000;
  assert.ok(seconds > 4.5 && seconds < 7, `${seconds} s`);
  assert.ok(ticks > 50, `${ticks} ticks`);
});

test('who does not want to wait any longer need not, and may ask again at once', async (t) => {
  const dir = putInTheWay(t, 'echo $$ > $0.pid; exec sleep 9');
  const stop = new AbortController();
  const reading = readDevice('/dev/video4711', stop.signal);
  const pid = await until('run', () => existsSync(join(dir, 'v4l2-ctl.pid')) && Number(readFileSync(join(dir, 'v4l2-ctl.pid'), 'utf8')));
  stop.abort();
  assert.deepEqual(await reading, { failed: 'silent', errno: null, said: 'v4l2-ctl was stopped' });
  await until('end of the child', () => !existsSync(`/proc/${pid}`));
  assert.deepEqual(((await readDevice('/dev/video4711', stop.signal)) as { said: string }).said, 'v4l2-ctl was stopped');
  putInTheWay(t, 'echo "Cannot open device $2, exiting." >&2; exit 1');
  assert.equal(((await readDevice('/dev/video4711')) as { errno?: string }).errno, 'ENOENT');
});

test('several are set in one run, the automatic before what it rules', async (t) => {
  const node = await plugIn(t, { state: makeWorkDir(t) });
  const runs = countRuns(t);
  const wanted = new Map([
    ['exposure_time_absolute', 500],
    ['brightness', 7],
    ['pan_absolute', -3600],
    ['auto_exposure', 1],
  ]);
  assert.deepEqual(await setControls(node, wanted), { refused: new Map() });
  assert.deepEqual(runs(), ['-c auto_exposure=1,exposure_time_absolute=500,brightness=7,pan_absolute=-3600']);
  assert.deepEqual(await valuesOf(node, ...wanted.keys()), [...wanted.values()]);
});

test('one that is refused keeps no other from being set, and says why', async (t) => {
  const node = await plugIn(t, { state: makeWorkDir(t) });
  const wanted = new Map<string, number | string>([
    ['exposure_time_absolute', 500],
    ['brightness', 9],
    ['power_line_frequency', 7],
    ['no_such', 1],
    ['pan_absolute', 3600],
    ['zoom_absolute', 200],
  ]);
  const { refused } = await setControls(node, wanted);
  assert.deepEqual(Object.fromEntries(refused), {
    exposure_time_absolute: 'can only be read, or has no effect while an automatic rules it',
    power_line_frequency: 'does not take this value',
    no_such: 'is not known to the camera',
  });
  const values = await valuesOf(node, 'brightness', 'pan_absolute', 'zoom_absolute', 'exposure_time_absolute', 'power_line_frequency');
  assert.deepEqual(values, [9, 3600, 200, 250, 2]);
});

test('nothing but a control can be set: no other option, no second control, no fraction', async (t) => {
  const node = await plugIn(t, { state: makeWorkDir(t) });
  const runs = countRuns(t);
  const wanted = new Map<string, number | string>([
    ['--all', 1],
    ['brightness=1,contrast', 1],
    ['Brightness', 1],
    ['', 1],
    ['gain', Number.NaN],
    ['contrast', 1.5],
    ['sharpness', 1e300],
    ['title', 'a,brightness=1'],
    ['subtitle', 'a\0b'],
    ['saturation', 5],
  ]);
  const { refused } = await setControls(node, wanted);
  assert.deepEqual([...refused.keys()].sort(), [...wanted.keys()].filter((name) => name !== 'saturation').sort());
  assert.deepEqual(runs(), ['-c saturation=5']);
  assert.deepEqual(await setControls(node, new Map()), { refused: new Map() });
});

test('for a camera that is gone one run is enough', async (t) => {
  const runs = countRuns(t);
  const { refused } = await setControls('/dev/video4711', new Map(['gain', 'contrast'].map((name) => [name, 1])));
  assert.deepEqual([...refused.values()], Array(2).fill('cannot be set now (Cannot open device /dev/video4711, exiting.)'));
  assert.equal(runs().length, 1);
});

test('order: automatics, then switches and menus, then values, each as they came', async (t) => {
  const { controls } = await read(await plugIn(t, { state: makeWorkDir(t) }));
  const names = ['gain', 'exposure_dynamic_framerate', 'white_balance_automatic', 'brightness', 'power_line_frequency', 'auto_exposure'];
  const wanted = new Map(names.map((name) => [name, 1]));
  assert.deepEqual(
    [...inOrder(wanted, controls).keys()],
    ['white_balance_automatic', 'auto_exposure', 'exposure_dynamic_framerate', 'power_line_frequency', 'gain', 'brightness'],
  );
  assert.deepEqual([...inOrder(wanted).keys()].slice(0, 3), ['white_balance_automatic', 'auto_exposure', 'gain']);
});

test('ffmpeg knows each name by which a raw format is asked for', () => {
  const raw = [
    'YU12',
    'NV12',
    'YV12',
    'YUYV',
    'UYVY',
    '422P',
    '411P',
    'YUV9',
    'RGBP',
    'RGBR',
    'RGBO',
    'RGBQ',
    'BGR3',
    'RGB3',
    'BGR4',
    'RGB4',
  ];
  const known = execFileSync('ffmpeg', ['-hide_banner', '-v', 'error', '-pix_fmts'], { encoding: 'utf8' });
  for (const fourcc of [...raw, 'GREY', 'Y16']) {
    const mode = chooseMode([{ fourcc, sizes: [] }], { size: { width: 64, height: 64 }, fps: 30 });
    assert.match(known, new RegExp(`^I.... ${mode?.inputFormat} `, 'm'), fourcc);
  }
});
