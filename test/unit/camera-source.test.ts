import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureJob, type Input, probedCodec, probeJob } from '../../services/camera/job.ts';
import { parseSource, publicUrl, withoutSecretsOf } from '../../services/camera/source.ts';

const wanted = { size: { width: 640, height: 480 }, fps: 15, quality: 90 };
const plan = (copy: boolean) => ({ copy, mode: null });

test('the text of CAMERA_SOURCE is understood', () => {
  const cases: [string, ReturnType<typeof parseSource>][] = [
    ['device', { kind: 'first', orTest: false }],
    ['auto', { kind: 'first', orTest: true }],
    ['test', { kind: 'test' }],
    ['usb:C922', { kind: 'usb', part: 'C922' }],
    ['/dev/video2', { kind: 'device', path: '/dev/video2' }],
    ['/dev/v4l/by-id/usb-046d-video-index0', { kind: 'device', path: '/dev/v4l/by-id/usb-046d-video-index0' }],
    ['/srv/node', { kind: 'device', path: '/srv/node' }],
    ['/srv/film.mkv', { kind: 'file', path: '/srv/film.mkv' }],
    ['./device', { kind: 'file', path: './device' }],
    ['rtsp://10.0.0.2/live', { kind: 'url', url: 'rtsp://10.0.0.2/live' }],
    ['HTTP://10.0.0.2/video', { kind: 'url', url: 'HTTP://10.0.0.2/video' }],
  ];
  for (const [text, source] of cases)
    assert.deepEqual(
      parseSource(text, (path) => path === '/srv/node'),
      source,
    );
});

test("an address's secrets are not shown", () => {
  const url = 'rtsp://admin:s%40fe-word@10.0.0.2:554/live?token=abc123';
  assert.equal(publicUrl(url), 'rtsp://10.0.0.2:554/live');
  const said = [`[rtsp] ${url}: 401`, 'method for rtsp://admin:s%40fe-word@10.0.0.2:554/live', 'login s@fe-word', '?token=abc123'];
  for (const line of said) assert.doesNotMatch(withoutSecretsOf(url, line), /s%40fe|s@fe|abc123/, line);
  assert.equal(withoutSecretsOf('http://10.0.0.2/', 'Connection refused'), 'Connection refused');
  const long = `http://10.0.0.2/live?token=${'abc123'.repeat(100)}`;
  assert.doesNotMatch(withoutSecretsOf(long, `Impossible to open '${long}`.slice(0, 200)), /abc123/);
  assert.doesNotMatch(withoutSecretsOf('http://me:50%word@10.0.0.2/', 'login 50%word'), /50%/);
});

test('MJPEG is copied, all else encoded, each source with the options that it needs', () => {
  const inputs: Input[] = [
    { kind: 'device', path: '/dev/video0' },
    { kind: 'file', path: '/srv/-my film.mkv' },
    { kind: 'url', url: 'rtsp://10.0.0.2/live' },
    { kind: 'url', url: 'http://10.0.0.2/video' },
    { kind: 'test' },
  ];
  for (const input of inputs) {
    for (const copy of [true, false]) {
      const job = captureJob(input, wanted, plan(copy));
      const out = job.outputOptions.join(' ');
      assert.equal(out.includes('-c copy'), copy);
      assert.equal(out.includes('-c:v mjpeg'), !copy);
      assert.match(out, /-f mpjpeg -flush_packets 1$/);
      assert.match(job.inputOptions.join(' '), /^-nostdin -hide_banner -nostats -v warning/);
      assert.ok(!job.input.startsWith('-'));
    }
  }
  const [device, file, rtsp, http, test] = inputs.map((input) => captureJob(input, wanted, plan(true)));
  assert.match(device?.inputOptions.join(' ') ?? '', /-f v4l2 -input_format mjpeg -framerate 15 -video_size 640x480$/);
  assert.doesNotMatch(captureJob(inputs[0] ?? { kind: 'test' }, wanted, plan(false)).inputOptions.join(' '), /input_format/);
  assert.match(file?.inputOptions.join(' ') ?? '', /-protocol_whitelist file -re -stream_loop -1$/);
  assert.equal(file?.input, 'file:/srv/-my film.mkv');
  assert.match(
    rtsp?.script ?? '',
    /^ffconcat version 1\.0\nfile 'rtsp:\/\/10\.0\.0\.2\/live'\n[\s\S]*\noption rtsp_transport tcp\noption timeout \d+\n$/,
  );
  assert.match(http?.script ?? '', /\noption protocol_whitelist http,https,httpproxy,tcp,tls\n[\s\S]*\noption rw_timeout \d+\n$/);
  assert.deepEqual(
    [device, file, test].map((job) => job?.script),
    [null, null, null],
  );
  assert.equal(test?.input, 'testsrc2=size=640x480:rate=15');
  assert.match(probeJob({ kind: 'file', path: '/a' }, wanted).outputOptions.join(' '), /-frames:v 1/);
});

test("an address is not among ffmpeg's arguments, and no part of it is a line of the script", () => {
  const input: Input = { kind: 'url', url: "rtsp://me:it's#'@10.0.0.2/a'b?key=c\\d" };
  for (const job of [probeJob(input, wanted), captureJob(input, wanted, plan(true))]) {
    assert.doesNotMatch(JSON.stringify([job.input, job.inputOptions, job.outputOptions]), /10\.0\.0\.2|key/);
    assert.ok(job.script?.includes(String.raw`file 'rtsp://me:it'\''s#'\''@10.0.0.2/a'\''b?key=c\d'`), job.script ?? '');
  }
});

test('a device that was asked is opened in the mode that was chosen', () => {
  const mode = { fourcc: 'YUYV', inputFormat: 'yuyv422', copy: false, width: 320, height: 240, fps: 10 };
  const job = captureJob({ kind: 'device', path: '/dev/video0' }, wanted, { copy: false, mode });
  assert.match(job.inputOptions.join(' '), /-input_format yuyv422 -framerate 10 -video_size 320x240$/);
});

test("quality runs over the whole of ffmpeg's scale", () => {
  const scale = (quality: number) =>
    / -q:v (\d+) /.exec(captureJob({ kind: 'test' }, { ...wanted, quality }, plan(false)).outputOptions.join(' '))?.[1];
  assert.deepEqual([1, 50, 90, 100].map(scale), ['31', '17', '5', '2']);
});

test('the codec of the stream that was copied is read, not that of a cover or a sound', () => {
  const said = (index: number, ...streams: string[]) => [
    "Input #0, matroska,webm, from 'file:/a':",
    ...streams.map((stream, i) => `  Stream #0:${i}${stream}`),
    'Stream mapping:',
    `  Stream #0:${index} -> #0:0 (copy)`,
    '  Stream #0:0: Video: png, output',
  ];
  assert.equal(probedCodec(said(0, ': Video: mjpeg (Baseline), yuvj422p(pc), 1280x720')), 'mjpeg');
  assert.equal(probedCodec(said(2, '(eng): Audio: aac', ': Video: mjpeg (attached pic)', '[0x1](und): Video: h264 (High)')), 'h264');
  assert.equal(probedCodec(said(10, ...Array<string>(10).fill(': Audio: aac'), ': Video: hevc')), 'hevc');
  assert.equal(probedCodec(['Stream map matches no streams.']), null);
});
