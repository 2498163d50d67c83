import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Bus } from '../../services/shared/bus.ts';
import { readStamp } from '../../services/shared/contract.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { pacer } from '../helpers/fake-camera.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { stamped, tinyJpeg } from '../helpers/pictures.ts';
import { processStats } from '../helpers/process-stats.ts';
import { startProgram } from '../helpers/program.ts';
import { type Address, connectRaw, type RawMqtt } from '../helpers/raw-mqtt.ts';
import { startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { openLive, seqs, watchStream } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const frameBytes = 160_000;
const fps = 30;
const topic = 'homeguard/front/frame';

interface Frame {
  seq: number;
  /** How old it was when its last byte was here, in ms. */
  age: number;
}

/** Keeps the numbers of the frames that a client gets; a frame that is not whole fails. */
function keepFrames(client: RawMqtt): Frame[] {
  const frames: Frame[] = [];
  client.take = (packet) => {
    if (packet.cmd !== 'publish' || packet.topic !== topic) return false;
    const jpeg = Buffer.from(packet.payload);
    const stamp = readStamp(jpeg);
    assert.ok(stamp && jpeg.length > frameBytes && jpeg.readUInt16BE(jpeg.length - 2) === 0xffd9, 'a whole frame');
    frames.push({ seq: stamp.seq, age: Date.now() - stamp.t / 1000 });
    return true;
  };
  return frames;
}

const isIncreasing = (frames: Frame[]) => frames.every(({ seq }, i) => i === 0 || seq > (frames[i - 1]?.seq ?? 0));

/** A broker in a process of its own, and a camera that publishes frames to it. */
async function setUp(t: Scope) {
  const path = join(makeWorkDir(t), 'bus.sock');
  // V8's nursery grows by itself under load, by more than what is looked for here; so it is kept small.
  const env = { BROKER_AUTH: 'off', BROKER_SOCKET: path, NODE_OPTIONS: '--max-semi-space-size=1' };
  const program = startProgram(t, { main: 'services/broker/main.ts', env });
  const [, port] = await program.outputMatching(/open on 127\.0\.0\.1:(\d+)/);
  const camera = new Bus({
    url: `mqtt+unix://${path}`,
    clientId: 'camera',
    credentials: () => ({}),
    maxPacketBytes: 1 << 20,
    log: keepLog().log,
  });
  defer(t, () => camera.close());
  await until('camera on the bus', () => camera.connected);
  const picture = tinyJpeg({ size: frameBytes });
  const sent: number[] = [];
  const play = () => {
    const stop = pacer(fps, () => {
      const stamp = { seq: sent.length + 1, t: Date.now() * 1000 };
      if (camera.publishPicture(topic, stamped(picture, stamp.seq, stamp.t), stamp)) sent.push(stamp.seq);
    });
    defer(t, stop);
    return stop;
  };
  const tcp = { host: '127.0.0.1', port: Number(port) };
  const unix: Address = { path };
  return { program, camera, sent, play, tcp, unix, rss: () => processStats(program.pid)?.rssBytes ?? 0 };
}

/** mosquitto_sub, which reads everything that is published, for nobody. */
function startReader(t: Scope, port: number, name: string) {
  const child = spawn('mosquitto_sub', ['-p', String(port), '-i', name, '-t', '#', '-F', '%t'], { stdio: ['ignore', 'pipe', 'inherit'] });
  defer(t, () => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = text;
  });
  return { pid: child.pid ?? assert.fail('it did not start'), hasRead: () => said.includes(topic) };
}

