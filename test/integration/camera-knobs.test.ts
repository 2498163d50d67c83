import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { Answer, CameraState } from '../../services/shared/contract.ts';
import type { readKnob } from '../../services/shared/knob.ts';
import { startCameraProgram, takeApart } from '../helpers/camera-harness.ts';
import { type Fakecam, fakecamEnv, sizedFrames } from '../helpers/fakecam.ts';
import type { Program } from '../helpers/program.ts';
import { connectMqtt, type Env, type Received, receive, startTestBroker, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const sizes = ['320x240', '640x480', '160x120'];
/** Programs begin slowly on a busy machine. */
const beginning = { ms: 15_000 };
const usual = { CAMERA_SIZE: '320x240', CAMERA_FPS: '30' };

/** A webcam with controls, and a camera service that owns it. */
async function webcam(t: TestContext, more: Partial<Fakecam> = {}): Promise<Env> {
  const state = makeWorkDir(t);
  return fakecamEnv(t, { dir: await sizedFrames(t, sizes), sizes, rates: [30, 15, 10, 5], state, ...more });
}

/** Someone on the bus who turns knobs, and sees all that the camera says, every frame too. */
class Hand {
  readonly received: Received[];
  readonly #publish: (topic: string, payload: string, retain?: boolean) => Promise<unknown>;

  constructor(received: Received[], publish: (topic: string, payload: string, retain?: boolean) => Promise<unknown>) {
    this.received = received;
    this.#publish = publish;
  }

  static async on(t: TestContext, bus: TestBroker): Promise<Hand> {
    const client = await connectMqtt(t, bus.url, { protocolVersion: 5, ...bus.login('homeassistant') });
    const received = await receive(client, 'homeguard/camera/#');
    return new Hand(received, (topic, payload, retain = false) =>
      client.publishAsync(`homeguard/camera/${topic}`, payload, { qos: 1, retain }),
    );
  }

  on(topic: string): Received[] {
    return this.received.filter((each) => each.topic === `homeguard/camera/${topic}`);
  }

  value(setting: string): string | undefined {
    return this.on(setting).at(-1)?.payload.toString();
  }

  get state(): CameraState | undefined {
    const json = this.value('state');
    return json === undefined ? undefined : (JSON.parse(json) as CameraState);
  }

  get answers(): Answer[] {
    return this.on('answer').map(({ payload }) => JSON.parse(payload.toString()) as Answer);
  }

  async set(setting: string, wanted: string): Promise<Answer> {
    const before = this.answers.length;
    await this.#publish(`${setting}/set`, wanted);
    const isIt = (answer: Answer) => answer.setting === setting && answer.wanted === (wanted.length > 1024 ? '' : wanted);
    return until(`answer to ${setting}=${wanted}`, () => this.answers.slice(before).find(isIt), {
      ms: 12_000,
    });
  }

  async leaveRetained(topic: string, payload: string): Promise<void> {
    await this.#publish(topic, payload, true);
  }

  live(): Promise<unknown> {
    return until('live', () => this.state?.condition === 'live' && this.on('frame').length > 0, beginning);
  }

  /** The longest time between two frames from the `since`th on, by their stamps, in ms. */
  longestGap(since: number): number {
    const times = this.on('frame')
      .slice(since)
      .map(({ payload }) => takeApart(payload).stamp.t / 1000);
    return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
  }
}

function start(t: TestContext, bus: TestBroker, env: Env): Program {
  return startCameraProgram(t, bus, { ...usual, ...env, CAMERA_SOURCE: env.FAKECAM_PATH ?? '' });
}

async function controlOf(env: Env, name: string): Promise<string> {
  const { stdout } = await promisify(execFile)('v4l2-ctl', ['-d', env.FAKECAM_PATH ?? '', '-C', name], { env: { ...process.env, ...env } });
  return stdout.trim();
}

const widthOf = (frame: Received) => readJpegSize(frame.payload);
/** Width and height in the frame header (ITU T.81 B.2.2). */
function readJpegSize(jpeg: Buffer): string {
  for (let at = 2; at < jpeg.length - 9; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xc0) return `${jpeg.readUInt16BE(at + 7)}x${jpeg.readUInt16BE(at + 5)}`;
  }
  return 'none';
}

/** The sum of the first quantization table (ITU T.81 B.2.4.1): the larger, the coarser the picture. */
function quantization(jpeg: Buffer): number {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xdb]));
  return at < 0 ? 0 : jpeg.subarray(at + 5, at + 5 + 64).reduce((sum, each) => sum + each, 0);
}

