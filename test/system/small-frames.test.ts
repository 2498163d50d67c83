import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cameraTopics, readStamp } from '../../services/shared/contract.ts';
import { lookAt, startCameraProgram } from '../helpers/camera-harness.ts';
import type { Scope } from '../helpers/cleanup.ts';
import { madeOnce } from '../helpers/made-once.ts';
import { jpegSize } from '../helpers/pictures.ts';
import { connectMqtt, startTestBroker, startTestGateway, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { openLive } from '../helpers/viewers.ts';

/** Programs begin slowly on a busy machine. */
const beginning = { ms: 15_000 };
const topics = cameraTopics('homeguard', 'camera');
/** Each picture has another brightness than its neighbours, so that one can be told from the next. */
const film = await madeOnce('films/brightness-1280x720.mkv', async (file) => {
  const source = "color=size=16x16:rate=30:duration=2,format=yuvj420p,geq=lum='20+mod(N*67\\,200)':cb=128:cr=128,scale=1280:720";
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, '-c:v', 'mjpeg', '-q:v', '3', file]);
});

/** A camera of its own program, and a gateway that looks at it. */
async function setUp(t: Scope, bus: TestBroker, protocolVersion: 4 | 5 = 5) {
  const viewer = await lookAt(t, bus);
  const client = await connectMqtt(t, bus.url, { protocolVersion, ...bus.login('gateway') });
  client.on('message', (topic, payload, { retain, qos }) => viewer.received.push({ topic, payload, retain, qos }));
  await client.subscribeAsync(topics.small, { qos: 1 });
  const count = (viewers: string) => client.publishAsync(topics.viewers('hall'), viewers, { qos: 1, retain: true });
  const wish = (text: string) => client.publishAsync(topics.smallViewers('hall'), text, { qos: 1, retain: true });
  const program = startCameraProgram(t, bus, { CAMERA_SOURCE: film });
  await until('its size', () => viewer.state?.small, beginning);
  const small = () => viewer.on('small');
  const more = (frames: number, from = small().length) => until('small frames', () => small().length >= from + frames, beginning);
  return { viewer, program, count, wish, small, more };
}

/** The mean brightness of each JPEG, 0 to 255. */
function brightnessOf(jpegs: Buffer[]): number[] {
  const args = ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-vf', 'scale=1:1:flags=area,format=gray', '-fps_mode', 'passthrough'];
  return [...execFileSync('ffmpeg', [...args, '-f', 'rawvideo', 'pipe:1'], { input: Buffer.concat(jpegs) })];
}

test('small frames come while a gateway wants them, at its rate, each made of the frame whose stamp it bears', async (t) => {
  const bus = await startTestBroker(t);
  const { viewer, program, count, wish, small, more } = await setUp(t, bus);
  assert.deepEqual(viewer.state?.small, { width: 640, height: 360 });
  assert.equal(program.helpers().length, 1);

  await count('0');
  await wish('1 10');
  await more(10);
  assert.equal(viewer.frames.length, 0, 'nobody asked for whole ones');
  assert.deepEqual(
    small()
      .map(({ retain, qos }) => [retain, qos])
      .filter(([retain, qos]) => retain || qos),
    [],
  );
  for (const { payload } of small()) assert.deepEqual(jpegSize(payload), { width: 640, height: 360 });
  await until('live', () => viewer.state?.condition === 'live');
  assert.equal(program.helpers().length, 2);

  // By the frames' own times: how busy this machine is does not count.
  const times = small().map(({ payload }) => readStamp(payload)?.t ?? 0);
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1e6;
  assert.ok((times.length - 1) / seconds <= 10 * 1.2, `${times.length} in ${seconds} s`);

  await viewer.watch();
  await more(12);
  const whole = new Map(viewer.frames.map((frame) => [readStamp(frame)?.seq, frame]));
  const pairs = small().flatMap(({ payload }) => {
    const [mine, theirs] = [readStamp(payload), whole.get(readStamp(payload)?.seq)];
    return theirs ? [{ t: [mine?.t, readStamp(theirs)?.t], jpegs: [payload, theirs] }] : [];
  });
  assert.ok(pairs.length >= 10, `${pairs.length}`);
  for (const { t } of pairs) assert.equal(t[0], t[1]);
  const levels = brightnessOf(pairs.flatMap(({ jpegs }) => jpegs));
  for (let i = 0; i < levels.length; i += 2) assert.ok(Math.abs((levels[i] ?? 0) - (levels[i + 1] ?? 255)) <= 8, levels.join());
  assert.ok(new Set(levels).size > 5, 'the pictures differ');

  await wish('0 0');
  await until('end of its ffmpeg', () => program.helpers().length === 1, beginning);
  const [before, frames] = [small().length, viewer.frames.length];
  await until('whole ones, which go on', () => viewer.frames.length >= frames + 10);
  assert.equal(small().length, before);
});

