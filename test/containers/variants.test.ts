/** compose.yaml as people change it, with the files of deploy/docker, and with a camera that does not come at once. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { defer } from '../helpers/cleanup.ts';
import { h264File, jpegFrames } from '../helpers/frames.ts';
import { connectMqtt } from '../helpers/services.ts';
import { buildImages, makeStack } from '../helpers/stack.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';
import { condition, frame, STARTED_MS } from './watch.ts';
import { plug, unplugAll, webcam } from './webcam.ts';

const root = join(import.meta.dirname, '../..');
/** From a node to its picture, in ms. */
const PLUGGED_MS = 5_000;

before(async () => {
  await buildImages();
  unplugAll();
});
after(unplugAll);

test('absent at the start, it is waited for; healthy all the time, and the page says what to do', async (t) => {
  const stack = await makeStack(t, { change: { services: { camera: await webcam() } } });
  await stack.up();
  const { advice } = await condition(stack, /no-device/, STARTED_MS);
  assert.match(advice ?? '', /Plug in the camera/);
  assert.match(await stack.sh('camera', 'homeguard health camera'), /no-device|no camera/);
  await plug(0);
  t.after(unplugAll);
  await condition(stack, /live|idle/, PLUGGED_MS);
  await frame(stack, PLUGGED_MS);
});

test('a wrong group: the page names the line, the line mends it', async (t) => {
  await plug(0);
  t.after(unplugAll);
  const stack = await makeStack(t, { env: { VIDEO_GID: '12345' }, change: { services: { camera: await webcam() } } });
  await stack.up();
  const { cause, advice } = await condition(stack, /permission-denied/, STARTED_MS);
  assert.match(cause ?? '', /EACCES on \/dev\/video0: uid 10001, groups 10001 12345; the device is root:44 0660/);
  const [, line = ''] = /`(group_add: \["\d+"\])`/.exec(advice ?? '') ?? [];
  assert.equal(line, 'group_add: ["44"]', advice ?? '');
  assert.match(advice ?? '', /`docker compose up -d`/);
  // What .env and the line in compose.yaml come to, both.
  stack.env.VIDEO_GID = /\d+/.exec(line)?.[0] ?? '';
  await stack.up();
  await condition(stack, /live|idle/, STARTED_MS);
});

test('without the rule for cameras: the page names it', async (t) => {
  await plug(0);
  t.after(unplugAll);
  const { environment, volumes } = await webcam();
  const stack = await makeStack(t, {
    files: ['test/containers/no-rule.yaml'],
    change: { services: { camera: { environment, volumes } } },
  });
  await stack.up();
  const { advice } = await condition(stack, /permission-denied/, STARTED_MS);
  assert.match(advice ?? '', /`device_cgroup_rules: \["c 81:\* rw"\]`/);
  const doctor = stack.compose('run', '--rm', '-T', 'camera', 'doctor');
  await assert.rejects(
    doctor,
    ({ code, stdout }) => code === 1 && /✘ permission .*EPERM on \/dev\/video0.*\n.*device_cgroup_rules/.test(stdout),
  );
});

test('the plain form, one device handed in: the picture comes, and the container sees no other', async (t) => {
  await plug(0);
  await plug(1);
  t.after(unplugAll);
  const stack = await makeStack(t, { files: ['deploy/docker/one-device.yaml'], change: { services: { camera: await webcam() } } });
  await stack.up();
  await condition(stack, /live|idle/, STARTED_MS);
  assert.equal((await stack.sh('camera', 'ls /dev | grep video')).trim(), 'video0');
});

test('a second camera is the lines that stand in compose.yaml behind a #; and the lean ffmpeg encodes, and reads films', async (t) => {
  await plug(0);
  t.after(unplugAll);
  const door = { ...(await webcam({ FAKECAM_YUYV: 'only' })) };
  const film = { extends: { file: join(root, 'compose.yaml'), service: 'camera' }, ...(await webcam()) };
  Object.assign(film.environment, { CAMERA_ID: 'film', CAMERA_SOURCE: (await h264File()).replace(/.*\.work/, '/fakecam') });
  const stack = await makeStack(t, { base: await withSecondCamera(t), change: { services: { camera: await webcam(), door, film } } });
  await stack.up();
  await condition(stack, /live|idle/, STARTED_MS);
  for (const id of ['door', 'film']) {
    await condition(stack, /live|idle/, STARTED_MS, id);
    await until(`encoded pictures of ${id}`, async () => {
      const { format } = await stack.camera(id);
      return assert.equal((format as { encoded: boolean } | null)?.encoded, true, JSON.stringify(format)) ?? true;
    });
  }
});

/** compose.yaml with its second camera in it, as a user makes it: the # taken away, and another source named. */
async function withSecondCamera(t: TestContext): Promise<string> {
  const text = await readFile(join(root, 'compose.yaml'), 'utf8');
  const lines = /^ {2}# door:\n(?: {2}# .*\n)+/m.exec(text)?.[0] ?? '';
  assert.ok(lines.trim().split('\n').length <= 4, lines);
  const file = join(makeWorkDir(t), 'compose.yaml');
  await writeFile(file, text.replace(lines, lines.replaceAll('# ', '').replace('usb:BRIO', '/dev/video0')));
  return file;
}

test('a camera on the network, with its file in deploy/docker', async (t) => {
  // By this name the container reaches us, in place of a camera somewhere in the house.
  const source = `http://camera.test:${await networkCamera(t)}/video.mjpg`;
  const stack = await makeStack(t, {
    files: ['deploy/docker/network-camera.yaml'],
    env: { CAMERA_SOURCE: source },
    change: { services: { camera: { extra_hosts: ['camera.test:host-gateway'] } } },
  });
  await stack.up();
  await frame(stack, STARTED_MS);
  assert.equal((await stack.sh('camera', 'ls /dev')).includes('kmsg'), false, "the host's /dev is not there");
});

/** As the cheap ones do it: pictures in MJPEG over HTTP, ten a second. Gives its port. */
async function networkCamera(t: TestContext): Promise<number> {
  const dir = await jpegFrames({ count: 30 });
  const [name = ''] = await readdir(dir);
  const jpeg = await readFile(join(dir, name));
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace;boundary=part' });
    const timer = setInterval(() => {
      answer.write(`--part\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
      answer.write(jpeg);
      answer.write('\r\n');
    }, 100);
    answer.on('close', () => clearInterval(timer));
  });
  defer(t, () => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0);
  await untilEvent(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('MQTT from outside: open once its line is taken in, for those with the password', async (t) => {
  const stack = await makeStack(t, { change: { services: { broker: { ports: ['127.0.0.1:0:1883'] } } } });
  await stack.up();
  const url = `mqtt://${(await stack.compose('port', 'broker', '1883')).trim()}`;
  const password = /user homeassistant, password (\S+),/.exec(await stack.logs('setup'))?.[1];
  await connectMqtt(t, url, { username: 'homeassistant', password });
  await assert.rejects(connectMqtt(t, url, { reconnectPeriod: 0 }), /Not authorized/i);
});
