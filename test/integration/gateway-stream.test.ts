import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import mqtt, { type Packet } from 'mqtt-packet';
import { startGateway } from '../../services/gateway/gateway.ts';
import { defer } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { startFront } from '../helpers/front-camera.ts';
import { stalledViewer } from '../helpers/http.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { connectMqtt, type Env, receive, startTestBroker, testSettings } from '../helpers/services.ts';
import { until, within } from '../helpers/until.ts';
import { bearer, openLive, type Seen, seqs, watchStream } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const small = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });
const usual = await readFrames({ width: 1280, height: 720, count: 30 });

async function setUp(t: TestContext, { frames = small, fps = 30, env = {} }: { frames?: Buffer[]; fps?: number; env?: Env } = {}) {
  const front = await startFront(t, frames, { fps, env });
  return { ...front, stream: `${front.url}cameras/front/stream` };
}

const isWithoutGap = (numbers: number[]) => numbers.every((seq, i) => i === 0 || seq === (numbers[i - 1] ?? 0) + 1);

describe('MJPEG', { concurrency: 4 }, () => {
  test('byte for byte: head, parts, and each part closed by the next boundary at once', async (t) => {
    const { camera, url } = await setUp(t, { fps: 0 });
    const { port } = new URL(url);
    const socket = net.connect(Number(port), '127.0.0.1');
    defer(t, () => void socket.destroy());
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
    socket.write(`GET /cameras/front/stream HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.Authorization}\r\n\r\n`);
    const start = await until('head and first boundary', () => {
      const end = bytes.indexOf('\r\n\r\n');
      return end > 0 && bytes.length >= end + 4 + '--homeguard-frame\r\n'.length && end + 4;
    });
    const head = bytes.toString('latin1', 0, start).toLowerCase();
    assert.match(head, /^http\/1\.1 200 ok\r\n/);
    assert.match(head, /\r\ncontent-type: multipart\/x-mixed-replace; boundary=homeguard-frame\r\n/);
    assert.match(head, /\r\ncache-control: no-store\r\n/);
    assert.match(head, /\r\nx-accel-buffering: no\r\n/);
    assert.match(head, /\r\nconnection: close\r\n/);
    assert.ok(!head.includes('transfer-encoding') && !head.includes('content-length'));
    await until('subscription', () => {
      camera.send(); // what comes before the subscription is there is gone
      return bytes.length > start + 20_000;
    });
    const part = bytes.subarray(start);
    const { seq = 0, t: takenAt = 0 } = (await until('stamp', () => camera.sent.find(({ seq }) => part.includes(`seq=${seq} `)))) ?? {};
    const jpeg = part.subarray(part.indexOf('\r\n\r\n') + 4);
    const length = (small[seq % small.length]?.length ?? 0) + 4 + `homeguard seq=${seq} t=${takenAt}`.length;
    const wanted = [
      '--homeguard-frame\r\n',
      'Content-Type: image/jpeg\r\n',
      `Content-Length: ${length}\r\n`,
      `X-Timestamp: ${Math.floor(takenAt / 1e6)}.${String(takenAt % 1e6).padStart(6, '0')}\r\n\r\n`,
    ].join('');
    assert.equal(part.toString('latin1', 0, wanted.length), wanted);
    assert.equal(jpeg.readUInt16BE(0), 0xffd8);
    assert.equal(jpeg.toString('latin1', length - 2, length + 21), '\xff\xd9\r\n--homeguard-frame\r\n');
  });

  test('Chromium’s <img> gets the head of each part together with the end of the one before', async (t) => {
    const { url } = await setUp(t);
    const { port } = new URL(url);
    const socket = net.connect(Number(port), '127.0.0.1');
    defer(t, () => void socket.destroy());
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    const accept = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
    socket.write(`GET /stream HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nAuthorization: ${bearer.Authorization}\r\n\r\n`);
    await until('5 frames', () => text.split('\xff\xd9\r\n--homeguard-frame\r\n').length > 5);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    const head = '--homeguard-frame\r\nContent-Type: image/jpeg\r\n\r\n';
    assert.ok(body.startsWith(head));
    const pictures = body.slice(head.length).split(`\r\n${head}`).slice(0, -1);
    assert.ok(pictures.length >= 4);
    for (const each of pictures) assert.ok(each.startsWith('\xff\xd8') && each.endsWith('\xff\xd9'));
  });

  test('a viewer gets every frame, each as the camera published it', async (t) => {
    const { camera, stream } = await setUp(t);
    const viewer = watchStream(t, stream);
    await until('2 s of frames', () => viewer.seen.length >= 60);
    const numbers = seqs(viewer.seen);
    assert.ok(isWithoutGap(numbers), `${numbers}`);
    for (const { jpeg, stamp } of viewer.seen) {
      const original = small[(stamp?.seq ?? 0) % small.length] ?? Buffer.alloc(0);
      assert.ok(jpeg.subarray(-original.length + 2).equals(original.subarray(2)), 'but for the stamp the bytes are the camera’s');
    }
    for (const [i, part] of viewer.parts.entries()) {
      assert.equal(part.headers['content-type'], 'image/jpeg');
      assert.equal(Number(part.headers['x-timestamp']), (viewer.seen[i]?.stamp?.t ?? 0) / 1e6);
    }
    assert.ok(camera.sent.length >= 60);
  });

  test('a rate that is none is 400, and HEAD answers with the head alone', async (t) => {
    const { stream, view } = await setUp(t);
    for (const fps of ['0', '-1', 'many', '', '1e9', 'NaN', '5;', '1'.repeat(400)]) {
      const response = await fetch(`${stream}?fps=${fps}`, { headers: bearer });
      assert.equal(response.status, 400, fps);
      assert.match(((await response.json()) as { detail: string }).detail, /fps has to be a number above 0/);
    }
    const complaints = t.mock.method(console, 'error');
    const head = await fetch(stream, { method: 'HEAD', headers: bearer });
    assert.equal(head.status, 200);
    assert.match(head.headers.get('content-type') ?? '', /^multipart\/x-mixed-replace; boundary=/);
    assert.equal(await head.text(), '');
    assert.equal((await view()).viewers, 0);
    assert.equal(complaints.mock.callCount(), 0, 'the server has nothing to complain of');
  });

  test('mjpg-streamer’s addresses and the short ones show the default camera', async (t) => {
    const { url } = await setUp(t);
    for (const path of ['?action=stream', 'stream']) {
      const viewer = watchStream(t, `${url}${path}`);
      await until('frames', () => viewer.seen.length >= 3);
    }
  });

  test('many viewers, one subscription: made for the first, given up after the last, counted on the bus', async (t) => {
    const bus = await startTestBroker(t);
    const camera = await startCamera(t, bus, 'front', small);
    camera.play();
    const packets: Packet[] = [];
    const settings = testSettings(t, { DATA_DIR: bus.settings.dataDir });
    const connect = () => {
      // What the gateway writes to its broker, read along.
      const stream = bus.broker.connect();
      const parser = mqtt.parser({ protocolVersion: 5 });
      parser.on('packet', (packet) => packets.push(packet));
      const write = stream.write.bind(stream);
      stream.write = ((chunk: Buffer, ...rest: []) => {
        parser.parse(Buffer.from(chunk));
        return write(chunk, ...rest);
      }) as typeof stream.write;
      return stream;
    };
    const gateway = await startGateway(settings, { ...keepLog(), connect });
    defer(t, () => Promise.resolve(gateway[Symbol.asyncDispose]()));
    const url = `http://127.0.0.1:${gateway.address.port}/`;
    const watcher = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    const received = await receive(watcher, 'homeguard/front/viewers/#');
    const told = (counter: RegExp) => received.filter(({ topic }) => counter.test(topic)).map(({ payload }) => String(payload));
    const frameRequests = (cmd: 'subscribe' | 'unsubscribe') =>
      packets.filter((packet) => packet.cmd === cmd && JSON.stringify(packet).includes('homeguard/front/frame')).length;
    await until('camera', async () => (await fetch(`${url}cameras/front`, { headers: bearer })).status === 200);
    await until('zero viewers', () => told(/gateway/).at(-1) === '0');
    assert.equal(frameRequests('subscribe'), 0);
    const viewers = Array.from({ length: 5 }, () => watchStream(t, `${url}stream`));
    const live = await openLive(t, `${url}cameras/front/ws`);
    await until('frames for all', () => viewers.every(({ seen }) => seen.length > 5) && live.pictures.length > 5);
    await until('six viewers', () => told(/gateway/).at(-1) === '6');
    assert.equal(frameRequests('subscribe'), 1);
    for (const viewer of viewers) viewer.leave();
    await until('one viewer', () => told(/gateway/).at(-1) === '1');
    assert.equal(frameRequests('unsubscribe'), 0);
    live.socket.close();
    await until('zero viewers', () => told(/gateway/).at(-1) === '0');
    await until('end of the subscription', () => frameRequests('unsubscribe') === 1);
    const again = watchStream(t, `${url}stream`);
    await until('frames again', () => again.seen.length > 2);
    assert.equal(frameRequests('subscribe'), 2);
    assert.deepEqual(told(/broker/), ['0'], 'the broker does not count the gateway once more');
    // A clean stop clears its count.
    await gateway[Symbol.asyncDispose]();
    await until('its count to be cleared', () => told(/gateway/).at(-1) === '');
  });

  test('a viewer that stops reading misses frames, the others get all', async (t) => {
    const { camera, stream, url } = await setUp(t, { frames: usual });
    const others = [watchStream(t, stream), watchStream(t, stream)];
    const live = await openLive(t, `${url}cameras/front/ws`);
    const stalled = await stalledViewer(t, stream, { headers: bearer });
    const stalledLive = await openLive(t, `${url}ws`, { named: true });
    stalledLive.say({ watch: ['front'] });
    await until('its first picture', () => stalledLive.pictures.length > 0);
    stalledLive.socket.pause();
    // The kernel takes some megabytes for them first.
    await until('5 s of frames', () => camera.sent.length >= 150, { ms: 10_000 });
    for (const seen of [...others.map((each) => each.seen), live.pictures]) {
      const numbers = seqs(seen);
      assert.ok(isWithoutGap(numbers) && numbers.length >= 100, `${numbers}`);
    }
    const gotBefore = stalledLive.pictures.length;
    stalledLive.socket.resume();
    let bytes = 0;
    stalled.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stalled.resume();
    await until('pictures for who reads again', () => bytes > 160_000 && stalledLive.pictures.length > gotBefore + 10);
    await until('the gap in what it got', () => !isWithoutGap(seqs(stalledLive.pictures)));
    const numbers = seqs(stalledLive.pictures);
    assert.ok(numbers.every((seq, i) => i === 0 || seq > (numbers[i - 1] ?? 0)));
  });

  test('one viewer too many is 503 with Retry-After; when one leaves there is room again', async (t) => {
    const { url, stream, view } = await setUp(t, { env: { GATEWAY_MAX_VIEWERS: '2' } });
    const [one, other] = [watchStream(t, stream), watchStream(t, stream)];
    await until('both', () => one.seen.length > 0 && other.seen.length > 0);
    for (const path of ['stream', 'snapshot', 'cameras/front/stream']) {
      const response = await fetch(`${url}${path}`, { headers: bearer });
      assert.equal(response.status, 503, path);
      assert.equal(response.headers.get('retry-after'), '10');
      assert.match(((await response.json()) as { detail: string }).detail, /There are 2 viewers already; GATEWAY_MAX_VIEWERS/);
    }
    await assert.rejects(openLive(t, `${url}ws`), /refused with 503/);
    const before = other.seen.length;
    one.leave();
    await until('room', async () => (await view()).viewers === 1);
    await openLive(t, `${url}cameras/front/ws`);
    await until('the other to go on', () => other.seen.length > before + 5);
  });

  test('a stop of the gateway ends viewers, WebSockets and snapshots that wait', async (t) => {
    const { camera, gateway, url, stream } = await setUp(t);
    const viewer = watchStream(t, stream);
    const live = await openLive(t, `${url}ws`, { named: true });
    live.say({ watch: ['front'] });
    await until('pictures', () => viewer.seen.length > 0 && live.pictures.length > 0);
    camera.pause();
    const waiting = fetch(`${url}snapshot?max_age=0`, { headers: bearer }).then(
      (response) => response.status,
      () => 'closed',
    );
    const closed = new Promise((resolve) => live.socket.once('close', resolve));
    const stalled = await stalledViewer(t, stream, { headers: bearer });
    await within('stop', gateway.stop(), { ms: 3000 });
    await within('end of the stream', viewer.ended);
    assert.equal(await within('end of the WebSocket', closed), 1001);
    assert.notEqual(await within('end of the snapshot', waiting), 200);
    stalled.resume();
    await until('end of the stalled one', () => stalled.closed);
  });

  test('curl reads whole JPEG files', async (t) => {
    const { stream } = await setUp(t, { frames: usual });
    const file = join(makeWorkDir(t), 'stream');
    const { code } = await run('curl', '-sS', '-m', 3, '-H', `Authorization: ${bearer.Authorization}`, '-o', file, `${stream}?fps=10`);
    assert.equal(code, 28, 'it ended by its own time limit');
    const parts = readFileSync(file).toString('latin1').split('--homeguard-frame\r\n').slice(1, -1);
    assert.ok(parts.length >= 15, `${parts.length} parts`);
    for (const part of parts) {
      const [, length = '', jpeg = ''] =
        /^Content-Type: image\/jpeg\r\nContent-Length: (\d+)\r\nX-Timestamp: \d+\.\d{6}\r\n\r\n(.*)\r\n$/s.exec(part) ?? [];
      assert.equal(jpeg.length, Number(length));
      assert.ok(jpeg.startsWith('\xff\xd8') && jpeg.endsWith('\xff\xd9'));
    }
  });

  test('ffmpeg decodes the stream, and a snapshot, without a word of complaint', async (t) => {
    const { stream, url } = await setUp(t, { frames: usual });
    const headers = `Authorization: ${bearer.Authorization}\r\n`;
    const decode = (...input: (string | number)[]) =>
      run('ffmpeg', '-v', 'warning', '-nostdin', '-headers', headers, ...input, '-progress', 'pipe:1', '-f', 'null', '-');
    const film = await decode('-f', 'mpjpeg', '-i', stream, '-frames:v', 40);
    assert.deepEqual([film.code, film.stderr], [0, '']);
    assert.match(film.stdout, /^frame=40$/m);
    const strict = await decode('-strict_mime_boundary', 1, '-f', 'mpjpeg', '-i', stream, '-frames:v', 20);
    assert.deepEqual([strict.code, strict.stderr], [0, '']);
    const still = await decode('-f', 'image2pipe', '-c:v', 'mjpeg', '-i', `${url}snapshot`, '-frames:v', 1);
    assert.deepEqual([still.code, still.stderr], [0, '']);
  });
});

