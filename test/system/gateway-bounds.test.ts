/** What a stranger, or a viewer, may send to a gateway, and how much of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, describe, test } from 'node:test';
import { frameOf, handshake } from '../fuzz/port-inputs.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { startTestBroker, startTestGateway, token } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, openLive } from '../helpers/viewers.ts';

const suite: Scope = { after };
const bus = await startTestBroker(suite);
const camera = await startCamera(suite, bus, 'front', await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 }));
camera.play();
const { url, lines } = await startTestGateway(suite, bus);
await until('the camera', async () => (await fetch(`${url}cameras/front`, { headers: bearer })).ok);
const port = Number(new URL(url).port);
const MB = 1 << 20;

/** A connection that sends what it is given, reads what comes, and ends nothing by itself. */
function open(t: Scope, ...pieces: (string | Buffer)[]) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  defer(t, () => void socket.destroy());
  const seen = { socket, answer: '', isEnded: false };
  socket.on('error', () => {}); // it may be closed while we still write
  socket.on('data', (chunk: Buffer) => {
    seen.answer += chunk.toString('latin1');
  });
  for (const event of ['end', 'close']) socket.on(event, () => Object.assign(seen, { isEnded: true }));
  for (const piece of pieces) socket.write(piece);
  return seen;
}

async function answerTo(t: Scope, ...pieces: (string | Buffer)[]): Promise<{ status: number; type: string; detail: string }> {
  const seen = open(t, ...pieces);
  await until('end of the answer', () => seen.isEnded);
  const [head = '', body = ''] = seen.answer.split('\r\n\r\n');
  const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), type, detail: type.includes('problem') ? JSON.parse(body).detail : body };
}