test('a gateway that has gone wants nothing; its Last Will takes out the count of whole frames only', async (t) => {
  const bus = await startTestBroker(t);
  const { program, count, wish, more } = await setUp(t, bus);
  await wish('1 15');
  await count('0');
  await more(3);
  await count('');
  await until('end of its ffmpeg', () => program.helpers().length === 1, beginning);
});

test('switched off, none comes any more, and ffmpeg ends; MQTT 3.1.1 serves as well', async (t) => {
  const bus = await startTestBroker(t);
  const { viewer, program, count, wish, small, more } = await setUp(t, bus, 4);
  await count('0');
  await wish('2 15');
  await more(3);
  const client = await connectMqtt(t, bus.url, bus.login('gateway'));
  await client.publishAsync(topics.set('capture'), 'OFF', { qos: 1 });
  await until('off', () => viewer.state?.condition === 'off');
  const atOff = small().length;
  await until('end of both', () => program.helpers().length === 0, beginning);
  assert.equal(viewer.state?.small, null);
  await client.publishAsync(topics.set('capture'), 'ON', { qos: 1 });
  await until('live', () => viewer.state?.condition === 'live', beginning);
  assert.ok(small().length - atOff <= 15, 'none came between');
  await more(3);
});

test('its ffmpeg dies: the log says so, whole frames go on, and after a while small ones come again', async (t) => {
  const bus = await startTestBroker(t);
  const { viewer, program, count, wish, more } = await setUp(t, bus);
  const source = program.helpers();
  await count('0');
  await wish('1 15');
  await viewer.watch();
  await more(3);
  const [own] = program.helpers().filter((pid) => !source.includes(pid));
  assert.ok(own);
  const lastSeq = () => readStamp(viewer.frames.at(-1) ?? Buffer.alloc(0))?.seq ?? 0;
  const from = lastSeq();
  process.kill(own, 'SIGKILL');
  await program.outputMatching(/The small pictures for tiles have stopped: ffmpeg .*Tiles show full ones meanwhile.*free -h/);
  await more(3);
  await program.outputMatching(/small pictures for tiles are back/);
  assert.ok(lastSeq() > from, 'whole ones went on');
  assert.deepEqual(
    program.helpers().filter((pid) => source.includes(pid)),
    source,
    'the source was not opened anew',
  );
  await program.stop();
});

test('a gateway gets small frames for those who can show no more, and whole ones while none come; nothing older comes behind', async (t) => {
  const bus = await startTestBroker(t);
  const program = startCameraProgram(t, bus, { CAMERA_SOURCE: film });
  const { url } = await startTestGateway(t, bus, { GATEWAY_AUTH: 'off' });
  const offered = async () => ((await (await fetch(`${url}cameras`)).json()) as { small: object | null }[])[0]?.small;
  await until('what is offered', async () => assert.deepEqual(await offered(), { width: 640, height: 360 }) ?? true, beginning);
  const source = program.helpers();

  const live = await openLive(t, `${url}ws`, { named: true });
  const widths = () => live.pictures.map(({ jpeg }) => jpegSize(jpeg).width);
  const watch = (look: object) => live.say({ watch: { camera: look } });
  watch({ fps: 15, width: 800 });
  await until('small ones', () => widths().slice(-5).join() === '640,640,640,640,640', beginning);

  watch({ fps: 15, width: 801 });
  await until('whole ones', () => widths().slice(-5).join() === '1280,1280,1280,1280,1280', beginning);
  await until('end of the small ones', () => program.helpers().length === 1, beginning);
  watch({ width: 480 });
  await until('small ones again', () => widths().at(-1) === 640, beginning);

  // It may not come back: then whole ones go on.
  const from = live.pictures.length;
  const [own] = program.helpers().filter((pid) => !source.includes(pid));
  assert.ok(own);
  process.kill(own, 'SIGSTOP');
  await until('whole ones for want of small ones', () => widths().slice(from).includes(1280), beginning);
  await until('small ones, of another ffmpeg', () => widths().slice(-5).join() === '640,640,640,640,640', beginning);
  const seqs = live.pictures.flatMap(({ stamp }) => stamp?.seq ?? []);
  for (const [i, seq] of seqs.entries()) assert.ok(seq > (seqs[i - 1] ?? -1), `${seq} behind ${seqs[i - 1]}`);

  live.socket.close();
  await until('end of it', () => program.helpers().length === 1, beginning);
});
