import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryPair } from '../../services/shared/transport.ts';
import { untilEvent } from '../helpers/until.ts';

/** All that the broker's end has to give now, which comes as lists of pieces. */
function readAll(broker: { read(): unknown }): string {
  let text = '';
  for (let pieces = broker.read(); pieces !== null; pieces = broker.read()) text += Buffer.concat(pieces as Buffer[]);
  return text;
}

test('what the broker writes its client reads, in order, also when it was corked', async () => {
  const { broker, client } = memoryPair();
  const read: string[] = [];
  client.on('data', (chunk: Buffer) => read.push(chunk.toString()));
  broker.cork();
  for (const word of ['a', 'b', 'c']) broker.write(word);
  broker.uncork();
  broker.write('d');
  broker.end('e');
  await untilEvent(client, 'end');
  assert.equal(read.join(''), 'abcde');
});

test('what the client writes the broker reads, by reference', async () => {
  const { broker, client } = memoryPair();
  const frame = Buffer.alloc(100_000, 1);
  client.cork();
  client.write('header');
  client.write(frame);
  client.uncork();
  await untilEvent(broker, 'readable');
  const pieces = broker.read() as Buffer[];
  assert.deepEqual(pieces.map(String), ['header', String(frame)]);
  assert.equal(pieces[1]?.buffer, frame.buffer);
  client.write('more');
  client.end('end');
  assert.equal(readAll(broker), 'moreend');
});

test('what the other end has not read is the backlog', async () => {
  const { broker, client } = memoryPair();
  for (const [one, other] of [
    [broker, client],
    [client, broker],
  ] as const) {
    one.write(Buffer.alloc(100_000));
    one.write(Buffer.alloc(50_000));
    assert.equal(one.backlog, 150_000);
    while (other.read() !== null);
    assert.equal(one.backlog, 0);
  }
});

test('when one end closes, so does the other', async () => {
  for (const end of ['broker', 'client'] as const) {
    const pair = memoryPair();
    const other = pair[end === 'broker' ? 'client' : 'broker'];
    const closed = untilEvent(other, 'close');
    pair[end].destroy();
    await closed;
    assert.ok(other.destroyed);
  }
});
