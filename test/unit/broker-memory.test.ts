import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AedesPublishPacket, Client } from 'aedes';
import { Absent } from '../../services/broker/absent.ts';
import { BoundedMemory } from '../../services/broker/memory.ts';
import { type Queued, Waiting } from '../../services/broker/waiting.ts';

const packet = (topic: string, payload = 'x', messageId = 1) =>
  ({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: true, dup: false, messageId }) as unknown as AedesPublishPacket;

async function kept(memory: BoundedMemory, pattern = '#'): Promise<number> {
  const stream = (memory as unknown as { createRetainedStream(pattern: string): AsyncIterable<unknown> }).createRetainedStream(pattern);
  return (await Array.fromAsync(stream)).length;
}

test('at most ten thousand topics are retained; known ones can still change, cleared ones make room', async () => {
  const full: string[] = [];
  const memory = new BoundedMemory((what) => full.push(what));
  for (let i = 0; i < 10_000; i++) await memory.storeRetained(packet(`t/${i}`));
  assert.deepEqual(full, []);
  await memory.storeRetained(packet('one/more'));
  assert.equal(full.length, 1);
  assert.equal(await kept(memory), 10_000);
  await memory.storeRetained(packet('t/5', 'new'));
  assert.equal(full.length, 1);
  await memory.storeRetained(packet('t/5', ''));
  await memory.storeRetained(packet('one/more'));
  assert.equal(full.length, 1);
  assert.equal(await kept(memory, 'one/more'), 1);
});

test('at most a thousand messages wait for an absent client; those it fetches make room', async () => {
  const full: string[] = [];
  const memory = new BoundedMemory((what) => full.push(what));
  const client = { id: 'away' } as Client;
  for (let i = 0; i < 1000; i++) await memory.outgoingEnqueueCombi([{ clientId: 'away' }], packet('a', 'x', i));
  assert.deepEqual(full, []);
  await memory.outgoingEnqueueCombi([{ clientId: 'away' }, { clientId: 'other' }], packet('a', 'x', 1000));
  assert.equal(full.length, 1);
  assert.match(full[0] ?? '', /waiting for away/);
  const outgoing = (id: string) =>
    Array.fromAsync((memory as unknown as { outgoingStream(client: object): AsyncIterable<unknown> }).outgoingStream({ id }));
  assert.equal((await outgoing('away')).length, 1000);
  assert.equal((await outgoing('other')).length, 1);
  const [first] = (await outgoing('away')) as AedesPublishPacket[];
  assert.ok(first && (await memory.outgoingClearMessageId(client, first)));
  await memory.outgoingEnqueueCombi([{ clientId: 'away' }], packet('a', 'x', 1001));
  assert.equal(full.length, 1);
});

test('what is retained has at most so many bytes in all; a shorter value makes room', async () => {
  const full: string[] = [];
  const memory = new BoundedMemory((what) => full.push(what));
  const large = 'x'.repeat((32 << 20) - 100);
  for (let i = 0; i < 4; i++) await memory.storeRetained(packet(`t/${i}`, large));
  assert.deepEqual(full, []);
  await memory.storeRetained(packet('one/more', large));
  assert.match(full[0] ?? '', /bytes of retained messages/);
  await memory.storeRetained(packet('t/1', 'short'));
  await memory.storeRetained(packet('one/more', large));
  assert.equal(full.length, 1);
  assert.equal(await kept(memory), 5);
});

test('properties count as bytes, too', async () => {
  const full: string[] = [];
  const memory = new BoundedMemory((what) => full.push(what));
  const [names, data] = ['x'.repeat(7 << 20), Buffer.alloc(9 << 20)];
  const heavy = (topic: string) =>
    Object.assign(packet(topic), { properties: { userProperties: { [names]: ['a', 'b'] }, correlationData: data } });
  for (let i = 0; i < 7; i++) await memory.storeRetained(heavy(`t/${i}`));
  assert.deepEqual(full, []);
  await memory.storeRetained(heavy('one/more'));
  await memory.storeRetained(packet('t/1', ''));
  await memory.storeRetained(heavy('one/more'));
  for (let i = 0; i < 2; i++) await memory.outgoingEnqueueCombi([{ clientId: 'away' }], heavy('a'));
  assert.deepEqual(
    full.map((what) => /retained|waiting/.exec(what)?.[0]),
    ['retained', 'waiting'],
  );
});

test('what waits for an absent client has at most so many bytes', async () => {
  const full: string[] = [];
  const memory = new BoundedMemory((what) => full.push(what));
  const payload = 'x'.repeat(10 << 20);
  await memory.outgoingEnqueueCombi([{ clientId: 'away' }], packet('a', payload, 1));
  await memory.outgoingEnqueueCombi([{ clientId: 'away' }, { clientId: 'other' }], packet('a', payload, 2));
  assert.equal(full.length, 1);
  assert.match(full[0] ?? '', /waiting for away/);
});

test('a message of QoS 2 is known until it is released, as often as that is; a thousand of one client', async () => {
  const memory = new BoundedMemory(() => {});
  const told: unknown[] = [];
  const [client, other] = [{ id: 'one', disconnect: (why: unknown) => told.push(why) }, { id: 'other' }] as unknown as [Client, Client];
  const isKnown = (who: Client, messageId: number) =>
    memory.incomingGetPacket(who, packet('a', 'x', messageId)).then(
      () => true,
      () => false,
    );
  assert.equal(await isKnown(client, 1), false);
  for (let i = 1; i <= 1_000; i++) await memory.incomingStorePacket(client, packet('a', 'x', i));
  assert.deepEqual([await isKnown(client, 1), await isKnown(other, 1)], [true, false]);
  await assert.rejects(memory.incomingStorePacket(client, packet('a', 'x', 1_001)), /more than 1000 messages of QoS 2/);
  assert.deepEqual(told, [{ reasonCode: 0x93 }]);
  await memory.incomingStorePacket(client, packet('a', 'x', 1));
  const release = () => memory.incomingDelPacket(client, packet('a', 'x', 1));
  await Promise.all([release(), release(), release()]);
  assert.deepEqual([await isKnown(client, 1), await isKnown(client, 2)], [false, true]);
  await memory.incomingStorePacket(client, packet('a', 'x', 1_001));
  await memory.cleanSubscriptions(client);
  assert.equal(await isKnown(client, 2), false);
});

