import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { lookAt, plugIn, readFolder, startTestCamera, takeApart } from '../helpers/camera-harness.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { h264File, jpegFrames, mjpegFile } from '../helpers/frames.ts';
import { startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const small = { width: 320, height: 240, count: 10, bytes: 20_000 };
const big = { width: 1280, height: 720, count: 30, bytes: 160_000 };

/** Asserts that the frames are the pictures, round and round, but for the stamp, and that seq and t go up without gaps. */
function assertPictures(frames: Buffer[], pictures: Buffer[], numberOf: (frame: { seq: number; bytes: Buffer }) => number): void {
  const parts = frames.map(takeApart);
  for (const [i, { stamp, bytes }] of parts.entries()) {
    const picture = pictures[numberOf({ seq: stamp.seq, bytes }) % pictures.length] ?? Buffer.alloc(0);
    assert.ok(picture.subarray(2).equals(bytes.subarray(bytes.length - picture.length + 2)), `frame ${i} differs from its picture`);
    assert.ok(bytes.length - picture.length < 64);
    assert.equal(stamp.seq, (parts[0]?.stamp.seq ?? 0) + i, 'seq has a gap');
    assert.ok(i === 0 || stamp.t > (parts[i - 1]?.stamp.t ?? 0));
    assert.ok(Math.abs(stamp.t / 1000 - Date.now()) < 60_000, 't is not the time');
  }
}

/** The number that the webcam gave a picture, in the comment with which it begins. */
function deviceNumber({ bytes }: { bytes: Buffer }): number {
  return Number(/^fakecam (\d+) /.exec(bytes.toString('latin1', 6, 60))?.[1] ?? Number.NaN);
}

test('a webcam: every frame comes, byte for byte but for the stamp; preview, status and state say what they should', async (t) => {
  const bus = await startTestBroker(t);
  const pictures = readFolder(await jpegFrames(big));
  const path = await plugIn(t, { dir: await jpegFrames(big), stamp: true });
  const viewer = await lookAt(t, bus);
  await startTestCamera(t, bus, { CAMERA_SOURCE: path });
  await until('first preview', () => viewer.on('preview').length > 0);
  await viewer.watch();
  await until('70 frames', () => viewer.frames.length >= 70);
  assertPictures(viewer.frames, pictures, deviceNumber);

  const [frame] = viewer.on('frame');
  const stamp = takeApart(frame?.payload ?? Buffer.alloc(0)).stamp;
  assert.equal(frame?.properties?.contentType, 'image/jpeg');
  assert.deepEqual({ ...frame?.properties?.userProperties }, { seq: String(stamp.seq), t: String(stamp.t) });
  assert.deepEqual([frame?.qos, frame?.retain], [0, false]);
  assert.equal(viewer.on('status').at(-1)?.payload.toString(), 'online');
  const late = await lookAt(t, bus);
  await until('retained preview', () => late.on('preview').length > 0);
  const [preview] = late.on('preview');
  assert.equal(preview?.retain, true);
  assert.ok((preview?.properties?.messageExpiryInterval ?? 0) > 0 && (preview?.properties?.messageExpiryInterval ?? 0) <= 10);
  assertPictures([preview?.payload ?? Buffer.alloc(0)], pictures, deviceNumber);

  const { state } = viewer;
  assert.equal(state?.condition, 'live');
  assert.deepEqual(state?.format, { pixel: 'MJPG', width: 1280, height: 720, fps: 30, encoded: false });
  assert.equal(state?.device?.path, path);
  assert.deepEqual(viewer.conditions, ['starting', 'idle', 'live']);
});

describe('some at a time', { concurrency: 3 }, () => {
  test('a file of MJPEG: each frame of it, round and round, untouched, at its own rate', async (t) => {
    const bus = await startTestBroker(t);
    const film = { ...small, seconds: 1, fps: 20, count: 20 };
    const pictures = readFolder(await jpegFrames({ ...small, count: 20 }));
    const viewer = await lookAt(t, bus);
    await viewer.watch();
    await startTestCamera(t, bus, { CAMERA_SOURCE: await mjpegFile(film) });
    await until('two rounds and more', () => viewer.frames.length >= 70, { ms: 8000 });
    assertPictures(viewer.frames, pictures, ({ seq }) => seq);
    const [first, last] = [viewer.frames[10], viewer.frames[69]].map((frame) => takeApart(frame ?? Buffer.alloc(0)).stamp.t);
    const fps = 59 / (((last ?? 0) - (first ?? 0)) / 1e6);
    assert.ok(Math.abs(fps - 20) < 5, `${fps} frames a second`);
    await until('measured rate', () => assert.equal(viewer.state?.format?.fps, 20) ?? true);
    assert.equal(viewer.state?.format?.encoded, false);
  });

  test('a file of H.264 is encoded', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    await viewer.watch();
    await startTestCamera(t, bus, { CAMERA_SOURCE: await h264File({ seconds: 1, fps: 15, width: 320, height: 240 }) });
    await until('40 frames', () => viewer.frames.length >= 40, { ms: 8000 });
    assert.deepEqual({ ...viewer.state?.format, fps: 0 }, { pixel: 'H264', width: 320, height: 240, fps: 0, encoded: true });
    await decode(t, viewer.frames.slice(0, 15));
  });

  test('the test picture, when it was asked for', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    await viewer.watch();
    await startTestCamera(t, bus, { CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240', CAMERA_FPS: '15' });
    await until('30 frames', () => viewer.frames.length >= 30);
    assert.deepEqual(viewer.state?.format, { pixel: 'RAW', width: 320, height: 240, fps: 15, encoded: true });
    assert.deepEqual([viewer.state?.name, viewer.state?.device?.name, viewer.state?.test], ['Test picture', 'Test picture', false]);
    await decode(t, viewer.frames.slice(0, 15));
  });

  test('http:// with MJPEG is copied, and comes back after the server was gone', async (t) => {
    const bus = await startTestBroker(t);
    const pictures = readFolder(await jpegFrames(small));
    const viewer = await lookAt(t, bus);
    await viewer.watch();
    const server = await serveMjpeg(t, pictures);
    await startTestCamera(t, bus, { CAMERA_SOURCE: `http://user:secret@127.0.0.1:${server.port}/video?key=hidden` });
    await until('30 frames', () => viewer.frames.length >= 30, { ms: 10_000 });
    for (const frame of viewer.frames) assert.ok(pictures.some((picture) => picture.equals(takeApart(frame).bytes)));
    assert.equal(viewer.state?.format?.encoded, false);
    server.hangUp();
    await until('source-failed', () => viewer.conditions.includes('source-failed'));
    await until('live again', () => viewer.state?.condition === 'live', { ms: 10_000 });
    assert.doesNotMatch(JSON.stringify(viewer.states), /secret|hidden/);
  });

  test('rtsp:// with H.264 is encoded, over one TCP connection', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    await viewer.watch();
    const port = await serveRtsp(t);
    await startTestCamera(t, bus, { CAMERA_SOURCE: `rtsp://me:secret@127.0.0.1:${port}/live` });
    await until('30 frames', () => viewer.frames.length >= 30, { ms: 15_000 });
    assert.deepEqual({ ...viewer.state?.format, fps: 0 }, { pixel: 'H264', width: 320, height: 240, fps: 0, encoded: true });
    await decode(t, viewer.frames.slice(0, 15));
  });

  test('rtsp:// with nobody there is a failed source that says so', async (t) => {
    const bus = await startTestBroker(t);
    const viewer = await lookAt(t, bus);
    const { lines } = await startTestCamera(t, bus, { CAMERA_SOURCE: 'rtsp://admin:secret@127.0.0.1:9/live' });
    await until('source-failed', () => viewer.state?.condition === 'source-failed');
    assert.match(viewer.state?.cause ?? '', /^rtsp:\/\/127\.0\.0\.1:9\/live does not answer/);
    assert.match(viewer.state?.advice ?? '', /switched on/);
    assert.doesNotMatch(JSON.stringify([viewer.states, lines]), /secret/);
  });
});

