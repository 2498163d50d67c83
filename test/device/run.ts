/**
 * The program behind `npm run test:device`: boots the camera lab's virtual machine, once with ffmpeg 7.1 and once with 5.1, and runs the
 * tests of this folder in it; then a table of what was measured, and one line `N passed, N failed`.
 * `npm run test:device -- --suite trixie --only EBUSY` boots one of them and runs the tests whose names match the pattern.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measurement } from './measured.ts';
import { table } from './table.ts';

/** Debian's releases, for their ffmpeg: 7.1 and 5.1. */
const SUITES = ['trixie', 'bookworm'];
const BUILD_MS = 30 * 60_000;
/** For one suite, the boot included; it takes about six minutes. */
const SUITE_MS = 15 * 60_000;
/** For one test. */
const TEST_MS = 150_000;
/**
 * So few may run again, so often: the guest's processor is emulated, whatever else this machine does makes its times longer, and now and
 * then Node itself breaks in it ("Check failed: it->second.Size() > offset" in V8's bookkeeping of code pages). What is really wrong fails again.
 */
const MAX_AGAIN = 4;
const SECOND_CHANCES = 2;
/** The tests did not come to their end. */
const BROKEN = 'the guest broke off';
/** A guest that lets nothing be seen for longer than any test may take hangs: seen once, at its boot. */
const QUIET_MS = TEST_MS + 60_000;
const LOOK_MS = 5_000;
/** Makes that break rarer by far. */
const GUEST_NODE = 'node --no-memory-protection-keys';
/** What the kernel says when a driver, or the lab, has gone wrong. */
const KERNEL_FAULT = /\b(oops|bug:|warning:|stalled|call trace)/i;

/** A test's line in TAP; none of ours has subtests. */
const RESULT = /^(not )?ok \d+ - /;

const root = join(import.meta.dirname, '../..');
const lab = resolve(root, process.env.HOMEGUARD_LAB ?? '../shared/lab');
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

/** Suite and name: what breaks off runs again as a whole. */
const passed = new Set<string>();
const failures: string[] = [];
const measured = new Map<string, Measurement[]>();

await main();

async function main(): Promise<void> {
  const { suites, only, wrong } = readArguments();
  const missing = wrong ?? missingHere();
  if (missing) failures.push(missing);
  for (const suite of missing ? [] : suites) {
    if (!stop.signal.aborted) await runSuite(suite, only);
  }
  if (stop.signal.aborted) failures.push('the run was ended');
  if ([...measured.values()].some((figures) => figures.length > 0)) console.log(`\n${table(measured)}\n`);
  for (const failure of failures) console.log(`✖ ${failure}`);
  console.log(`${passed.size} passed, ${failures.length} failed`);
  process.exitCode = failures.length ? 1 : 0;
}

function readArguments(): { suites: string[]; only: string; wrong?: string } {
  try {
    const { values } = parseArgs({ options: { suite: { type: 'string', multiple: true }, only: { type: 'string' } } });
    const { suite: suites = SUITES, only = '' } = values;
    const unknown = suites.find((suite) => !SUITES.includes(suite));
    return { suites, only, ...(unknown && { wrong: `there is no suite ${unknown}: there are ${SUITES.join(' and ')}` }) };
  } catch (error) {
    return { suites: [], only: '', wrong: (error as Error).message };
  }
}

/** What keeps the lab from running here, in one sentence; null when nothing does. */
function missingHere(): string | null {
  if (!existsSync(join(lab, 'run.sh'))) return `the camera lab is not at ${lab}: put it there, or name its folder in HOMEGUARD_LAB`;
  if (process.arch !== 'x64') return `the camera lab boots an x86-64 machine, and this one is ${process.arch}: run it on a PC`;
  const path = (process.env.PATH ?? '').split(delimiter);
  if (!path.some((dir) => existsSync(join(dir, 'qemu-system-x86_64')))) return 'qemu is missing: run "apt-get install -y qemu-system-x86"';
  if (process.getuid?.() !== 0) return 'the camera lab builds a Debian system, which only root can: run "sudo npm run test:device"';
  return null;
}

/** Builds what is missing, boots, runs the tests and takes over their results. */
async function runSuite(suite: string, only: string): Promise<void> {
  const built = await runProgram('build.sh', [], suite, BUILD_MS);
  if (built !== 0) {
    failures.push(`${suite}: the lab's build.sh ended with ${built}`);
    return;
  }
  console.log(`\n${suite}`);
  let failed = await bootAndRun(suite, only);
  for (let run = 0; run < SECOND_CHANCES && mayRunAgain(failed); run++) {
    console.log(`\n${suite}, once more: ${failed.join('; ')}`);
    const again = await bootAndRun(suite, failed.includes(BROKEN) ? only : failed.map(literally).join('|'));
    for (const name of failed) if (!again.includes(name)) console.log(`${suite}: passed when it ran again: ${name}`);
    failed = again;
  }
  failures.push(...failed.map((name) => `${suite}: ${name}`));
}

