/**
 * The program behind `npm test`: types and lint, then the tests of each folder, then one line `N passed, N failed`.
 * `npm test -- unit e2e` runs these folders only (types and lint always); `npm run test:containers`, `npm run soak` and `npm run screenshots` run those. A skipped or todo test is a defect, and so is a file without tests.
 */
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { type EventData, run } from 'node:test';
import { spec } from 'node:test/reporters';
import { processTree } from './helpers/process-stats.ts';

interface Folder {
  name: string;
  /** Files at a time. */
  concurrency: number;
  /** For each test, ms. */
  timeout: number;
  /** Files share their processes, one for each core, as most of the time of pure tests is the start of a process. None may await while it loads. */
  together?: boolean;
  /** It takes more than `npm test` may ask for, so it is run only by its name. */
  named?: boolean;
}

interface Failure {
  /** The test's file, from the root of the project. */
  where: string;
  what: string;
}

interface Tally {
  passed: number;
  failed: Failure[];
  /** Files of which a test was told. */
  heard: Set<string>;
}

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const wholeRunMs = 40 * 60_000;
const graceMs = 5000;
/** So many failures of a folder may run once more; more of them are no chance. */
const MAX_AGAIN = 3;
const folders: Folder[] = [
  { name: 'unit', concurrency: availableParallelism(), timeout: 30_000, together: true },
  { name: 'integration', concurrency: 1, timeout: 60_000 },
  // Programs as their users have them, and those around them. Nothing here looks at times that a busy machine would make longer.
  { name: 'system', concurrency: 3, timeout: 120_000 },
  { name: 'e2e', concurrency: 1, timeout: 180_000 },
  { name: 'browser', concurrency: 1, timeout: 120_000 },
  { name: 'containers', concurrency: 1, timeout: 1_200_000, named: true },
  { name: 'soak', concurrency: 1, timeout: 1_200_000, named: true },
  // Writes deploy/pictures.
  { name: 'screenshots', concurrency: 1, timeout: 300_000, named: true },
];

let passed = 0;
const failures: string[] = [];

await main(process.argv.slice(2));