/** Asserts that ffmpeg decodes them all without a complaint. */
async function decode(t: Scope, frames: Buffer[]): Promise<void> {
  const file = `${makeWorkDir(t)}/frames.mjpeg`;
  await writeFile(file, Buffer.concat(frames));
  const { stdout, stderr } = await promisify(execFile)('ffmpeg', [
    ...['-v', 'warning', '-xerror', '-f', 'mjpeg', '-i', file, '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
  ]);
  assert.equal(stderr, '');
  const lines = stdout.split('\n').filter((line) => /^\d/.test(line));
  assert.equal(lines.length, frames.length);
  assert.ok(new Set(lines.map((line) => line.split(',').at(-1))).size > 1, 'the picture does not move');
}

/** A network camera. */
async function serveMjpeg(t: Scope, pictures: Buffer[]): Promise<{ port: number; hangUp(): void }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=part' });
    let next = 0;
    const timer = setInterval(() => {
      const picture = pictures[next++ % pictures.length] ?? Buffer.alloc(0);
      response.write(`--part\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      response.write(picture);
      response.write('\r\n');
    }, 40);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  defer(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, hangUp: () => server.closeAllConnections() };
}

/** The least of an RTSP server (RFC 7826's predecessor 2326): one stream, which ffmpeg sends as RTP, goes into the RTSP connection. */
async function serveRtsp(t: Scope): Promise<number> {
  const rtp = createSocket('udp4');
  await new Promise<void>((resolve) => rtp.bind(0, '127.0.0.1', resolve));
  const picture = 'testsrc2=size=320x240:rate=15';
  const h264 = ['-c:v', 'libx264', '-tune', 'zerolatency', '-g', '15', '-pix_fmt', 'yuv420p', '-x264-params', 'repeat-headers=1'];
  const to = `rtp://127.0.0.1:${rtp.address().port}?pkt_size=1400`;
  const sender = spawn('ffmpeg', ['-v', 'quiet', '-nostdin', '-re', '-f', 'lavfi', '-i', picture, ...h264, '-f', 'rtp', to], {
    stdio: 'ignore',
  });
  const server = createTcpServer((socket) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      for (const [, method, sequence] of text.matchAll(/(OPTIONS|DESCRIBE|SETUP|PLAY|TEARDOWN) rtsp:[\s\S]*?CSeq: (\d+)/g)) {
        socket.write(`RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\nSession: 1\r\n${rtspAnswer(method ?? '')}`);
        if (method === 'PLAY') rtp.on('message', relay);
      }
    });
    const relay = (packet: Buffer) => {
      socket.write(Buffer.concat([Buffer.from([0x24, 0, packet.length >> 8, packet.length & 0xff]), packet]));
    };
    socket.on('error', () => {}).on('close', () => rtp.off('message', relay));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  defer(t, () => {
    sender.kill('SIGKILL');
    rtp.close();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function rtspAnswer(method: string): string {
  if (method === 'SETUP') return 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n';
  if (method !== 'DESCRIBE') return '\r\n';
  const lines = [
    'v=0',
    'o=- 0 0 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    'a=fmtp:96 packetization-mode=1',
    '',
  ];
  const sdp = lines.join('\r\n');
  return `Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`;
}