test('?fps= paces each viewer for itself', async (t) => {
  const { url, stream } = await setUp(t);
  const rates = {
    [`${stream}?fps=5`]: 5,
    [`${stream}?fps=10`]: 10,
    [`${url}?action=stream&fps=15`]: 15,
    [stream]: 30,
    [`${stream}?fps=0.5`]: 0.5,
  };
  const viewers = Object.entries(rates).map(([address, fps]) => ({ fps, viewer: watchStream(t, address) }));
  await until('all to begin', () => viewers.every(({ viewer }) => viewer.seen.length > 0));
  // The last five seconds; a machine that has too much to do for a moment gets another try.
  const rateOf = (seen: Seen[]) => {
    const lately = seen.filter(({ at }) => at > performance.now() - 5_000);
    return ((lately.length - 1) * 1000) / ((lately.at(-1)?.at ?? 0) - (lately[0]?.at ?? 0));
  };
  await until('5 s of frames', () => viewers.some(({ viewer }) => viewer.seen.length > 150), { ms: 10_000 });
  await until(
    'the rates',
    () => {
      for (const { fps, viewer } of viewers) {
        const rate = rateOf(viewer.seen);
        assert.ok(Math.abs(rate - fps) <= 0.1 * fps, `${rate} for ${fps}`);
      }
      return true;
    },
    { ms: 20_000 },
  );
});