describe('knobs', { concurrency: 3 }, () => {
  // First, for it takes longest.
  test('low light: the halved rate is told, with the control that would mend it', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    const dark = join(makeWorkDir(t), 'dark');
    const env = await webcam(t, { dark });
    start(t, bus, env);
    await hand.live();
    await hand.set('controls/exposure_dynamic_framerate', 'ON');
    writeFileSync(dark, '');
    await until('hint', () => hand.state?.cause !== null && hand.state?.condition === 'live', { ms: 20_000 });
    assert.match(hand.state?.cause ?? '', /^only 1[3-6] of 30 pictures a second come: in low light/);
    assert.match(hand.state?.advice ?? '', /set controls\/exposure_dynamic_framerate to OFF/);
    await hand.set('controls/exposure_dynamic_framerate', 'OFF');
    await until('no hint', () => hand.state?.cause === null && hand.state?.format?.fps === 30, { ms: 20_000 });
  });

  test('every control of the device is told with its range, is set, comes back, and is what the device has', {
    timeout: 60_000,
  }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    const env = await webcam(t);
    start(t, bus, env);
    await hand.live();
    const knobs = await until('knobs', () => hand.state?.settings);
    assert.deepEqual(knobs['controls/brightness'], {
      type: 'number',
      label: 'Brightness',
      value: 128,
      default: 128,
      min: 0,
      max: 255,
      step: 1,
    });
    const menu = knobs['controls/power_line_frequency'];
    assert.deepEqual(menu?.type === 'select' && [menu.value, menu.options], ['60 Hz', ['Disabled', '50 Hz', '60 Hz']]);
    const names = Object.keys(knobs).filter((name) => name.startsWith('controls/'));
    assert.ok(names.length >= 15, names.join());
    // Automatics first, or what they rule cannot be set.
    const manual: [string, string][] = [
      ['controls/auto_exposure', 'manual mode'],
      ['controls/white_balance_automatic', 'off'],
      ['controls/focus_automatic_continuous', '0'],
    ];
    for (const [name, value] of manual) assert.equal((await hand.set(name, value)).refused, null, name);
    for (const name of names.filter((each) => !manual.some(([automatic]) => automatic === each))) {
      const knob = hand.state?.settings?.[name] ?? assert.fail(name);
      const wanted = otherValue(knob);
      const answer = await hand.set(name, wanted);
      assert.deepEqual([answer.refused, answer.value], [null, wanted], name);
      await until(
        `${name} told`,
        () => hand.value(name) === wanted && String((hand.state?.settings?.[name] as { value: unknown }).value) === wanted,
      );
      assert.match(await controlOf(env, name.slice('controls/'.length)), /: -?\d+$/);
    }
    assert.equal(await controlOf(env, 'power_line_frequency'), 'power_line_frequency: 0');
    assert.equal(await controlOf(env, 'focus_absolute'), 'focus_absolute: 5');
  });

  test('a wrong value is refused with the reason, and the true one is sent again', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    start(t, bus, await webcam(t));
    await hand.live();
    const cases: [string, string, RegExp][] = [
      ['controls/brightness', '256', /^controls\/brightness has to be a whole number from 0 to 255\.$/],
      ['controls/brightness', 'bright', /whole number from 0 to 255/],
      ['controls/power_line_frequency', '70 Hz', /one of: Disabled, 50 Hz, 60 Hz/],
      ['controls/focus_absolute', '10', /has no effect now/],
      ['controls/antigravity', '1', /no control "antigravity"/],
      ['resolution', '333x222', /has to be one of: 160x120, 320x240, 640x480/],
      ['fps', '0', /whole number from 1 to 30/],
      ['capture', 'maybe', /has to be ON or OFF/],
      ['quality', '50', /makes its JPEG pictures itself/],
      ['nonsense', '1', /no setting/],
      ['controls/brightness', '1'.repeat(2000), /at most 1024 bytes/],
      ['snapshot', '99x77', /has no size 99x77: it has 160x120, 320x240, 640x480/],
    ];
    for (const [setting, wanted, reason] of cases) {
      const told = hand.on(setting).length;
      const answer = await hand.set(setting, wanted);
      assert.match(answer.refused ?? '', reason, setting);
      if (answer.value === null) continue;
      await until(`${setting} again`, () => hand.on(setting).length > told);
      assert.equal(hand.value(setting), answer.value);
    }
  });

  test('a retained command, which would come again with each connection, is ignored and named in the log', async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    await hand.leaveRetained('controls/brightness/set', '7');
    const program = start(t, bus, await webcam(t));
    await hand.live();
    await until('log', () => /brightness\/set holds a retained command/.test(program.output));
    assert.equal(hand.value('controls/brightness'), '128');
  });

  test('resolution and fps: the nearest is taken and told, with at most 1 s without frames', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    start(t, bus, await webcam(t, {}));
    await hand.live();
    assert.deepEqual([hand.value('resolution'), hand.value('fps')], ['320x240', '30']);
    const before = hand.on('frame').length;
    assert.equal((await hand.set('resolution', '640x480')).value, '640x480');
    await until('new size', () => widthOf(hand.on('frame').at(-1) ?? assert.fail()) === '640x480' && hand.state?.format?.width === 640);
    assert.equal((await hand.set('fps', '12')).value, '10');
    await until('new rate', () => hand.value('fps') === '10' && hand.state?.format?.fps === 10);
    await until('frames', () => hand.on('frame').length > before + 30, beginning);
    assert.ok(hand.longestGap(before) < 1000, `${hand.longestGap(before)} ms`);
    const conditions = hand.on('state').map(({ payload }) => (JSON.parse(payload.toString()) as CameraState).condition);
    assert.deepEqual([...new Set(conditions.slice(conditions.indexOf('live')))], ['live']);
  });

  test('what was asked for and is not offered becomes the nearest, in state and log', async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    const program = start(t, bus, { ...(await webcam(t)), CAMERA_SIZE: '600x500', CAMERA_FPS: '13' });
    await hand.live();
    assert.deepEqual([hand.state?.format?.width, hand.state?.format?.height, hand.state?.format?.fps], [640, 480, 15]);
    await until('log', () => /640x480 at 15 a second is the nearest .* to 600x500 at 13/.test(program.output));
  });

  test('set values survive a restart and a loss of power, and reset takes them back', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    const env = await webcam(t);
    const first = start(t, bus, env);
    await hand.live();
    await hand.set('controls/brightness', '200');
    await hand.set('controls/auto_exposure', 'Manual Mode');
    await hand.set('controls/exposure_time_absolute', '333');
    await hand.set('resolution', '160x120');
    await first.stop();
    rmSync(join(env.FAKECAM_STATE ?? '', 'state'));
    assert.match(await controlOf(env, 'brightness'), /128/);
    hand.received.length = 0;
    const second = start(t, bus, env);
    await hand.live();
    assert.equal(await controlOf(env, 'brightness'), 'brightness: 200');
    assert.equal(await controlOf(env, 'exposure_time_absolute'), 'exposure_time_absolute: 333');
    assert.equal(hand.value('controls/brightness'), '200');
    assert.equal(hand.state?.format?.width, 160);

    assert.equal((await hand.set('reset', '')).refused, null);
    await until('defaults', () => hand.value('controls/brightness') === '128' && hand.state?.format?.width === 320);
    assert.equal(await controlOf(env, 'auto_exposure'), 'auto_exposure: 3 (Aperture Priority Mode)');
    assert.equal(await controlOf(env, 'exposure_time_absolute'), 'exposure_time_absolute: 250', 'though the automatic rules it again');
    assert.doesNotMatch(second.output, /can only be read/);
    await second.stop();
    hand.received.length = 0;
    // Whoever changes the environment means that, whatever was set before.
    (await start(t, bus, { ...env, CAMERA_SIZE: '640x480' })) && (await hand.live());
    assert.equal(hand.value('resolution'), '640x480');
  });

  test('capture OFF closes the device, clears the preview, survives a restart; ON brings the picture back', {
    timeout: 60_000,
  }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    const env = await webcam(t);
    const program = start(t, bus, env);
    await hand.live();
    await until('preview', () => (hand.on('preview').at(-1)?.payload.length ?? 0) > 0);
    assert.equal((await hand.set('capture', 'OFF')).value, 'OFF');
    await until('off', () => hand.state?.condition === 'off');
    await until('no ffmpeg', () => program.helpers().length === 0);
    await until('no preview', () => hand.on('preview').at(-1)?.payload.length === 0);
    assert.match((await hand.set('snapshot', '')).refused ?? '', /switched off/);
    const { length } = hand.on('frame');
    assert.equal((await hand.set('controls/brightness', '99')).refused, null, 'controls can be set all the same');
    assert.equal(hand.on('frame').length, length);
    await program.stop();
    hand.received.length = 0;
    const again = start(t, bus, env);
    await until('off again', () => hand.state?.condition === 'off' && hand.value('capture') === 'OFF', beginning);
    await until('its knobs', () => hand.state?.settings?.['controls/brightness']);
    assert.deepEqual(again.helpers(), []);
    await hand.set('capture', 'on');
    await hand.live();
  });

  test('a snapshot at the present size, at another one, and back', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    start(t, bus, await webcam(t));
    await hand.live();
    for (const [wanted, size] of [
      ['', '320x240'],
      ['press', '320x240'],
      ['640x480', '640x480'],
      ['{"size":"160x120","id":"abc"}', '160x120'],
    ] as const) {
      const before = hand.on('snapshot').length;
      const frames = hand.on('frame').length;
      assert.equal((await hand.set('snapshot', wanted)).refused, null, wanted);
      const taken = (await until('snapshot', () => hand.on('snapshot')[before])) as Received;
      assert.equal(readJpegSize(taken.payload), size);
      assert.ok(takeApart(taken.payload).stamp.t > 0);
      await until('frames again', () => hand.on('frame').length > frames + 5);
      assert.ok(hand.longestGap(frames) < 2000, `${hand.longestGap(frames)} ms without frames`);
    }
    assert.deepEqual([...new Set(hand.on('frame').map(widthOf))], ['320x240'], 'viewers see the usual size only');
    assert.equal(hand.state?.condition, 'live');
    const before = hand.on('snapshot').length;
    const both = await Promise.all([hand.set('snapshot', '640x480'), hand.set('snapshot', '160x120')]);
    assert.deepEqual(
      [both.map(({ refused }) => refused), hand.on('snapshot').slice(before).map(widthOf)],
      [
        [null, null],
        ['640x480', '160x120'],
      ],
    );
  });

  test('a closed camera opens for a snapshot, and closes again', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const client = await connectMqtt(t, bus.url, { protocolVersion: 5, ...bus.login('homeassistant') });
    const received = await receive(client, 'homeguard/camera/snapshot');
    await client.subscribeAsync(['homeguard/camera/state', 'homeguard/camera/answer'], { qos: 1 });
    const program = start(t, bus, { ...(await webcam(t)), CAMERA_PREVIEW_FPS: '0' });
    const topics = () => received.map(({ topic }) => topic.slice('homeguard/camera/'.length));
    await until('idle', () => received.some(({ payload }) => payload.includes('"idle"')), beginning);
    await until('nothing open', () => program.helpers().length === 0);
    for (const wanted of ['', '640x480']) {
      received.length = 0;
      await client.publishAsync('homeguard/camera/snapshot/set', wanted, { qos: 1 });
      await until('answer', () => topics().includes('answer'), { ms: 10_000 });
      assert.match(received.find(({ topic }) => topic.endsWith('answer'))?.payload.toString() ?? '', /"refused":null/);
      assert.ok(topics().includes('snapshot'));
      await until('closed', () => program.helpers().length === 0, { ms: 6000 });
    }
  });

  test('YUYV is encoded, at the quality that was set', { timeout: 60_000 }, async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    start(t, bus, await webcam(t, { yuyv: 'only', rates: [10] }));
    await hand.live();
    assert.deepEqual(hand.state?.format, { pixel: 'YUYV', width: 320, height: 240, fps: 10, encoded: true });
    const coarseness = () => quantization(hand.on('frame').at(-1)?.payload ?? Buffer.alloc(0));
    const fine = coarseness();
    assert.equal((await hand.set('quality', '5')).value, '5');
    await until('coarser pictures', () => coarseness() > 3 * fine, beginning);
  });

  test('what was set and cannot be read is put aside, and said', async (t) => {
    const bus = await startTestBroker(t);
    const hand = await Hand.on(t, bus);
    const env = await webcam(t);
    const first = start(t, bus, env);
    await hand.live();
    await hand.set('resolution', '640x480');
    await first.stop();
    const file = join(bus.settings.dataDir, 'cameras/camera.json');
    assert.match(readFileSync(file, 'utf8'), /640x480/);
    writeFileSync(file, '{"capture":"MAYBE"');
    hand.received.length = 0;
    const second = start(t, bus, env);
    await hand.live();
    assert.equal(hand.value('resolution'), '320x240');
    assert.match(second.output, /put aside as .*camera\.json\.broken/);
    assert.equal(readFileSync(`${file}.broken`, 'utf8'), '{"capture":"MAYBE"');
  });
});

/** A value that is right for the knob and not the one it has. */
function otherValue(knob: Parameters<typeof readKnob>[0]): string {
  switch (knob.type) {
    case 'switch':
      return knob.value === 'ON' ? 'OFF' : 'ON';
    case 'select':
      return knob.options.find((option) => option !== knob.value) ?? assert.fail('only one option');
    case 'number':
      return String(knob.value + knob.step <= knob.max ? knob.value + knob.step : knob.value - knob.step);
    default:
      return assert.fail(knob.type);
  }
}
