import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { processStats } from '../helpers/process-stats.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const setup = join(import.meta.dirname, '../../deploy/setup.mjs');
const tools = [
  'ffmpeg',
  'ffprobe',
  'v4l2-ctl',
  'cc',
  'chromium',
  'curl',
  'mosquitto_sub',
  'ustreamer',
  'uwsgi',
  'openssl',
  'systemd-analyze',
];
const everything = [...tools, 'npm'];

test('without root it names the one command for all that is missing, and does nothing', (t) => {
  const machine = new Machine(t, ['apt-get', 'npm', 'cc', 'uwsgi', 'systemd-analyze']);
  assert.deepEqual(machine.run('start', { uid: 1000 }), {
    status: 1,
    stdout: '',
    stderr: 'HomeGuard: ffmpeg, ffprobe and v4l2-ctl are missing: run "sudo apt-get install -y ffmpeg v4l-utils", then npm start again.\n',
  });
  assert.match(
    machine.run('test', { uid: 1000 }).stderr,
    /^.*"sudo apt-get install -y ffmpeg v4l-utils chromium curl mosquitto-clients openssl", then npm test again\.\n$/,
  );
  assert.match(
    machine.run('bench', { uid: 1000 }).stderr,
    /^.*"sudo apt-get install -y ffmpeg v4l-utils ustreamer", then npm run bench again\.\n$/,
  );
  assert.deepEqual(machine.calls(), []);
});

test('without apt it names what is missing', (t) => {
  const machine = new Machine(t, ['npm', 'ffmpeg', 'v4l2-ctl']);
  const { status, stderr } = machine.run('start');
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'HomeGuard: ffprobe is missing, and there is no apt-get here to install ffmpeg: install ffprobe, then run npm start again.\n',
  );
});

test('as root it installs by apt, without reading the package lists anew where they will do', (t) => {
  const machine = new Machine(t, ['npm', 'apt-get']);
  machine.program('apt-get', machine.making('ffmpeg', 'ffprobe', 'v4l2-ctl'));
  const { status, stdout, stderr } = machine.run('start');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(
    stdout,
    /^HomeGuard: installing ffmpeg v4l-utils \(apt, about a minute\) …\nHomeGuard: installing its npm dependencies .*…\n$/,
  );
  assert.deepEqual(machine.calls('apt-get'), ['apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends ffmpeg v4l-utils']);
});

test('without v4l2-ctl it starts all the same, and says what is lacking; as root it installs it', (t) => {
  const machine = new Machine(t, ['npm', 'ffmpeg', 'ffprobe']);
  const { status, stdout } = machine.run('start', { uid: 1000 });
  assert.equal(status, 0);
  assert.match(stdout, /^HomeGuard: without v4l2-ctl the controls .* cannot be read: "sudo apt-get install -y v4l-utils" brings it\.$/m);
  machine.program('apt-get', 'exit 100');
  assert.match(machine.run('start').stdout, /without v4l2-ctl/);
  machine.program('apt-get', machine.making('v4l2-ctl'));
  assert.deepEqual(machine.run('start'), { status: 0, stdout: '', stderr: '' });
});

test('where the package lists are missing or old it reads them and tries again', (t) => {
  const machine = new Machine(t, ['npm']);
  machine.program(
    'apt-get',
    `if [ "$1" = update ]; then : > lists; fi; [ -e lists ] || exit 100; ${machine.making('ffmpeg', 'ffprobe', 'v4l2-ctl')}`,
  );
  assert.equal(machine.run('start').status, 0);
  assert.deepEqual(
    machine.calls('apt-get').map((call) => call.match(/install|update/)?.[0]),
    ['install', 'update', 'install'],
  );
});

test('when apt fails its words are shown', (t) => {
  const machine = new Machine(t, ['npm']);
  machine.program('apt-get', 'echo "E: no route to the mirror" >&2; exit 100');
  const { status, stderr } = machine.run('start');
  assert.equal(status, 1);
  assert.match(stderr, /E: no route to the mirror\nHomeGuard: apt-get could not install ffmpeg v4l-utils; its own words are above\.\n$/);
});

test('dependencies are installed once for each lock, then the start is silent and quick', (t) => {
  const machine = new Machine(t, everything);
  const first = machine.run('start', { path: join(machine.dir, 'node_modules/.bin') });
  assert.deepEqual([first.status, first.stderr], [0, '']);
  assert.match(first.stdout, /^HomeGuard: installing its npm dependencies .*\n$/);
  assert.deepEqual(
    machine.calls(),
    [`npm ci --include=dev --no-audit --no-fund --loglevel=error (${machine.bin})`],
    'npm runs without the Node that it replaces',
  );
  for (const mode of ['start', 'test', 'bench', 'forget', 'user'])
    assert.deepEqual(machine.run(mode), { status: 0, stdout: '', stderr: '' });
  assert.equal(machine.calls().length, 1);
  const extra = cpuMs(() => machine.run('test')) - cpuMs(() => spawnSync(machine.node, ['-e', '0']));
  assert.ok(extra < 100, `a start with all there takes ${extra.toFixed(0)} ms beyond node's own`);

  writeFileSync(join(machine.dir, 'package-lock.json'), '{"changed":true}');
  assert.equal(machine.run('start').status, 0);
  assert.equal(machine.calls().length, 2, 'a changed lock is installed');
  rmSync(join(machine.dir, 'node_modules'), { recursive: true });
  assert.equal(machine.run('start').status, 0);
  assert.equal(machine.calls().length, 3, 'missing node_modules are installed');
});

