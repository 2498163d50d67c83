import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Scope } from '../helpers/cleanup.ts';
import { processStats, processTree, treeStats } from '../helpers/process-stats.ts';
import { type Program, type ProgramOptions, startProgram } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const root = join(import.meta.dirname, '../..');
const ends = "process.once('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);";
const helper = "require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore' });";

test('its output is waited for, and it is stopped with exit code 0', async (t) => {
  const program = start(t, `${ends} setTimeout(() => console.log('open http://127.0.0.1:8080/'), 50);`);
  const [, port] = await program.outputMatching(/http:\/\/127\.0\.0\.1:(\d+)\//);
  assert.equal(port, '8080');
  assert.deepEqual(await program.stop(), { code: 0, signal: null });
});

test('it gets ports 0 and its own environment, not the one of whoever runs the tests', async (t) => {
  process.env.MQTT_URL = 'mqtt://elsewhere';
  t.after(() => {
    delete process.env.MQTT_URL;
  });
  const program = start(t, 'console.log(JSON.stringify(process.env), process.cwd())', { env: { CAMERA_ID: 'front' } });
  await program.ends();
  const [env = '', cwd = ''] = program.stdout.trim().split(/ (?=\/)/);
  const { BROKER_PORT, GATEWAY_PORT, CAMERA_ID, MQTT_URL, NODE_TEST_CONTEXT } = JSON.parse(env);
  assert.deepEqual({ BROKER_PORT, GATEWAY_PORT, CAMERA_ID }, { BROKER_PORT: '0', GATEWAY_PORT: '0', CAMERA_ID: 'front' });
  assert.deepEqual([MQTT_URL, NODE_TEST_CONTEXT], [undefined, undefined]);
  assert.notEqual(cwd, process.cwd());
});

test('a refused start is seen by its exit code and its output', async (t) => {
  const program = start(t, "console.error('CAMERA_FPS: 900 is above 240'); process.exit(1);");
  await program.ends({ code: 1 });
  assert.match(program.stderr, /CAMERA_FPS/);
  await assert.rejects(program.outputMatching(/never/), /ended without output.*CAMERA_FPS: 900/s);
});

test('another exit code than the promised one is a fault, with the output', async (t) => {
  const program = start(
    t,
    "process.once('SIGTERM', () => { console.log('last words'); process.exit(3); }); setInterval(() => {}, 1000); console.log('up');",
  );
  await program.outputMatching(/up/);
  await assert.rejects(program.stop(), /ended with code 3, not code 0.*last words/s);
});

test('a program that does not heed SIGTERM is a fault', async (t) => {
  const program = start(t, "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up');");
  await program.outputMatching(/up/);
  await assert.rejects(program.stop({ ms: 300 }), /no end of .* within 300 ms/);
  await program.stop({ signal: 'SIGKILL', code: null });
});

test('a helper left behind is a fault, and is named', async (t) => {
  const program = start(t, `${ends} ${helper} console.log('up');`);
  await program.outputMatching(/up/);
  await until('the helper', () => program.helpers().length === 1);
  await assert.rejects(program.stop(), /left behind sleep \d+/);
});

test('whatever a test leaves running is killed at its end, orphans too', async () => {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: Scope = { after: (each) => undo.push(each) };
  const orphaner = start(scope, `${helper} console.log('up'); setTimeout(() => process.exit(0), 50);`);
  const deaf = start(scope, `process.on('SIGTERM', () => {}); ${helper} setInterval(() => {}, 1000); console.log('up');`);
  await assert.rejects(orphaner.ends(), /left behind sleep/);
  await deaf.outputMatching(/up/);
  const pids = [deaf.pid, ...deaf.helpers(), ...orphaner.helpers()];
  assert.equal(pids.length, 3);
  for (const each of undo) await each();
  assert.deepEqual(
    pids.filter((pid) => processStats(pid)?.state.match(/[^Z]/)),
    [],
  );
});

test('CPU and memory of a program and of its tree', async (t) => {
  const busy = 'while (process.cpuUsage().user < 300_000);';
  const program = start(
    t,
    `${ends} const held = Buffer.alloc(80 << 20, 1); require('node:child_process').spawn(process.execPath, ['-e', \`${busy} console.log('done'); setInterval(() => {}, 1000)\`], { stdio: 'inherit' }).ref(); globalThis.held = held;`,
  );
  await program.outputMatching(/done/, { ms: 30_000 });
  const tree = processTree(program.pid);
  assert.equal(tree.length, 2);
  assert.equal(tree[1]?.parent, program.pid);
  assert.ok((tree[1]?.cpuSeconds ?? 0) > 0.2, 'the child was busy');
  assert.ok((tree[0]?.rssBytes ?? 0) > 80 << 20, 'the parent holds 80 MB');
  const sum = treeStats(program.pid);
  assert.ok(sum.rssBytes > (tree[0]?.rssBytes ?? 0) && sum.cpuSeconds >= (tree[1]?.cpuSeconds ?? 0));
  assert.deepEqual(
    sum.pids,
    tree.map((each) => each.pid),
  );
  assert.equal(processStats(2 ** 22 + 1), undefined);
});

/** Runs a piece of CommonJS as a program of ours would be run. */
function start(t: Scope | TestContext, code: string, options: ProgramOptions = {}): Program {
  const main = join(makeWorkDir(t), 'main.cjs');
  writeFileSync(main, code);
  return startProgram(t, { main: relative(root, main), ...options });
}
