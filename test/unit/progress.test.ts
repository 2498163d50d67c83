import assert from 'node:assert/strict';
import type net from 'node:net';
import { test } from 'node:test';
import { Progress, unsentBytes } from '../../services/shared/progress.ts';

/** A socket as far as Progress looks at it: `written` bytes were given to it, `unsent` of them wait. */
function line(written: number, unsent: number): net.Socket {
  return { writableLength: unsent, bytesWritten: written, _handle: { writeQueueSize: unsent } } as unknown as net.Socket;
}

test('a peer that has taken everything is never stalled, however long nothing is sent', () => {
  const progress = new Progress(0);
  for (const now of [0, 1_000, 3_600_000]) assert.equal(progress.stalledFor(line(500, 0), now), 0);
});

test('a peer that takes nothing is stalled from when it last took something', () => {
  const progress = new Progress(0);
  assert.equal(progress.stalledFor(line(1000, 0), 5_000), 0);
  assert.equal(progress.stalledFor(line(2000, 1000), 6_000), 1_000);
  // More is written to it, but nothing goes out.
  assert.equal(progress.stalledFor(line(3000, 2000), 20_000), 15_000);
  assert.equal(progress.stalledFor(line(3000, 2000), 35_000), 30_000);
});

test('one byte is progress', () => {
  const progress = new Progress(0);
  assert.equal(progress.stalledFor(line(1000, 1000), 20_000), 20_000);
  assert.equal(progress.stalledFor(line(1000, 999), 21_000), 0);
  assert.equal(progress.stalledFor(line(1000, 998), 60_000), 0);
  assert.equal(progress.stalledFor(line(1000, 998), 61_000), 1_000);
});

test('parts of a write count: the kernel knows more than the stream', () => {
  const partly = (left: number) =>
    ({ writableLength: 160_000, bytesWritten: 160_000, _handle: { writeQueueSize: left } }) as unknown as net.Socket;
  assert.equal(unsentBytes(partly(40_000)), 40_000);
  assert.equal(unsentBytes({ writableLength: 7, bytesWritten: 7, _handle: null } as unknown as net.Socket), 7);
  assert.equal(unsentBytes({ writableLength: 0, bytesWritten: 7, _handle: { writeQueueSize: 3 } } as unknown as net.Socket), 0);
  const progress = new Progress(0);
  progress.stalledFor(partly(100_000), 1_000);
  assert.equal(progress.stalledFor(partly(99_000), 20_000), 0);
});