test('for containers it asks for Docker, and for one that answers', (t) => {
  const machine = new Machine(t, everything);
  machine.run('start');
  assert.match(
    machine.run('containers').stderr,
    /Docker with Compose v2 is missing: install it .*, then run npm run test:containers again\.\n$/,
  );
  machine.program('docker', '[ "$1" = compose ] || { echo "permission denied" >&2; exit 1; }');
  const { status, stderr } = machine.run('containers');
  assert.equal(status, 1);
  assert.match(stderr, /^permission denied\nHomeGuard: Docker does not answer: start it .*, then run npm run test:containers again\.\n$/);
  machine.program('docker', 'exit 0');
  assert.deepEqual(machine.run('containers'), { status: 0, stdout: '', stderr: '' });
});

test('a failed npm ci shows its words, and the next start tries again', (t) => {
  const machine = new Machine(t, everything);
  machine.program('npm', '/bin/mkdir -p node_modules; echo "npm ERR! network" >&2; exit 1');
  const { status, stderr } = machine.run('start');
  assert.equal(status, 1);
  assert.equal(stderr, 'npm ERR! network\nHomeGuard: npm ci failed; its own words are above.\n');
  machine.run('start');
  assert.equal(machine.calls('npm').length, 2);
});

test('where npm runs no install scripts it names the remedy, and the remedy is enough', (t) => {
  const machine = new Machine(t, everything);
  machine.program('npm', '/bin/mkdir -p node_modules/.bin');
  const { status, stderr } = machine.run('start');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^HomeGuard: node_modules\/\.bin\/node is missing, .* run "npm rebuild node --ignore-scripts=false", then npm start again\.\n$/,
  );
  writeFileSync(join(machine.dir, 'node_modules/.bin/node'), '');
  assert.deepEqual(machine.run('start'), { status: 0, stdout: '', stderr: '' });
});

test('an unknown mode is refused', (t) => {
  const { status, stderr } = new Machine(t, everything).run('stop');
  assert.deepEqual(
    [status, stderr],
    [1, 'HomeGuard: usage: node deploy/setup.mjs start|test|bench|doctor|forget|user|containers|device\n'],
  );
});

/** A clone of the project on a machine that has these programs on PATH and no others; each notes its calls. */
class Machine {
  readonly dir: string;
  readonly bin: string;
  readonly node: string;

  constructor(t: TestContext, programs: string[]) {
    this.dir = makeWorkDir(t);
    this.bin = join(this.dir, 'path');
    this.node = join(this.bin, 'node');
    for (const dir of ['path', 'deploy']) mkdirSync(join(this.dir, dir));
    copyFileSync(setup, join(this.dir, 'deploy/setup.mjs'));
    writeFileSync(join(this.dir, 'package-lock.json'), '{}');
    symlinkSync(process.execPath, this.node);
    for (const name of programs) this.program(name, name === 'npm' ? '/bin/mkdir -p node_modules/.bin; : > node_modules/.bin/node' : '');
  }

  program(name: string, script: string): void {
    const note = name === 'npm' ? '($PATH)' : '';
    writeFileSync(join(this.bin, name), `#!/bin/sh\necho "${name} $* ${note}" >> ${this.dir}/calls\n${script}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  /** A script that brings these programs. */
  making(...names: string[]): string {
    return names.map((name) => `: > ${this.bin}/${name}; /bin/chmod 755 ${this.bin}/${name}`).join('; ');
  }

  calls(program = ''): string[] {
    const file = join(this.dir, 'calls');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.map((line) => line.trim()).filter((line) => line.startsWith(program));
  }

  /** As root unless told otherwise, whoever runs this test: setup.mjs asks for nothing but the user's id. */
  run(mode: string, { uid = 0, path = '' } = {}): Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'> {
    const user = `data:text/javascript,process.getuid=()=>${uid}`;
    const env = { PATH: path ? `${path}:${this.bin}` : this.bin };
    const { status, stdout, stderr } = spawnSync(this.node, ['--import', user, join(this.dir, 'deploy/setup.mjs'), mode], {
      cwd: this.dir,
      env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }
}

/** CPU time of the processes that the action runs, in ms, a mean of five; a busy machine stretches the clock's time. */
function cpuMs(action: () => unknown): number {
  const children = (): number => (processStats(process.pid)?.endedChildrenCpuSeconds ?? 0) * 1000;
  const before = children();
  for (let i = 0; i < 5; i++) action();
  return (children() - before) / 5;
}
