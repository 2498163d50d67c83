// Sets up what `npm start`, `npm test` and the other commands need and do not find. Runs on any Node from 18 on, without dependencies,
// prints a line for each thing that it does and nothing when all is there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const ffmpeg = { ffmpeg: 'ffmpeg', ffprobe: 'ffmpeg', 'v4l2-ctl': 'v4l-utils' };
/** What HomeGuard runs without, and what is lacking then. */
const optional = { 'v4l2-ctl': 'the controls and sizes that a camera offers cannot be read' };
const compiler = { cc: 'gcc', '/usr/include/stdio.h': 'libc6-dev' };
const nginx = { '/usr/sbin/nginx': 'nginx-light' };
/** The site with uWSGI and Django that deploy/django is for. */
const django = {
  uwsgi: 'uwsgi-core',
  '/usr/lib/uwsgi/plugins/python3_plugin.so': 'uwsgi-plugin-python3',
  '/usr/lib/python3/dist-packages/django/__init__.py': 'python3-django',
};
/** Other people's brokers and subscribers. */
const mqtt = {
  mosquitto_sub: 'mosquitto-clients',
  '/usr/sbin/mosquitto': 'mosquitto',
  '/usr/lib/python3/dist-packages/paho/mqtt/__init__.py': 'python3-paho-mqtt',
  // Its module's name tells version and architecture.
  '/usr/share/doc/python3-opencv/copyright': 'python3-opencv',
  '/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml': 'opencv-data',
  '/usr/lib/python3/dist-packages/yaml/__init__.py': 'python3-yaml',
};
/** What a mode needs: a program on PATH, or a file by its full path; and the Debian package that brings it. */
const needs = {
  start: ffmpeg,
  test: {
    ...ffmpeg,
    ...compiler,
    ...nginx,
    ...django,
    chromium: 'chromium',
    curl: 'curl',
    ...mqtt,
    openssl: 'openssl',
    'systemd-analyze': 'systemd',
  },
  bench: { ...ffmpeg, ...compiler, ...nginx, ustreamer: 'ustreamer' },
  // What is missing is for the doctor to tell.
  doctor: {},
  forget: {},
  user: {},
  // For tests with real containers; Docker itself is looked for below.
  containers: { ...ffmpeg, ...compiler },
  // For the camera lab, which builds a virtual machine.
  device: {
    ...ffmpeg,
    ...compiler,
    'qemu-system-x86_64': 'qemu-system-x86',
    // Not everybody has these folders on PATH.
    '/sbin/modprobe': 'kmod',
    '/bin/busybox': 'busybox-static',
    cpio: 'cpio',
    '/usr/sbin/debootstrap': 'debootstrap',
    '/sbin/mke2fs': 'e2fsprogs',
    xz: 'xz-utils',
    file: 'file',
  },
};
const commands = {
  start: 'npm start',
  test: 'npm test',
  bench: 'npm run bench',
  doctor: 'npm run doctor',
  forget: 'npm run forget',
  user: 'npm run user',
  containers: 'npm run test:containers',
  device: 'npm run test:device',
};

const mode = process.argv[2] ?? '';
if (!Object.hasOwn(needs, mode)) fail(`usage: node deploy/setup.mjs ${Object.keys(needs).join('|')}`);
// The npm package that brings Node 24 exists for these only.
if (!['x64', 'arm64'].includes(process.arch))
  fail(
    `a 64-bit system is needed, and this Node is for ${process.arch}: install the 64-bit Raspberry Pi OS, then run ${commands[mode]} again.`,
  );
setUpPrograms(needs[mode]);
setUpDependencies();
if (mode === 'containers') setUpDocker();

