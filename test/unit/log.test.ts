import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatheringLog } from '../../services/shared/gathering-log.ts';
import { lineOf } from '../../services/shared/log-line.ts';
import { Pulse } from '../../services/shared/pulse.ts';
import { readVersion } from '../../services/shared/version.ts';
import { keepLog } from '../helpers/kept-log.ts';

const time = '2026-11-22T23:10:05.123Z';
/** What stands behind the time, which is the machine's own. */
const line = (event: object, colours = false) =>
  lineOf({ level: 'info', time, msg: '', ...event }, colours).replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '');

test('a line for people: who, what, and what the sentence does not tell', () => {
  assert.equal(line({ service: 'broker', msg: 'open' }), 'INFO  broker: open\n');
  assert.equal(
    line({ level: 'warn', service: 'camera', camera: 'front', msg: 'no-device: x. Plug', condition: 'no-device', cause: 'x' }),
    'WARN  camera front: no-device: x. Plug\n',
  );
  assert.equal(
    line({ msg: 'closed', from: '10.0.0.1', cause: 'it took nothing', times: 3, user: null }),
    'INFO  closed · from=10.0.0.1 cause="it took nothing" times=3\n',
  );
  assert.equal(line({ msg: 'again 3', times: 3 }), 'INFO  again 3 · times=3\n', 'a number may stand there by chance');
  assert.equal(line({ level: 'error', msg: 'failed', err: { stack: 'Error: x\n    at y' } }), 'ERROR failed\nError: x\n    at y\n');
  assert.equal(line({ level: 'warn', msg: 'x' }, true), '\x1b[33mWARN  x\x1b[0m\n');
  assert.equal(line({ msg: 'x' }, true), 'INFO  x\n');
});

test('what a stranger named is one word or quoted: it makes no line of its own, and colours nothing', () => {
  assert.equal(line({ msg: 'refused', user: 'a\nERROR all is lost \x1b[2J' }), 'INFO  refused · user="a\\nERROR all is lost \\u001b[2J"\n');
  assert.equal(line({ msg: 'refused', user: 'a=b' }), 'INFO  refused · user="a=b"\n');
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
