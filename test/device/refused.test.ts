import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { test } from 'node:test';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { untilEvent } from '../helpers/until.ts';
import { measured } from './measured.ts';
import { endCamera, START_MS, startCamera, watchCamera } from './station.ts';
import { STAMPED, webcam } from './webcam.ts';

test('EACCES: permission-denied, and its advice, followed to the letter, mends it', async (t) => {
  await endCamera();
  const path = await webcam.have();
  const refused = await startCamera(t, 'refused', {}, 'plain');
  const { state } = await refused.viewer.condition('permission-denied', 0, START_MS);
  t.diagnostic(`${state.cause} | ${state.advice}`);
  assert.match(state.cause ?? '', new RegExp(`EACCES.*${path}.*uid 1001.*groups 1001.*44.*0?660`));
  await refused.program.stop();

  const command = /sudo (usermod -aG video plain)\b/.exec(state.advice ?? '')?.[1];
  assert.ok(command, `no command in: ${state.advice}`);
  defer(t, () => void execFileSync('gpasswd', ['-d', 'plain', 'video']));
  execFileSync('sh', ['-c', command]);
  const allowed = await startCamera(t, 'allowed', {}, 'plain');
  await allowed.viewer.watch();
  await allowed.viewer.picture(0, START_MS);
});

test('EBUSY: device-busy names who holds the webcam, which is taken over when it is let go', async (t) => {
  const { viewer, path } = await watchCamera(t);
  defer(t, () => viewer.set('capture', 'ON').then(() => {}));
  const off = await viewer.set('capture', 'OFF');
  await viewer.condition('off', off, 5000);
  const holder = await take(t, path);

  const on = await viewer.set('capture', 'ON');
  const { at, state } = await viewer.condition('device-busy', on, 15_000);
  t.diagnostic(`${state.cause} | ${state.advice}`);
  measured(t, 'busy device to device-busy', at - on);
  const told = `${state.cause} ${state.advice}`;
  assert.match(told, new RegExp(`\\b${holder.pid}\\b`), 'its id');
  assert.match(told, /\bffmpeg\b/, 'its command');

  // Its advice, followed to the letter.
  const [command, program, ...args] = /`(kill) (\d+)`/.exec(state.advice ?? '') ?? [];
  assert.ok(command && program, `no command in: ${state.advice}`);
  const freed = performance.now();
  execFileSync(program, args);
  await holder.exited;
  const picture = await viewer.picture(freed, 20_000);
  measured(t, 'let go to picture', picture.at - freed, 10_000);
});

test('ENOSPC: no-usb-bandwidth, and a picture once there is room', async (t) => {
  const { viewer } = await watchCamera(t);
  await webcam.unplug();
  const { node } = await webcam.plugIn([...STAMPED, '-B']);
  const { at, state } = await viewer.condition('no-usb-bandwidth', node, 15_000);
  t.diagnostic(`${state.cause} | ${state.advice}`);
  measured(t, 'node without bandwidth to no-usb-bandwidth', at - node);
  assert.match(state.cause ?? '', /ENOSPC/);
  assert.match(state.advice ?? '', /\d+x\d+|USB port/, 'what would fit');
  await webcam.unplug();
  const { began } = await webcam.plugIn();
  const picture = await viewer.picture(began, 20_000);
  measured(t, 'replug with bandwidth to picture', picture.at - began, 10_000);
});

test('a webcam’s second node, for its metadata: bad-format, with what to do', async (t) => {
  const path = await webcam.have();
  const second = path.replace(/\d+$/, (number) => String(Number(number) + 1));
  const { viewer } = await startCamera(t, 'second', { CAMERA_SOURCE: second });
  const { state } = await viewer.condition('bad-format', 0, START_MS);
  t.diagnostic(`${state.cause} | ${state.advice}`);
  assert.match(state.cause ?? '', new RegExp(second));
  assert.ok(state.advice);
});

/** Another program of the same user that shows the camera. */
async function take(t: Scope, path: string): Promise<{ pid: number; exited: Promise<unknown> }> {
  const as = ['--reuid=viewer', '--regid=viewer', '--init-groups', '--'];
  const args = ['-nostdin', '-v', 'error', '-f', 'v4l2', '-input_format', 'mjpeg', '-i', path, '-c', 'copy', '-f', 'mjpeg', '-'];
  const child = spawn('setpriv', [...as, 'ffmpeg', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((done) => child.once('exit', done));
  defer(t, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await untilEvent(child.stdout, 'data', { ms: 15_000 });
  child.stdout.resume();
  return { pid: child.pid ?? 0, exited };
}