function setUpPrograms(table) {
  const missing = Object.keys(table).filter((name) => !isThere(name));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => table[name]))].join(' ');
  if (mode === 'start' && missing.every((name) => Object.hasOwn(optional, name))) return setUpOptional(missing, packages);
  const verb = missing.length === 1 ? 'is' : 'are';
  if (!isThere('apt-get'))
    fail(
      `${list(missing)} ${verb} missing, and there is no apt-get here to install ${packages}: install ${list(missing)}, then run ${commands[mode]} again.`,
    );
  if (process.getuid?.() !== 0)
    fail(`${list(missing)} ${verb} missing: run "sudo apt-get install -y ${packages}", then ${commands[mode]} again.`);
  say(`installing ${packages} (apt, about a minute) …`);
  installPackages(packages.split(' '));
  const still = missing.filter((name) => !isThere(name));
  if (still.length > 0)
    fail(
      `apt-get installed ${packages}, but ${list(still)} ${still.length === 1 ? 'is' : 'are'} still missing from PATH (${process.env.PATH}).`,
    );
}

/** Installed where that can be done; else it is said, and HomeGuard starts without. */
function setUpOptional(missing, packages) {
  if (isThere('apt-get') && process.getuid?.() === 0) tryPackages(packages.split(' '));
  const still = missing.filter((name) => !isThere(name));
  if (still.length === 0) return;
  say(`without ${list(still)} ${still.map((name) => optional[name]).join(', and ')}: "sudo apt-get install -y ${packages}" brings it.`);
}

/** With the package lists at hand where they will do; on a new machine there are none, on an old one they name what is gone. */
function installPackages(packages) {
  const output = tryPackages(packages);
  if (output !== null) fail(`apt-get could not install ${packages.join(' ')}; its own words are above.`, output);
}

/** Null when it went well, else what apt-get said. */
function tryPackages(packages) {
  const install = ['-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '--no-install-recommends', ...packages];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (run('apt-get', install, { env }).ok) return null;
  const update = run('apt-get', ['update'], { env });
  const second = run('apt-get', install, { env });
  return second.ok ? null : update.output + second.output;
}

/** node_modules, as package-lock.json has it, with Node 24 in it. */
function setUpDependencies() {
  const stamp = join(root, 'node_modules/.made-from-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    installDependencies();
    writeFileSync(stamp, lock); // last, so what was interrupted is done again
  }
  if (!existsSync(join(root, 'node_modules/.bin/node')))
    fail(
      `node_modules/.bin/node is missing, since npm is set to run no install scripts: run "npm rebuild node --ignore-scripts=false", then ${commands[mode]} again.`,
    );
}

function installDependencies() {
  if (!isThere('npm')) fail(`npm is missing: install it (on Debian "apt-get install -y npm"), then run ${commands[mode]} again.`);
  say('installing its npm dependencies (npm ci, about half a minute) …');
  // Without node_modules/.bin, or npm would run by the very Node that it is about to replace.
  const path = (process.env.PATH ?? '').split(delimiter).filter((dir) => !dir.endsWith('node_modules/.bin'));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const ci = run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, env });
  if (!ci.ok) fail('npm ci failed; its own words are above.', ci.output);
}

/** Where no image can be pulled, a script beside the project makes the engine and the base images; elsewhere Docker has to be there. */
function setUpDocker() {
  const script = join(root, '../shared/docker/engine.sh');
  if (existsSync(script)) {
    say('setting up Docker and the base images …');
    const engine = run('bash', [script]);
    if (!engine.ok) fail('the Docker engine could not be set up; its own words are above.', engine.output);
  }
  const remedy = `then run ${commands[mode]} again.`;
  if (!run('docker', ['compose', 'version']).ok)
    fail(`Docker with Compose v2 is missing: install it (https://docs.docker.com/engine/install/), ${remedy}`);
  const info = run('docker', ['info']);
  if (!info.ok)
    fail(`Docker does not answer: start it (sudo systemctl start docker), or run this as a user who may use it, ${remedy}`, info.output);
}

function isThere(name) {
  const places = name.startsWith('/') ? [name] : (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name));
  return places.some((place) => {
    try {
      accessSync(place, name.startsWith('/') ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false; // not in this place
    }
  });
}

function run(command, args, options) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
    encoding: 'utf8',
  });
  return { ok: status === 0, output: error ? `${error.message}\n` : stdout + stderr };
}

function list(names) {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function say(text) {
  console.log(`HomeGuard: ${text}`);
}

function fail(text, output = '') {
  process.stderr.write(`${output}HomeGuard: ${text}\n`);
  process.exit(1);
}
