import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type CallerSocket, Callers } from '../../services/gateway/callers.ts';
import { boundExceeded } from '../../services/gateway/request-bounds.ts';
import { Allowance } from '../../services/shared/allowance.ts';

/** Answers that are under way, since a request came that was sent to its end; or not. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  writableLength = 0;
  bytesWritten = 0;
  isClosed = false;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.isClosed = true;
    this.emit('close');
  }

  destroySoon(): void {
    this.destroy();
  }
}

function setUp(max: number) {
  const told: string[] = [];
  const callers = new Callers((why, address) => told.push(`${why} ${address}`), max);
  const come = (address: string) => {
    const socket = new FakeSocket(address);
    callers.admit(socket as unknown as CallerSocket);
    return socket;
  };
  const ask = (socket: FakeSocket, { complete = true, headersSent = false } = {}) => {
    const response = Object.assign(new EventEmitter(), { headersSent });
    const isTaken = callers.ask(socket as unknown as CallerSocket, { complete } as IncomingMessage, response as unknown as ServerResponse);
    return { isTaken, answered: () => response.emit('close') };
  };
  const open = (...sockets: FakeSocket[]) => sockets.map(({ isClosed }) => !isClosed);
  return { callers, come, ask, open, told };
}

const as = (socket: FakeSocket) => socket as unknown as CallerSocket;

test('when all places are taken, the address that holds most gives one back: the one that waited longest for its client', () => {
  const { come, ask, open, told } = setUp(4);
  const [one, two, three, other] = ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2'].map(come) as [
    FakeSocket,
    FakeSocket,
    FakeSocket,
    FakeSocket,
  ];
  // It has asked, and waits for us; the second has asked and was answered, so it is the third that has been silent for longest.
  ask(one);
  ask(two).answered();
  const newcomer = come('10.0.0.3');
  assert.deepEqual(open(one, two, three, other, newcomer), [true, true, false, true, true]);
  come('10.0.0.4');
  assert.deepEqual(open(one, two, other), [true, false, true]);
  assert.deepEqual(told, ['too-many-connections 10.0.0.1', 'too-many-connections 10.0.0.1']);
});

test('who sends a request slowly, or takes its answer slowly, waits for himself; where all wait for us the newcomer goes', () => {
  const { come, ask, open } = setUp(3);
  const [slow, late, busy] = ['10.0.0.1', '10.0.0.1', '10.0.0.1'].map(come) as [FakeSocket, FakeSocket, FakeSocket];
  ask(slow, { complete: false });
  ask(late);
  ask(busy);
  late.writableLength = 5;
  come('10.0.0.2');
  assert.deepEqual(open(slow, late), [false, true]);
  come('10.0.0.2');
  assert.deepEqual(open(late, busy), [false, true]);
  const { come: comeElse, ask: askElse } = setUp(2);
  for (const address of ['10.0.0.1', '10.0.0.2']) askElse(comeElse(address));
  assert.ok(comeElse('10.0.0.3').isClosed);
});

test('a viewer takes none of these places, and a household is one address', () => {
  const { callers, come, open } = setUp(3);
  const viewers = Array.from({ length: 9 }, () => come('10.0.0.1'));
  const watching = viewers.slice(-3);
  assert.deepEqual(open(...viewers), [false, false, false, false, false, false, true, true, true]);
  for (const viewer of [...watching, ...watching]) callers.admitViewer(as(viewer));
  const others = ['2001:db8::1', '10.0.0.2', '2001:db8::ffff:1', '10.0.0.3'].map(come);
  assert.deepEqual(open(...watching, ...others), [true, true, true, false, true, true, true]);
});

test('at most 16 requests ahead of their answers', () => {
  const { callers, come, ask } = setUp(5);
  const socket = come('10.0.0.1');
  const asked = Array.from({ length: 16 }, () => ask(socket));
  assert.ok(asked.every(({ isTaken }) => isTaken));
  assert.ok(!ask(socket).isTaken);
  for (const { answered } of asked) answered();
  assert.ok(ask(socket).isTaken);
  assert.ok(callers.isAnswering(as(socket)), 'two are not answered yet');
});

test('while part of an answer is out nothing else may be written in between', () => {
  const { callers, come, ask } = setUp(5);
  const socket = come('10.0.0.1');
  assert.ok(!callers.isAnswering(as(socket)));
  const waiting = ask(socket);
  assert.ok(!callers.isAnswering(as(socket)), 'nothing is out yet');
  waiting.answered();
  const answering = ask(socket, { headersSent: true });
  assert.ok(callers.isAnswering(as(socket)));
  answering.answered();
  assert.ok(!callers.isAnswering(as(socket)));
});

test('a connection that we have ended is closed though its peer does not; one that takes nothing for 30 s is, too, but no viewer', () => {
  const { callers, come, open, told } = setUp(5);
  const now = performance.now();
  const [ended, stalled, viewer, well] = ['a', 'b', 'c', 'd'].map(come) as [FakeSocket, FakeSocket, FakeSocket, FakeSocket];
  ended.emit('finish');
  for (const socket of [stalled, viewer]) socket.writableLength = 1_000;
  callers.admitViewer(as(viewer));
  callers.sweep(now + 1_000);
  assert.deepEqual(open(ended, stalled, viewer, well), [true, true, true, true]);
  callers.sweep(now + 4_000);
  assert.deepEqual(open(ended, stalled, viewer, well), [false, true, true, true]);
  callers.sweep(now + 32_000);
  assert.deepEqual(open(stalled, viewer, well), [false, true, true]);
  assert.deepEqual(told, ['stalled b']);
});

test('bounds of a request: address, headers, body', () => {
  const request = { method: 'POST', url: '/', rawHeaders: [] as string[], headers: {} };
  const statusOf = (change: object) => boundExceeded({ ...request, ...change })?.status ?? null;
  assert.equal(statusOf({}), null);
  assert.deepEqual([statusOf({ url: 'x'.repeat(8_000) }), statusOf({ url: 'x'.repeat(8_001) })], [null, 414]);
  assert.deepEqual([statusOf({ rawHeaders: Array(200).fill('x') }), statusOf({ rawHeaders: Array(202).fill('x') })], [null, 431]);
  assert.deepEqual(
    ['16384', '16385', '1e9', 'x'].map((length) => statusOf({ headers: { 'content-length': length } })),
    [null, 413, 413, null],
  );
  const chunked = { headers: { 'transfer-encoding': 'chunked' } };
  assert.deepEqual(
    ['POST', 'GET', 'HEAD'].map((method) => statusOf({ ...chunked, method })),
    [null, 400, 400],
  );
});

test('an allowance: so many in so much time', () => {
  const allowance = new Allowance(2, 1_000);
  assert.deepEqual(
    [0, 1, 2, 999, 1_000, 1_001, 1_002].map((now) => allowance.take(now)),
    [true, true, false, false, true, true, false],
  );
});
