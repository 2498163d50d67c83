import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { buildImages, docker } from '../helpers/stack.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string };
const APP = `homeguard:${version}`;
const CAMERA = `homeguard-camera:${version}`;
/** 290 MB for all three services, 15 of them for what only the camera needs. */
const MAX_BYTES = 290e6;
const MAX_CAMERA_BYTES = 15e6;

before(buildImages);

const inside = (image: string, script: string) => docker('run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', script);

async function size(image: string): Promise<number> {
  return Number(await docker('image', 'inspect', '-f', '{{.Size}}', image));
}

test('all three services take at most 290 MB on disk, of which the camera has at most 15 for itself', async (t) => {
  const [app, camera] = [await size(APP), await size(CAMERA)];
  const layers = async (image: string) => JSON.parse(await docker('image', 'inspect', '-f', '{{json .RootFS.Layers}}', image)) as string[];
  const shared = await layers(APP);
  assert.deepEqual((await layers(CAMERA)).slice(0, shared.length), shared, 'the camera image stands on the other one');
  t.diagnostic(`all: ${(camera / 1e6).toFixed(0)} MB, the camera's own part: ${((camera - app) / 1e6).toFixed(1)} MB`);
  assert.ok(camera <= MAX_BYTES, `${camera} bytes`);
  assert.ok(camera - app <= MAX_CAMERA_BYTES, `${camera - app} bytes`);
});

test('what runs is JavaScript, with no compiler, no npm and no development dependency beside it', async () => {
  const found = await inside(
    CAMERA,
    'find /app -name "*.ts" | head; which npm npx cc gcc tsc; ls /app/node_modules | grep -E "^(typescript|playwright-core|node)$"; true',
  );
  assert.equal(found, '');
  assert.match(await inside(CAMERA, 'ls /app/services'), /broker\ncamera\ndoctor\nforget\ngateway\nhealth\n.*setup\n.*user\n/s);
});

test('the images have a user of their own, no secret, and commands that explain themselves', async () => {
  for (const image of [APP, CAMERA]) {
    assert.match(await inside(image, 'id'), /^uid=10001\(homeguard\) gid=10001\(homeguard\)/);
    assert.equal(await inside(image, 'find /data -type f'), '');
  }
  await assert.rejects(
    docker('run', '--rm', APP, 'kamera'),
    /"kamera" is no command: say broker, camera, gateway, setup, user, doctor, forget or health/,
  );
});

test("the lean ffmpeg has Debian's version and all that the camera asks of it", async () => {
  assert.match(await inside(CAMERA, 'ffmpeg -version'), /^ffmpeg version \d+\.\d+\.\d+-\S*deb13/);
  assert.match(await inside(CAMERA, 'v4l2-ctl --version'), /^v4l2-ctl 1\./);
  const has = async (kind: string) => await inside(CAMERA, `ffmpeg -hide_banner -${kind}`);
  for (const protocol of ['file', 'http', 'https', 'httpproxy', 'pipe', 'rtp', 'tcp', 'tls', 'udp']) {
    assert.match(await has('protocols'), new RegExp(`^ *${protocol}$`, 'm'));
  }
  for (const [kind, names] of Object.entries({
    devices: ['video4linux2,v4l2', 'lavfi'],
    demuxers: ['rtsp', 'mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm', 'avi', 'mpegts', 'mjpeg', 'mpjpeg'],
    decoders: ['mjpeg', 'h264', 'hevc', 'mpeg4', 'rawvideo'],
    encoders: ['mjpeg'],
  })) {
    const said = await has(kind);
    for (const name of names) assert.match(said, new RegExp(`^ [ .A-Z]+ ${name} `, 'm'), `${kind}: ${name}`);
  }
});