test('who takes nothing for 30 s is closed, who takes something stays', async (t) => {
  const { camera, stream, url, view } = await setUp(t, { frames: usual, fps: 60 });
  const reader = watchStream(t, stream);
  const stalled = await stalledViewer(t, stream, { headers: bearer });
  const live = await openLive(t, `${url}cameras/front/ws`);
  await until('its first picture', () => live.pictures.length > 0);
  live.socket.pause();
  await until('three viewers', async () => (await view()).viewers === 3);
  await until('6 s of frames', () => camera.sent.length >= 200, { ms: 10_000 });
  // 30 s are not waited for: the monotonic clock of this process is set forward.
  const now = performance.now.bind(performance);
  let ahead = 20_000;
  t.mock.method(performance, 'now', () => now() + ahead);
  const sent = camera.sent.length;
  await until('more frames', () => camera.sent.length >= sent + 20);
  assert.equal((await view()).viewers, 3, 'nobody is closed before');
  ahead = 40_000;
  await until('end of both', async () => (await view()).viewers === 1);
  for (const socket of [stalled, live.socket]) socket.resume();
  await until('their end as they see it', () => stalled.closed && live.socket.readyState === live.socket.CLOSED);
  const seen = reader.seen.length;
  await until('the reader to go on', () => reader.seen.length > seen + 5);
});

function run(program: string, ...args: (string | number)[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(program, args.map(String), { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}