const request = (first: string, ...headers: string[]) => `${[first, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;

describe('requests', { concurrency: true }, () => {
  const refused: [string, string, number, RegExp][] = [
    ['an address of 8 kB', request(`GET /?${'a'.repeat(8_000)} HTTP/1.1`), 414, /at most 8000 characters/],
    ['101 headers', request('GET / HTTP/1.1', ...Array(100).fill('X: y')), 431, /at most 100 headers/],
    ['headers of 20 kB', request('GET / HTTP/1.1', `X: ${'a'.repeat(20_000)}`), 431, /at most 16384 bytes/],
    ['no HTTP', '\x16\x03\x01 garbage\r\n\r\n', 400, /no HTTP request/],
    ['no host', 'GET /healthz HTTP/1.0\r\n\r\n', 400, /no HTTP request/],
    ['no path', request('GET foo HTTP/1.1'), 400, /no HTTP request/],
    ['a body of a GET request', request('GET /healthz HTTP/1.1', 'Transfer-Encoding: chunked'), 400, /GET request has no body/],
    ['1 GB', request('POST /cameras HTTP/1.1', 'Content-Length: 1000000000'), 413, /at most 16384 bytes/],
    [
      '1 GB, to come if it may',
      request('POST /cameras HTTP/1.1', 'Content-Length: 1000000000', 'Expect: 100-continue'),
      413,
      /at most 16384/,
    ],
  ];
  for (const [name, bytes, status, detail] of refused) {
    test(`refused with the reason, without a login: ${name}`, async (t) => {
      const answer = await answerTo(t, bytes);
      assert.deepEqual([answer.status, answer.type], [status, 'application/problem+json']);
      assert.match(answer.detail, detail);
    });
  }

  test('a long body is not read: what is sent stays with the sender', async (t) => {
    const seen = open(t, request('POST /cameras/front/fps HTTP/1.1', `Authorization: Bearer ${token}`, 'Content-Length: 1000000000'));
    let taken = 0;
    for (let i = 0; i < 100; i++) seen.socket.write(Buffer.alloc(MB), (error) => void (error || taken++));
    await until('end', () => seen.socket.closed);
    assert.match(seen.answer, /^HTTP\/1\.1 413 /);
    assert.ok(taken < 20, `${taken} MB were taken, and the kernel holds no more than a few`);
  });

  test('a chunked body is read where one is wanted, and only as far as one may be long', async (t) => {
    const post = request('POST /cameras/front/fps HTTP/1.1', `Authorization: Bearer ${token}`, 'Transfer-Encoding: chunked');
    const seen = open(t, post, ...Array(50).fill(`400\r\n${'x'.repeat(1_024)}\r\n`));
    await until('end', () => /^HTTP\/1\.1 413 /.test(seen.answer) && seen.isEnded);
  });

  test('an upgrade that nobody knows is none; one that is refused is closed, whether or not its client goes', async (t) => {
    const upgrade = (path: string, what: string) => request(`GET ${path} HTTP/1.1`, 'Connection: Upgrade', `Upgrade: ${what}`);
    const unknown = open(t, upgrade('/healthz', 'h2c'));
    await until('an answer', () => /^HTTP\/1\.1 200 /.test(unknown.answer));
    const named = [`Authorization: Bearer ${token}`, 'Connection: Upgrade', 'Upgrade: websocket'];
    for (const [line, ...more] of [['HEAD /ws HTTP/1.1'], ['GET /ws HTTP/1.1', 'Content-Length: 1']] as [string, ...string[]][]) {
      const none = open(t, `${request(line, ...named, ...more)}x`);
      await until('that it is none', () => /^HTTP\/1\.1 426 /.test(none.answer));
    }
    const stranger = open(
      t,
      `${upgrade('/ws', 'websocket').slice(0, -2)}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'k'.repeat(22)}==\r\n\r\n`,
    );
    await until('the refusal', () => /^HTTP\/1\.1 401 /.test(stranger.answer) && stranger.isEnded);
    // It can still be written to until the other side has closed it altogether.
    await until('the end of it', () => stranger.socket.closed || stranger.socket.write('x') === null, { ms: 8_000 });
  });

  test('16 requests ahead of their answers are answered; who sends hundreds is closed', async (t) => {
    const ahead = (count: number) => open(t, request('GET /healthz HTTP/1.1').repeat(count));
    const few = ahead(16);
    await until('16 answers', () => few.answer.split('HTTP/1.1 200 OK').length === 17);
    const many = ahead(500);
    await until('end', () => many.socket.closed || many.isEnded);
    assert.ok(many.answer.split('HTTP/1.1 200 OK').length < 500);
  });

  test('garbage behind a request for a stream ends it, and stands in no picture', async (t) => {
    const seen = open(t, request('GET /cameras/front/stream HTTP/1.1', `Authorization: Bearer ${token}`));
    await until('a picture', () => seen.answer.length > 20_000);
    seen.socket.write('garbage\r\n\r\n');
    await until('end', () => seen.isEnded);
    assert.doesNotMatch(seen.answer, /problem\+json/);
  });

  test('a peer that has gone without a word is asked for after 30 s', async (t) => {
    const live = await openLive(t, `${url}ws`, { named: true });
    const { localPort } = (live.socket as unknown as { _socket: net.Socket })._socket;
    const hex = (each = 0) => each.toString(16).toUpperCase().padStart(4, '0');
    // proc_net_tcp: `… 0100007F:1F90 0100007F:C350 01 tx:rx 02:00000BB8`: the timer that runs is keepalive's, with so many 1/100 s left.
    const own = new RegExp(`:${hex(port)} [0-9A-F]+:${hex(localPort)} 01 \\S+ 02:([0-9A-F]{8}) `);
    const left = await until('the timer', () => own.exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1]);
    assert.ok(Number.parseInt(left, 16) <= 3_000, left);
  });

  test('what was refused stands in the log, one line of each kind', async (t) => {
    for (let i = 0; i < 3; i++) await answerTo(t, 'garbage\r\n\r\n');
    assert.deepEqual(
      lines.filter(({ reason }) => reason === 'bad-request').map(({ client }) => client),
      ['127.0.0.1'],
    );
  });
});

describe('WebSockets', { concurrency: true }, () => {
  const closeOf = async (t: Scope, send: (socket: Awaited<ReturnType<typeof openLive>>['socket']) => void) => {
    const { socket } = await openLive(t, `${url}ws`, { named: true });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    send(socket);
    return await closed;
  };

  test('more than 100 messages in 10 s, or pings, are too many', async (t) => {
    const messages = (count: number) => closeOf(t, (socket) => Array.from({ length: count }, () => socket.send('{"ping":1}')));
    const pings = () => closeOf(t, (socket) => socket.on('pong', () => socket.ping()).ping());
    assert.deepEqual(await Promise.all([messages(101), pings()]), [1008, 1008]);
    const { socket, messages: told } = await openLive(t, `${url}ws`, { named: true });
    for (let i = 0; i < 100; i++) socket.send('{"ping":1}');
    await until('100 answers', () => told.length === 100);
    assert.equal(lines.filter(({ reason }) => reason === 'too-many-messages').length, 1);
  });

  test('a message in more than 16 fragments is too many; one of 100 MB is not waited for', async (t) => {
    const inFragments = (count: number) =>
      closeOf(t, (socket) => Array.from({ length: count }, (_, i) => socket.send('', { fin: i === count - 1 })));
    assert.equal(await inFragments(17), 1008);
    const seen = open(t, handshake('/ws', token), frameOf(1, Buffer.alloc(MB), { announced: 100 * MB }));
    await until('end', () => seen.isEnded);
    assert.ok(seen.answer.includes('\x88\x02\x03\xf1'), 'a Close frame with 1009');
  });

  test('nothing is compressed', async (t) => {
    const offer = handshake('/ws', token).toString().replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n');
    const seen = open(t, offer);
    await until('handshake', () => seen.answer.includes('\r\n\r\n'));
    assert.match(seen.answer, /^HTTP\/1\.1 101 /);
    assert.doesNotMatch(seen.answer, /Sec-WebSocket-Extensions/i);
  });

  test('ids that are none do not end it', async (t) => {
    const live = await openLive(t, `${url}ws`, { named: true });
    live.say({ watch: ['front', { toString: 1 }, ['front'], 5, null] });
    await until('a picture and a complaint', () => live.ids.includes('front') && live.messages.some(({ type }) => type === 'error'));
  });
});
