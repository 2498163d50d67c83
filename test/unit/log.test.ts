import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { GatheringLog } from '../../services/shared/gathering-log.ts';
import { messageOf } from '../../services/shared/log-line.ts';
import { Pulse } from '../../services/shared/pulse.ts';
import { readVersion } from '../../services/shared/version.ts';
import { keepLog } from '../helpers/kept-log.ts';

const line = (event: object) => messageOf({ level: 'info', time: '2026-11-22T23:10:05.123Z', ...event });

test('a line for people: who, what, and what the sentence does not tell', () => {
  assert.equal(line({ service: 'broker', msg: 'open' }), 'broker: open');
  assert.equal(
    line({ service: 'camera', camera: 'front', msg: 'no-device: x. Plug', condition: 'no-device', cause: 'x' }),
    'camera front: no-device: x. Plug',
  );
  assert.equal(
    line({ msg: 'closed', from: '10.0.0.1', cause: 'it took nothing', times: 3, user: null }),
    'closed · from=10.0.0.1 cause="it took nothing" times=3',
  );
  assert.equal(line({ msg: 'again 3', times: 3 }), 'again 3 · times=3', 'a number may stand there by chance');
  assert.equal(line({ msg: 'failed', err: { stack: 'Error: x\n    at y' } }), 'failed', 'the stack stands below the line');
});

test('what a stranger named is one word or quoted: it makes no line of its own, and colours nothing', () => {
  assert.equal(line({ msg: 'refused', user: 'a\nERROR all is lost \x1b[2J' }), 'refused · user="a\\nERROR all is lost \\u001b[2J"');
  assert.equal(line({ msg: 'refused', user: 'a=b' }), 'refused · user="a=b"');
});

test('the lines of a process: the time and the level before, the stack of an error below; all is out when it exits', () => {
  const log = JSON.stringify(path.join(import.meta.dirname, '../../services/shared/log.ts'));
  const script = `const { createLog } = await import(${log});
    const log = createLog('info').child({ service: 'gateway' });
    log.error({ err: new TypeError('no hub'), path: '/x' }, 'a request failed');
    log.debug('not this');
    log.warn('the end');
    process.exit(0);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 10_000 });
  const [first = '', ...rest] = stdout.replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /gm, 'AT ').split('\n');
  assert.equal(first, 'AT ERROR: gateway: a request failed · path=/x');
  assert.match(rest.join('\n'), /TypeError: no hub\n +at file:.*\nAT WARN: gateway: the end\n$/s);
});

test('a flood of one kind is one line a minute, and kinds do not hide each other', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { log, lines } = keepLog();
  const gathering = new GatheringLog(log);
  const told = () => lines.splice(0).map(({ level, msg, times, who }) => [level, msg, times, who]);
  for (const who of ['a', 'b', 'c']) gathering.tell('warn', 'refused', { who });
  gathering.tell('info', 'closed');
  assert.deepEqual(told(), [
    [40, 'refused', undefined, 'a'],
    [30, 'closed', undefined, undefined],
  ]);
  t.mock.timers.tick(59_999);
  assert.deepEqual(told(), []);
  t.mock.timers.tick(1);
  assert.deepEqual(told(), [[40, 'refused, 2 times more in the last minute', 2, 'c']]);
  gathering.tell('warn', 'refused', { who: 'd' });
  t.mock.timers.tick(60_000);
  assert.deepEqual(told(), [[40, 'refused, once more in the last minute', 1, 'd']]);
  t.mock.timers.tick(60_000);
  gathering.tell('warn', 'refused', { who: 'e' });
  assert.deepEqual(told(), [[40, 'refused', undefined, 'e']], 'after a quiet minute at once again');
});

test('a stranger’s words are shortened in lines that are gathered', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { log, lines } = keepLog();
  const gathering = new GatheringLog(log);
  for (let i = 0; i < 2; i++) gathering.tell('warn', 'refused', { client: 'x'.repeat(60_000), of: 7 });
  t.mock.timers.tick(60_000);
  assert.deepEqual(
    lines.map(({ client, of }) => [String(client).length, of]),
    [
      [500, 7],
      [500, 7],
    ],
  );
});

test('a pulse beats each period, and once sooner however often that is asked for', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let beats = 0;
  const pulse = new Pulse({ everyMs: 30_000, soonMs: 500 }, () => beats++);
  pulse.soon();
  t.mock.timers.tick(60_000);
  assert.equal(beats, 0, 'it has not begun');
  pulse.start();
  for (let i = 0; i < 10; i++) pulse.soon();
  t.mock.timers.tick(500);
  assert.equal(beats, 1);
  t.mock.timers.tick(29_500);
  assert.equal(beats, 2);
  pulse.soon();
  pulse.stop();
  t.mock.timers.tick(60_000);
  assert.equal(beats, 2);
});

test('the version is that of package.json', () => {
  assert.match(readVersion(), /^\d+\.\d+\.\d+/);
});
