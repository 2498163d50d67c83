import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AedesPublishPacket, Client } from 'aedes';
import { BoundedMemory } from '../../services/broker/memory.ts';

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
  const [client, other] = [{ id: 'one' }, { id: 'other' }] as [Client, Client];
  const isKnown = (who: Client, messageId: number) =>
    memory.incomingGetPacket(who, packet('a', 'x', messageId)).then(
      () => true,
      () => false,
    );
  assert.equal(await isKnown(client, 1), false);
  for (let i = 1; i <= 1_000; i++) await memory.incomingStorePacket(client, packet('a', 'x', i));
  assert.deepEqual([await isKnown(client, 1), await isKnown(other, 1)], [true, false]);
  await assert.rejects(memory.incomingStorePacket(client, packet('a', 'x', 1_001)), /too many messages of QoS 2/);
  const release = () => memory.incomingDelPacket(client, packet('a', 'x', 1));
  await Promise.all([release(), release(), release()]);
  assert.deepEqual([await isKnown(client, 1), await isKnown(client, 2)], [false, true]);
  await memory.incomingStorePacket(client, packet('a', 'x', 1_001));
  await memory.cleanSubscriptions(client);
  assert.equal(await isKnown(client, 2), false);
});