async function main(wanted: string[]): Promise<void> {
  const unknown = wanted.filter((name) => !folders.some((folder) => folder.name === name));
  for (const name of unknown) fail(`no folder test/${name}: there are ${folders.map((folder) => folder.name).join(', ')}`);
  const signal = wholeRun();
  if (!unknown.length) await runAll(wanted, signal);
  for (const failure of failures) console.log(`✖ ${failure}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length ? 1 : 0;
}

async function runAll(wanted: string[], signal: AbortSignal): Promise<void> {
  await check('types (tsc)', 'tsc', ['-p', root], signal);
  await check('format and lint (biome check)', 'biome', ['check', root], signal);
  const before = passed + failures.length;
  for (const folder of folders) {
    if (!signal.aborted && (wanted.length ? wanted.includes(folder.name) : !folder.named)) await runFolder(folder, signal);
  }
  if (passed + failures.length === before) fail('no test was run');
  if (signal.aborted) fail(String(signal.reason.message));
}

/** Ends the run that takes too long or that somebody ends: by the signal first, so that tests can clean up, then by force. */
function wholeRun(): AbortSignal {
  const controller = new AbortController();
  const end = (why: string): void => {
    controller.abort(new Error(`the run was ended: ${why}`));
    // A test that spins heeds no signal but this one.
    setTimeout(killDescendants, graceMs).unref();
  };
  setTimeout(() => end(`not done after ${wholeRunMs / 60_000} minutes`), wholeRunMs).unref();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => end(name));
  return controller.signal;
}

function killDescendants(): void {
  for (const { pid } of processTree(process.pid).slice(1)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended between the look and the kill.
    }
  }
}

async function check(name: string, program: string, args: string[], signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const output = await new Promise<string | undefined>((resolve) => {
    execFile(join(bin, program), args, { cwd: root, signal, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve(error ? stdout + stderr || error.message : undefined),
    );
  });
  const took = `${name} (${(performance.now() - start).toFixed(0)}ms)`;
  if (output === undefined) {
    passed++;
    console.log(`✔ ${took}`);
  } else {
    fail(name);
    console.log(`✖ ${took}\n${output}`);
  }
}

async function runFolder(folder: Folder, signal: AbortSignal): Promise<void> {
  const { name, concurrency, together } = folder;
  const found = globSync(join(root, 'test', name, '**/*.test.ts')).sort();
  if (!found.length) return;
  console.log(`\ntest/${name}`);
  const first = await runFiles(together ? gather(name, found, concurrency) : found, folder, signal);
  passed += first.passed;
  const left = together ? first.failed : await runAgain(first.failed, found, folder, signal);
  for (const { where, what } of left) fail(`${where}: ${what}`);
  if (!together || signal.aborted) return;
  for (const file of found) if (!first.heard.has(file)) fail(`${relative(root, file)}: ran no test`);
}

/**
 * Programs, browsers and containers share two busy cores with whatever else the machine does. So the files of a few failures run once more,
 * alone, and it is told what passed only then: look at it before you blame the machine. Gives what fails still.
 */
async function runAgain(failed: Failure[], found: string[], folder: Folder, signal: AbortSignal): Promise<Failure[]> {
  const files = found.filter((file) => failed.some(({ where }) => where === relative(root, file)));
  const areKnown = failed.every(({ where }) => files.includes(join(root, where)));
  if (signal.aborted || !areKnown || failed.length === 0 || failed.length > MAX_AGAIN) return failed;
  console.log(`\ntest/${folder.name}, once more: ${failed.map(({ what }) => what).join('; ')}`);
  const second = await runFiles(files, { ...folder, concurrency: 1 }, signal);
  const mended = failed.filter(({ where, what }) => !second.failed.some((other) => other.where === where && other.what === what));
  for (const { where, what } of mended) console.log(`passed when it ran again: ${where}: ${what}`);
  passed += mended.length;
  return second.failed;
}

async function runFiles(files: string[], { concurrency, timeout, together }: Folder, signal: AbortSignal): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: [], heard: new Set() };
  // Forced, since a test that failed half-way may leave a timer or a socket that would keep its file's process for ever.
  const execArgv = together ? [] : ['--test-force-exit'];
  const tests = run({ files, concurrency, timeout, signal, cwd: root, execArgv });
  tests.on('test:pass', (event) => count(tally, event, 'passed'));
  tests.on('test:fail', (event) => count(tally, event, 'failed'));
  const report = tests.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
  return tally;
}

/** Writes `count` files that import the given ones, each its share, and gives their paths. */
function gather(name: string, files: string[], count: number): string[] {
  const folder = join(root, 'test/.work/gathered');
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: Math.min(count, files.length) }, (_, share) => {
    const path = join(folder, `${name}-${share}.test.ts`);
    const mine = files.filter((_file, i) => i % count === share);
    writeFileSync(path, mine.map((file) => `import ${JSON.stringify(relative(folder, file))};\n`).join(''));
    return path;
  });
}

/** Suites are counted by their tests, unless one fails by itself (a hook); a file that ran no test reports itself under its own path. */
function count(tally: Tally, event: EventData.TestPass | EventData.TestFail, result: 'passed' | 'failed'): void {
  const isSuite = event.details.type === 'suite';
  const failed = (what: string) => tally.failed.push({ where: event.file ? relative(root, event.file) : 'no file', what });
  if (event.file) tally.heard.add(event.file);
  if (event.name === event.file) failed(result === 'passed' ? 'ran no test' : 'failed outside of its tests');
  else if (event.skip !== undefined) failed(`${event.name} (skipped)`);
  else if (event.todo !== undefined) failed(`${event.name} (todo)`);
  else if (result === 'failed' && !(isSuite && failedByItsTests(event))) failed(event.name);
  else if (result === 'passed' && !isSuite) tally.passed++;
}

function failedByItsTests({ details }: EventData.TestPass | EventData.TestFail): boolean {
  return 'error' in details && 'failureType' in details.error && details.error.failureType === 'subtestsFailed';
}

function fail(what: string): void {
  failures.push(what);
}
