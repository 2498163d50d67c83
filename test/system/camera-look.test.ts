import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { accessAdvice } from '../../services/camera/trouble/access.ts';
import { busyAdvice } from '../../services/camera/trouble/advice.ts';
import { LOOK_ROOTS, lookAround } from '../../services/camera/trouble/look.ts';
import type { Scene } from '../../services/camera/trouble/scene.ts';
import { defer } from '../helpers/cleanup.ts';
import { untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const isRoot = process.getuid?.() === 0;
/** Nobody on this machine; who is not root can only be himself. */
const uid = isRoot ? 54_321 : (process.getuid?.() ?? 0);
/** A group that no process of this machine has. */
const gid = 54_944;

test('who has a device open is found, with pid, command and user', async (t) => {
  const device = openSync('/dev/full', 'r');
  t.after(() => closeSync(device));
  const holder = spawn('sleep', ['60'], { stdio: [device, 'ignore', 'ignore'] });
  defer(t, async () => {
    holder.kill('SIGKILL');
    await untilEvent(holder, 'close');
  });
  await untilEvent(holder, 'spawn');
  const scene = await lookAround('/dev/full', null, LOOK_ROOTS);
  const found = scene.holders.find(({ pid }) => pid === holder.pid);
  assert.deepEqual(found, { pid: holder.pid, command: 'sleep', user: scene.us.user, unit: found?.unit, isOurs: true });
  assert.ok(!scene.holders.some(({ pid }) => pid === process.pid));
});

test("who may not see others' files is told so, and how to see them", async (t) => {
  const scene = await lookAs('/dev/full', makeWorkDir(t), []);
  assert.equal(scene.someUnseen, true);
  assert.match(busyAdvice({ ...scene, holders: [], place: { kind: 'plain' } }, '/dev/full'), /`sudo fuser -v \/dev\/full`/);
});

test('the command that the advice names gives the right to open the device', async (t) => {
  const dir = makeWorkDir(t);
  mkdirSync(join(dir, 'etc'));
  writeFileSync(join(dir, 'etc/passwd'), `root:x:0:0::/root:/bin/sh\npi:x:${uid}:${uid}::/home/pi:/bin/sh\n`);
  writeFileSync(join(dir, 'etc/group'), `root:x:0:\ncamera:x:${gid}:\npi:x:${uid}:\n`);
  const node = makeDevice(dir);
  const adviceFor = async (groups: number[]) => {
    const scene = await lookAs(node, dir, groups);
    // Who is not root cannot make a device, so /dev/full is taken for one that is shut.
    const shut = isRoot ? scene.node : scene.node && { ...scene.node, gid, group: 'camera', mode: 0o660 };
    return { scene, advice: accessAdvice({ ...scene, node: shut, place: { kind: 'plain' } }, node, 'EACCES') };
  };

  const before = await adviceFor([]);
  assert.deepEqual([before.scene.us.uid, before.scene.us.user, before.scene.us.memberOf], [uid, 'pi', [uid]]);
  if (isRoot) await assert.rejects(openAs(node, []), /EACCES/);
  await follow(/`([^`]+)`/.exec(before.advice)?.[1] ?? '', dir);

  const joined = await adviceFor([]);
  assert.deepEqual(joined.scene.us.memberOf, [uid, gid]);
  assert.match(joined.advice, /^The group camera is yours by now.*log in again/);

  if (isRoot) await openAs(node, joined.scene.us.memberOf);
});

/** A device that root and one group may open; for who cannot make one, any. */
function makeDevice(dir: string): string {
  if (!isRoot) return '/dev/full';
  const node = join(dir, 'video0');
  execFileSync('mknod', [node, 'c', '1', '7']);
  chownSync(node, 0, gid);
  chmodSync(node, 0o660);
  return node;
}

/** What a process of that user and with these groups sees, whose machine has the users and groups of `dir`. */
async function lookAs(node: string, dir: string, groups: number[]): Promise<Scene> {
  const look = new URL('../../services/camera/trouble/look.ts', import.meta.url);
  const roots = { ...LOOK_ROOTS, etc: join(dir, 'etc') };
  const script = `import { lookAround } from ${JSON.stringify(look.href)};
    console.log(JSON.stringify(await lookAround(${JSON.stringify(node)}, null, ${JSON.stringify(roots)})));`;
  return JSON.parse(await runAs(groups, script)) as Scene;
}

async function openAs(node: string, groups: number[]): Promise<void> {
  await runAs(groups, `import { openSync } from 'node:fs'; openSync(${JSON.stringify(node)}, 'r+');`);
}

async function runAs(groups: number[], script: string): Promise<string> {
  const node = [process.execPath, '--input-type=module', '-e', script];
  const others = groups.length > 0 ? [`--groups=${groups.join()}`] : ['--clear-groups'];
  const [program = '', ...args] = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, ...others, '--', ...node] : node;
  const { stdout } = await promisify(execFile)(program, args, { timeout: 20_000 });
  return stdout;
}

/** Does what the line says, but to the users and groups of `dir` (usermod's --prefix), for which one need not be root. */
async function follow(line: string, dir: string): Promise<void> {
  const words = line.split(' ');
  assert.deepEqual([words[0], words[1]], ['sudo', 'usermod']);
  const command = ['usermod', '-P', dir, ...words.slice(2)];
  const [program = '', ...args] = isRoot ? command : ['unshare', '--map-root-user', ...command];
  await promisify(execFile)(program, args, { timeout: 20_000, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
}