test('a message for few is not kept sooner than one for many that came before it', async () => {
  const memory = new BoundedMemory(() => {});
  const many = Array.from({ length: 50 }, (_, i) => ({ clientId: `c${i}` }));
  const kept: string[] = [];
  await Promise.all([
    memory.outgoingEnqueueCombi(many, packet('a')).then(() => kept.push('for many')),
    memory.outgoingEnqueueCombi([], packet('a')).then(() => kept.push('for none')),
  ]);
  assert.deepEqual(kept, ['for many', 'for none']);
});

test('what waits for a client goes out under its number, and of a message of QoS 2 that was received only that number stays', async () => {
  const waiting = new Waiting<Queued>();
  for (const brokerCounter of [1, 2, 3]) waiting.add('away', { brokerId: 'b', brokerCounter, payload: Buffer.alloc(5 << 20) });
  assert.ok(waiting.add('away', { payload: Buffer.alloc(2 << 20) }), 'no room for 17 MB');
  assert.ok(waiting.update('away', { brokerId: 'b', brokerCounter: 2, messageId: 7 }));
  assert.equal(waiting.list('away')[1]?.messageId, 7);
  assert.ok(waiting.update('away', { brokerId: 'b', brokerCounter: 3, messageId: 8 }));
  for (const messageId of [7, 8]) assert.ok(waiting.update('away', { cmd: 'pubrel', messageId }), 'it was received');
  assert.deepEqual(
    waiting.list('away').map(({ messageId }) => messageId),
    [undefined, 7, 8],
  );
  // After the client was away its number goes out once more, and each time.
  for (const brokerCounter of [4, 5]) assert.ok(waiting.update('away', { cmd: 'pubrel', brokerId: 'b', brokerCounter, messageId: 8 }));
  assert.equal(waiting.add('away', { brokerId: 'b', brokerCounter: 6, payload: Buffer.alloc(5 << 20) }), null, 'there is room again');
  assert.deepEqual([waiting.take('away', 7)?.payload, waiting.take('away', 7)], [undefined, undefined]);
  assert.equal(waiting.list('away').length, 3);
  assert.deepEqual([waiting.update('away', { messageId: 9 }), waiting.update('nobody', { messageId: 9 })], [false, false]);
});

test('what waits for all together has a bound; what is fetched or forgotten makes room', () => {
  const waiting = new Waiting<Queued>();
  const payload = Buffer.alloc(16 << 20);
  for (let i = 0; i < 8; i++) assert.equal(waiting.add(`away-${i}`, { messageId: 1, payload }), null);
  assert.match(waiting.add('one-more', { payload }) ?? '', /bytes waiting for clients that are absent or slow/);
  waiting.take('away-0', 1);
  assert.equal(waiting.add('one-more', { payload }), null);
  waiting.forget('away-1');
  waiting.forget('away-1');
  assert.equal(waiting.add('away-1', { payload }), null);
  assert.ok(waiting.add('another', { payload }));
});

test('of one SUBSCRIBE only what was granted is kept, and once', async () => {
  const memory = new BoundedMemory(
    () => {},
    (_client, filter) => filter !== 'refused',
  );
  const client = { id: 'one' } as Client;
  const filters = [
    { topic: 'granted', qos: 1 },
    { topic: 'refused', qos: 1 },
  ];
  const kept = async () =>
    (memory as unknown as { subscriptionsByClient(client: object): Promise<{ topic: string }[]> }).subscriptionsByClient(client);
  await memory.addSubscriptions(client, filters);
  assert.deepEqual(
    (await kept()).map(({ topic }) => topic),
    ['granted'],
  );
  await memory.cleanSubscriptions(client);
  await memory.addSubscriptions(client, filters);
  assert.deepEqual(await kept(), [], 'the same SUBSCRIBE again');
});

test('a session that has ended leaves neither subscriptions nor messages', async () => {
  const memory = new BoundedMemory(() => {});
  const client = { id: 'away' } as Client;
  await memory.addSubscriptions(client, [{ topic: 'a' }]);
  await memory.outgoingEnqueueCombi([{ clientId: 'away' }], packet('a'));
  await memory.forgetSession('away');
  assert.deepEqual(await Array.fromAsync(memory.outgoingStream(client)), []);
  assert.deepEqual(await (memory as unknown as { subscriptionsByClient(client: object): Promise<[]> }).subscriptionsByClient(client), []);
});

test('a thousand absent clients keep their sessions, for a day; the one that was left first goes first', () => {
  const absent = new Absent();
  for (let i = 0; i < 1_000; i++) absent.leave(`c${i}`, i);
  const over = (now: number) => [...absent.takeOver(now)];
  assert.deepEqual(over(1_000), []);
  absent.leave('c0', 1_000);
  absent.leave('one more', 1_001);
  assert.deepEqual(over(1_001), [{ clientId: 'c1', isTooMany: true }]);
  absent.remove('c2');
  assert.deepEqual(over(86_400_002), []);
  assert.deepEqual(over(86_400_003), [{ clientId: 'c3', isTooMany: false }]);
  assert.equal(over(86_401_001).length, 998);
});
