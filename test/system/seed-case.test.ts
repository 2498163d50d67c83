/**
 * The question that began HomeGuard: a service whose user has no video group. It is told as permission-denied, and its advice, followed to
 * the letter, mends it. Users and groups are real ones, of a copy of /etc that only these tests see (unshare(1)); it takes root.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lookAt } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { fakecamEnv, makeNode } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';
import { asUser } from '../helpers/other-user.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { startTestBroker, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const USER = 'webcam-site';
const beginning = { ms: 15_000 };

/** A machine with users and groups of its own; `run` runs a command on it as root. */
interface Machine {
  run(...command: string[]): void;
  /** The camera service as `USER`, as somebody who logs in now, or with these groups only. */
  start(groups: 'init' | 'none' | string): Program;
  /** The device, root:video 0660. */
  node: string;
}

async function machine(t: TestContext, bus: TestBroker): Promise<Machine> {
  const etc = join(makeWorkDir(t), 'etc');
  cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true });
  const script = `mount --bind ${etc} /etc && echo ready && exec sleep infinity`;
  const keeper = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  defer(t, () => {
    keeper.kill('SIGKILL');
  });
  await new Promise((resolve) => keeper.stdout.once('data', resolve));
  const inside = ['nsenter', '--target', String(keeper.pid), '--mount', '--'];
  const run = (...command: string[]) => {
    execFileSync(inside[0] ?? '', [...inside.slice(1), ...command], { stdio: 'pipe' });
  };
  run('useradd', '--no-create-home', '--user-group', USER);
  const node = makeNode(makeWorkDir(t), { mode: 0o660, gid: 44 });
  run('sh', '-c', 'getent group 44 || groupadd --gid 44 video');
  const env = await fakecamEnv(t, {
    dir: await jpegFrames({ width: 320, height: 240, count: 10, bytes: 20_000 }),
    width: 320,
    height: 240,
    path: node,
  });
  const data = makeWorkDir(t);
  chmodSync(data, 0o777);
  const login = bus.login('camera');
  const start = (groups: string) => {
    const kept = groups === 'init' ? '--init-groups' : groups === 'none' ? '--clear-groups' : `--groups=${groups}`;
    return startProgram(t, {
      main: 'services/camera/main.ts',
      through: asUser(USER, kept, inside),
      env: {
        ...env,
        CAMERA_SOURCE: node,
        MQTT_URL: bus.url,
        MQTT_USERNAME: login.username ?? '',
        MQTT_PASSWORD: login.password ?? '',
        DATA_DIR: data,
      },
    });
  };
  return { run, start, node };
}

test('a user without the group video: permission-denied, and what the advice says to type mends it', async (t) => {
  const bus = await startTestBroker(t);
  const viewer = await lookAt(t, bus);
  const { run, start, node } = await machine(t, bus);
  const first = start('init');
  await until('permission-denied', () => viewer.state?.condition === 'permission-denied', beginning);
  const { cause = '', advice = '' } = viewer.state ?? {};
  assert.match(cause ?? '', new RegExp(`^EACCES on ${node}: uid \\d+, groups \\d+; the device is root:44 0660$`));
  await first.outputMatching(/permission-denied: EACCES/);
  const typed = [...(advice ?? '').matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? '');
  t.diagnostic(advice ?? '');
  await first.stop();
  viewer.received.length = 0;
  start(follow(typed, run));
  await until(
    'a picture',
    () => viewer.state?.condition === 'idle' && viewer.on('preview').some(({ payload }) => payload.length > 0),
    beginning,
  );
});

/** Does what is to be typed; gives the groups with which the service begins then. What it says depends on where these tests run. */
function follow(typed: string[], run: (...command: string[]) => void): string {
  const [line = ''] = typed;
  const given = /group_add: \["(\d+)"\]/.exec(line)?.[1] ?? (/SupplementaryGroups=video/.test(typed.join()) && '44');
  if (given) return given;
  const [sudo, ...command] = line.split(' ');
  assert.equal(sudo, 'sudo', line);
  run(...command);
  return 'init';
}

test('a user who has the group, in a service that lost it: told apart, and a start as the user mends it', async (t) => {
  const bus = await startTestBroker(t);
  const viewer = await lookAt(t, bus);
  const { run, start } = await machine(t, bus);
  run('usermod', '-aG', 'video', USER);
  const first = start('none');
  await until('permission-denied', () => viewer.state?.condition === 'permission-denied', beginning);
  const advice = viewer.state?.advice ?? '';
  t.diagnostic(advice);
  assert.match(advice, /log in again|group_add|SupplementaryGroups/);
  assert.doesNotMatch(advice, /usermod/);
  await first.stop();
  viewer.received.length = 0;
  start('init');
  await until('a picture', () => viewer.state?.condition === 'idle', beginning);
});
