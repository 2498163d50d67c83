import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Hello, readHello, twins } from '../../services/broker/bridge/hello.ts';
import { bridgeIdentity } from '../../services/broker/bridge/identity.ts';
import { Latest } from '../../services/broker/bridge/latest.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const ours: Hello = { bridge: '0123456789ab', host: 'raspberrypi', cameras: ['front', 'door'] };
const read = (json: unknown) => readHello(Buffer.from(JSON.stringify(json)));

test('a hello is read; whatever else is published there is none', () => {
  assert.deepEqual(read(ours), ours);
  for (const other of [
    null,
    [],
    'hello',
    {},
    { ...ours, host: 'line\nbreak' },
    { ...ours, cameras: ['Front/#'] },
    { ...ours, bridge: 7 },
    { ...ours, cameras: Array(65).fill('a') },
    { ...ours, more: 'x'.repeat(5_000) },
  ]) {
    assert.equal(read(other), null, JSON.stringify(other));
  }
  assert.equal(readHello(Buffer.from('{')), null);
});

test('another bridge with a camera of the same id is seen, our own is none', () => {
  assert.deepEqual(twins(ours, { ...ours, bridge: 'ba9876543210', cameras: ['door', 'garden'] }), ['door']);
  assert.deepEqual(twins(ours, { ...ours, bridge: 'ba9876543210', cameras: ['garden'] }), []);
  assert.deepEqual(twins(ours, ours), []);
});

test('an installation is the same after every restart, another one is another', (t) => {
  const [one, other] = [makeWorkDir(t), makeWorkDir(t)];
  assert.match(bridgeIdentity(one), /^[0-9a-f]{12}$/);
  assert.equal(bridgeIdentity(one), bridgeIdentity(one));
  assert.notEqual(bridgeIdentity(one), bridgeIdentity(other));
  // A folder that cannot be written: the machine's name has to do.
  assert.match(bridgeIdentity('/dev/null/x'), /^[0-9a-f]{12}$/);
});

test('of what comes while work is under way only the newest is done', async () => {
  const done: number[] = [];
  const first = Promise.withResolvers<void>();
  const work = (n: number) => async () => {
    done.push(n);
    if (n === 1) await first.promise;
  };
  const latest = new Latest();
  for (const n of [1, 2, 3]) latest.offer(work(n));
  first.resolve();
  await new Promise(setImmediate);
  assert.deepEqual(done, [1, 3]);
  latest.offer(work(4));
  await new Promise(setImmediate);
  assert.deepEqual(done, [1, 3, 4]);
});

test('what waits can be taken back', async () => {
  const done: number[] = [];
  const first = Promise.withResolvers<void>();
  const latest = new Latest();
  latest.offer(() => first.promise);
  latest.offer(async () => done.push(2));
  latest.drop();
  first.resolve();
  await new Promise(setImmediate);
  assert.deepEqual(done, []);
});
