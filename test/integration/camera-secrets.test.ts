import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { lookAt, readFolder, startCameraProgram, startTestCamera } from '../helpers/camera-harness.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { jpegFrames, mjpegFile } from '../helpers/frames.ts';
import { startTestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const small = { width: 320, height: 240, count: 10, bytes: 20_000 };
/** The sign of a secret, which nothing may show. */
const MARK = 'mark-5e1f';

test('a login and a token in the address reach the camera, and are in no process list, line of the log or topic', async (t) => {
  const bus = await startTestBroker(t);
  const [picture = Buffer.alloc(0)] = readFolder(await jpegFrames(small));
  const asked: string[] = [];
  const port = await serve(t, (request, response) => {
    if (!request.headers.authorization) return response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end();
    asked.push(`${atob(request.headers.authorization.replace('Basic ', ''))} ${request.url}`);
    stream(response, picture);
  });
  const viewer = await lookAt(t, bus);
  await viewer.watch();
  const camera = startCameraProgram(t, bus, { CAMERA_SOURCE: `http://me:${MARK}'%20%23@127.0.0.1:${port}/video?key=${MARK}'2` });
  await until('first frames', () => viewer.frames.length >= 5, { ms: 10_000 });
  assert.equal(asked.at(-1), `me:${MARK}' # /video?key=${MARK}'2`);
  const seen = processes();
  const ffmpeg = seen.filter(({ words }) => words.includes('ffmpeg') && words.includes('concat'));
  assert.ok(ffmpeg.length > 0, 'ffmpeg was not seen');
  for (const { words } of seen) assert.ok(!words.includes(MARK), words);
  // Our own environment is where the user put it; what we start does not inherit it.
  for (const { environment } of ffmpeg) assert.ok(environment.includes('PATH=') && !environment.includes(MARK), environment);
  assert.doesNotMatch(JSON.stringify([viewer.states, camera.stdout, camera.stderr]), new RegExp(MARK));
});

test('a camera that leads to our files, or to another protocol, is a failed source, and nothing of them is published', async (t) => {
  const bus = await startTestBroker(t);
  // Long enough that something would be left of it after ffmpeg's first look.
  const file = await mjpegFile({ ...small, seconds: 20, fps: 20, count: 20 });
  const bodies = [
    `#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://${file}\n#EXT-X-ENDLIST\n`,
    `ffconcat version 1.0\nfile '${file}'\n`,
    'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nt=0 0\nc=IN IP4 127.0.0.1\nm=video 19000 RTP/AVP 26\n',
  ];
  const leads = [
    `file://${file}`,
    `concat:${file}`,
    `subfile,,start,0,end,0,,:${file}`,
    'rtsp://127.0.0.1:9/',
    'data:image/jpeg;base64,AA',
    'pipe:0',
  ];
  const tricks = [...bodies.map((body) => ({ body })), ...leads.map((lead) => ({ lead }))] as { body?: string; lead?: string }[];
  const port = await serve(t, (request, response) => {
    const { body, lead } = tricks[Number(request.url?.slice(1))] ?? {};
    response.writeHead(lead ? 302 : 200, lead ? { Location: lead } : { 'Content-Type': 'application/vnd.apple.mpegurl' });
    response.end(body);
  });
  for (const [i, trick] of tricks.entries()) {
    const id = `trick-${i}`;
    const viewer = await lookAt(t, bus, id);
    await viewer.watch();
    const camera = await startTestCamera(t, bus, { CAMERA_ID: id, CAMERA_SOURCE: `http://me:${MARK}@127.0.0.1:${port}/${i}` });
    const told = () => ['source-failed', 'bad-format'].includes(viewer.state?.condition ?? '');
    await until(`a cause for ${JSON.stringify(trick)}`, told, { ms: 8_000 });
    await camera.stop();
    assert.match(viewer.state?.cause ?? '', new RegExp(`^http://127\\.0\\.0\\.1:${port}/${i}\\b`));
    assert.notEqual(viewer.state?.advice ?? '', '');
    // An empty preview takes the last one away.
    const pictures = [...viewer.frames, ...viewer.on('preview').map(({ payload }) => payload)].filter(({ length }) => length > 0);
    assert.equal(pictures.length, 0, JSON.stringify(trick));
    assert.doesNotMatch(JSON.stringify([viewer.states, camera.lines]), new RegExp(MARK));
  }
});

test('a camera with an odd boundary is read', async (t) => {
  const bus = await startTestBroker(t);
  const [picture = Buffer.alloc(0)] = readFolder(await jpegFrames(small));
  const port = await serve(t, (_request, response) => stream(response, picture, '"--my odd=boundary"', '--my odd=boundary'));
  const viewer = await lookAt(t, bus);
  await viewer.watch();
  await startTestCamera(t, bus, { CAMERA_SOURCE: `http://127.0.0.1:${port}/video` });
  await until('first frames', () => viewer.frames.length >= 5, { ms: 10_000 });
});

/** The arguments of every process, and the environment of those that we may read. */
function processes(): { words: string; environment: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => ({ words: read(`/proc/${pid}/cmdline`), environment: read(`/proc/${pid}/environ`) }));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // It has ended, or is another user's.
  }
}

/** One picture, again and again; the boundary that the header tells, and the one that is used. */
function stream(response: ServerResponse, picture: Buffer, told = 'part', used = 'part'): void {
  response.writeHead(200, { 'Content-Type': `multipart/x-mixed-replace; boundary=${told}` });
  const timer = setInterval(() => {
    response.write(`--${used}\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
    response.write(picture);
    response.write('\r\n');
  }, 40);
  response.on('close', () => clearInterval(timer));
}

async function serve(t: Scope, answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  defer(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