function mayRunAgain(failed: string[]): boolean {
  return failed.length > 0 && failed.length <= MAX_AGAIN && !stop.signal.aborted;
}

/** Boots the guest and runs the tests whose names match. Gives what failed. */
async function bootAndRun(suite: string, only: string): Promise<string[]> {
  const out = mkdtempSync(join(tmpdir(), 'homeguard-device-'));
  writeFileSync(join(out, 'script'), guestScript(only));
  const options = ['--share', root, '--out', out, '--script', join(out, 'script'), '--timeout', String(SUITE_MS / 1000)];
  using quiet = watchQuiet(out);
  const code = await runProgram('run.sh', options, suite, SUITE_MS + 60_000, quiet.signal);
  const failed = takeResults(suite, out, code);
  if (failed.length === 0) rmSync(out, { recursive: true });
  else console.log(`what the services and the kernel of ${suite} said is in ${out}; ${load()}`);
  return failed;
}

/** A signal that comes when nothing has changed in `out`, where the guest writes its results and logs, for too long. */
function watchQuiet(out: string): Disposable & { signal: AbortSignal } {
  const quiet = new AbortController();
  const began = Date.now();
  const look = () => {
    const changes = readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs);
    if (Date.now() - Math.max(began, ...changes) > QUIET_MS) quiet.abort();
  };
  const timer = setInterval(look, LOOK_MS);
  return { signal: quiet.signal, [Symbol.dispose]: () => clearInterval(timer) };
}

/** A name as it stands, in a regular expression. */
function literally(name: string): string {
  return name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** All tests in one process, one after the other: they share a broker and a camera service, which take their time to start there. */
function guestScript(only: string): string {
  const options = [
    '--test',
    '--test-isolation=none',
    '--test-force-exit',
    `--test-timeout=${TEST_MS}`,
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', '--test-reporter-destination=/out/results.tap'],
    ...(only ? [`--test-name-pattern=${only}`] : []),
  ];
  const quoted = options.map((option) => `'${option.replaceAll("'", "'\\''")}'`).join(' ');
  return `#!/bin/sh\n${GUEST_NODE} ${quoted} /project/test/device/*.test.ts\ncode=$?\ndmesg > /out/kernel.log\nexit $code\n`;
}

/** Runs a program of the lab, its output going to ours. Gives its exit code, or what ended it. */
function runProgram(name: string, args: string[], suite: string, timeout: number, end = stop.signal): Promise<number | string> {
  const child = spawn(join(lab, name), args, {
    env: { ...process.env, SUITE: suite },
    stdio: ['ignore', 'inherit', 'inherit'],
    signal: AbortSignal.any([stop.signal, end]),
    timeout,
  });
  return new Promise((done) => {
    // An aborted one still has to end: run.sh ends qemu.
    child.on('error', (error) => child.pid === undefined && done(error.message));
    child.on('exit', (code, signal) => done(code ?? signal ?? 'no code'));
  });
}

/** Counts what the guest has left in `out`. Returns what failed. */
function takeResults(suite: string, out: string, code: number | string): string[] {
  const failed: string[] = [];
  const told = readLines(join(out, 'results.tap'));
  const results = told.filter((line) => RESULT.test(line));
  for (const line of results) {
    // A skipped or todo test is a defect, too.
    if (/^not| # (SKIP|TODO)/.test(line)) failed.push(line.replace(RESULT, ''));
    else passed.add(`${suite}: ${line.replace(RESULT, '')}`);
  }
  const figures = readLines(join(out, 'measured')).map((line) => JSON.parse(line) as Measurement);
  measured.set(suite, [...(measured.get(suite) ?? []), ...figures]);
  for (const line of readLines(join(out, 'kernel.log'))) if (KERNEL_FAULT.test(line)) failed.push(`the kernel says: ${line}`);
  // The plan stands at the end.
  const isWhole = results.length > 0 && told.some((line) => /^1\.\.\d+$/.test(line));
  if (!isWhole || (code !== 0 && failed.length === 0)) failed.push(BROKEN);
  return failed;
}

/** The guest has no processor of its own: what else runs here makes its times longer. */
function load(): string {
  const [, fiveMinutes = 0] = loadavg();
  return `the load of this machine was ${fiveMinutes.toFixed(1)} on ${availableParallelism()} processors`;
}

function readLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}