describe('frames', { concurrency: true }, () => {
  // As a Home Assistant that stands still: one no longer reads, the other is a program that was stopped.
  test('subscribers to everything that stand still cost no frame on the bus or at the gateway, and no memory; they are closed by name after 10 s', async (t) => {
    const { program, camera, sent, play, tcp, rss } = await setUp(t);
    const [one, other] = [await connectRaw(t, tcp), await connectRaw(t, tcp, { version: 5 })];
    const stalled = await connectRaw(t, tcp, { clientId: 'stalled-home' });
    const stopped = startReader(t, tcp.port, 'stopped-home');
    const frames = [keepFrames(one), keepFrames(other), keepFrames(stalled)] as const;
    for (const client of [one, other]) await client.subscribe(topic);
    await stalled.subscribe('#');
    camera.announce('homeguard/front/status', 'online');
    const gateway = await startTestGateway(t, null, { MQTT_URL: `mqtt://127.0.0.1:${tcp.port}` });
    const live = await openLive(t, `${gateway.url}cameras/front/ws`);
    const stream = watchStream(t, `${gateway.url}cameras/front/stream`);
    const stop = play();
    await until('4 s of frames', () => sent.length >= 4 * fps && stopped.hasRead());
    const settled = rss();
    const first = sent.length;
    stalled.readSlowly(0);
    process.kill(stopped.pid, 'SIGSTOP');
    const stalledAt = performance.now();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, rss());
    }, 100);
    defer(t, () => clearInterval(watch));
    for (const name of ['stalled-home', 'stopped-home'])
      await program.outputMatching(new RegExp(`slow client closed .*${name}.*it took nothing for 10 s`), { ms: 35_000 });
    const closedAfter = performance.now() - stalledAt;
    // The kernel takes megabytes for it before anything waits in the broker: so the 10 s begin a moment later. And for a program that was
    // stopped it may find room for some more when the 10 s are almost over, and they begin once more.
    assert.ok(closedAfter >= 10_000 && closedAfter <= 30_000, `closed after ${closedAfter} ms`);
    stop();
    const total = sent.length;
    await until('last frame', () => frames[0].at(-1)?.seq === total && frames[1].at(-1)?.seq === total);
    for (const got of [frames[0], frames[1]]) {
      assert.ok(got.length >= 0.995 * total, `${got.length} of ${total}`);
      assert.ok(isIncreasing(got));
    }
    for (const { seen, of } of [
      { seen: live.pictures, of: 'WebSocket' },
      { seen: stream.seen, of: 'MJPEG' },
    ]) {
      const meanwhile = seqs(seen).filter((seq) => seq > first);
      assert.ok(meanwhile.length >= 0.98 * (total - first), `${of}: ${meanwhile.length} of ${total - first}`);
    }
    assert.ok(most - settled <= 10e6, `memory grew by ${most - settled} bytes`);
    stalled.readAll();
    await until('end of the stalled one', () => stalled.closed);
    assert.equal(live.socket.readyState, live.socket.OPEN);
    assert.ok(!one.closed && !other.closed);
    await program.stop();
  });

  test('a slow reader stays, and gets whole frames, the newest each time', async (t) => {
    const { sent, play, tcp, unix } = await setUp(t);
    const [fast, slowUnix, slowTcp] = [await connectRaw(t, unix), await connectRaw(t, unix), await connectRaw(t, tcp, { version: 5 })];
    const [all, ...slow] = [keepFrames(fast), keepFrames(slowUnix), keepFrames(slowTcp)] as const;
    for (const client of [fast, slowUnix, slowTcp]) await client.subscribe(topic);
    slowUnix.readSlowly(500_000);
    slowTcp.readSlowly(500_000);
    const stop = play();
    // Longer than it takes to be closed for stalling.
    await until('13 s of frames', () => sent.length >= 13 * fps, { ms: 20_000 });
    stop();
    const total = sent.length;
    await until('last frame', () => all.at(-1)?.seq === total);
    assert.ok(all.length >= 0.995 * total, `${all.length} of ${total}`);
    for (const got of slow) {
      assert.ok(got.length >= 15, `${got.length} frames in 13 s at 500 kB/s`);
      assert.ok(isIncreasing(got));
    }
    assert.ok(!slowUnix.closed && !slowTcp.closed);
    // What waits is at most what the socket (some 200 kB) and the broker (two frames) hold: a second's worth for it.
    const ages = slow[0].map(({ age }) => age).sort((a, b) => a - b);
    const median = ages[ages.length >> 1] ?? Number.POSITIVE_INFINITY;
    assert.ok(median <= 1_500 && (ages.at(-1) ?? 0) <= 4_000, `frames ${median} ms old, up to ${ages.at(-1)} ms`);
  });

  test('other messages are not dropped for a slow reader, whatever the frames do', async (t) => {
    const { camera, play, unix } = await setUp(t);
    const slow = await connectRaw(t, unix);
    const frames = keepFrames(slow);
    await slow.subscribe('#', 1);
    const told: string[] = [];
    const takeFrame = slow.take;
    slow.take = (packet) => {
      if (takeFrame(packet) || packet.cmd !== 'publish') return true;
      if (packet.topic === 'homeguard/front/telemetry') told.push(String(packet.payload));
      if (packet.qos > 0) slow.send({ cmd: 'puback', messageId: packet.messageId });
      return true;
    };
    slow.readSlowly(500_000);
    play();
    await until('a slow frame', () => frames.length > 0);
    const publisher = await connectRaw(t, unix);
    for (let i = 0; i < 1000; i++) {
      publisher.send({
        cmd: 'publish',
        topic: 'homeguard/front/telemetry',
        payload: `${i}`,
        qos: 1,
        messageId: i + 1,
        dup: false,
        retain: false,
      });
    }
    await until('all messages', () => told.length >= 1000, { ms: 15_000 });
    assert.deepEqual(
      told,
      Array.from({ length: 1000 }, (_, i) => `${i}`),
    );
    assert.ok(isIncreasing(frames) && !slow.closed && camera.connected);
  });
});
