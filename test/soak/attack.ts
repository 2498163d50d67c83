/**
 * One attack, as a program of its own, so that it has nobody's event loop but its own: `attack.ts KIND PORT [SECRET]`. Floods come from many
 * addresses of this machine, as each has bounds of its own.
 */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt-packet';

const MB = 1 << 20;
const GARBAGE = 10_000;
const HALF_OPEN = 1_000;
const WRONG_PASSWORDS = 10_000;
const AT_ONCE = 50;
/** How long half-open connections stay, and over how long the passwords are spread. */
const STAY_MS = 8_000;
const GUESSING_MS = 60_000;
/** A peer that does not close by itself is left after so long. */
const PATIENCE_MS = 3_000;
/** Garbage may look like the beginning of something. */
const GARBAGE_MS = 200;

const [kind = '', port = '', secret = ''] = process.argv.slice(2);

const http = (line: string, ...headers: string[]) =>
  `${[line, 'Host: x', `Authorization: Bearer ${secret}`, ...headers].join('\r\n')}\r\n\r\n`;
const upgrade = http(
  'GET /ws HTTP/1.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${'k'.repeat(22)}==`,
);
const connect = (username: string, password: string) =>
  mqtt.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: `flood-${randomBytes(4).toString('hex')}`,
    clean: true,
    username,
    password: Buffer.from(password),
  });
/** A first byte and the length of 100 MB (MQTT 5.0, 1.5.5). */
const longPacket = (type: number) => Buffer.from([type, 0x80, 0x80, 0x80, 0x32]);

const attacks: Record<string, () => Promise<void>> = {
  '100 MB before CONNECT': () => pour(longPacket(0x10)),
  '100 MB after CONNECT': () => pour(Buffer.concat([connect('homeassistant', secret), longPacket(0x30)])),
  '100 MB of headers': () => pour(Buffer.from(`GET / HTTP/1.1\r\nX: `)),
  '100 MB of a body': () => pour(Buffer.from(http('POST /cameras/camera/fps HTTP/1.1', `Content-Length: ${100 * MB}`))),
  '100 MB to a WebSocket': () =>
    pour(Buffer.concat([Buffer.from(upgrade), Buffer.from([0x81, 0xff, 0, 0, 0, 0, 6, 0x40, 0, 0, 1, 2, 3, 4])])),
  garbage: () => times(GARBAGE, AT_ONCE, (i) => write(i, randomBytes(1 + ((i * 37) % 2_000)), { ms: GARBAGE_MS })),
  silent: () => halfOpen(''),
  'half a CONNECT': () => halfOpen(connect('x', 'y').subarray(0, 9)),
  'half a request': () => halfOpen('GET /stream HTTP/1.1\r\nHost: x\r\nX-A: '),
  'wrong passwords, MQTT': () => guess((i) => write(i, connect('anna', `wrong ${i}`))),
  'wrong passwords, HTTP': () => guess((i) => post(i, '127.0.0.2')),
  'wrong passwords, HTTP, from everywhere': () => guess((i) => post(i, addressOf(i))),
};

await attacks[kind]?.();

/** An address of this machine; all of them together stand for the many of a real attack. */
function addressOf(i: number): string {
  return `127.0.${1 + (Math.floor(i / 250) % 250)}.${2 + (i % 250)}`;
}

function open(i: number, localAddress = addressOf(i)): { socket: net.Socket; closed: Promise<void> } {
  const socket = net.connect({ port: Number(port), host: '127.0.0.1', localAddress });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {}).resume();
  return { socket, closed };
}

/** Ten times 100 MB, one after the other, as far as they are taken. */
async function pour(head: Buffer): Promise<void> {
  const chunk = Buffer.alloc(MB, 'x');
  for (let round = 0; round < 10; round++) {
    const { socket, closed } = open(round);
    socket.write(head);
    await Promise.race([sleep(300), closed]);
    for (let i = 0; i < 100 && !socket.destroyed; i++) {
      if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed, sleep(PATIENCE_MS)]);
    }
    socket.destroy();
    await closed;
  }
}

async function write(i: number, bytes: Buffer | string, { from = addressOf(i), ms = PATIENCE_MS } = {}): Promise<void> {
  const { socket, closed } = open(i, from);
  socket.write(bytes);
  await Promise.race([closed, sleep(ms)]);
  socket.destroy();
}

async function post(i: number, from: string): Promise<void> {
  const body = `name=anna&password=wrong+${i}`;
  const type = 'Content-Type: application/x-www-form-urlencoded';
  await write(i, `POST /login HTTP/1.1\r\nHost: x\r\n${type}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`, {
    from,
  });
}

async function halfOpen(bytes: Buffer | string): Promise<void> {
  const all = Array.from({ length: HALF_OPEN }, (_, i) => open(i));
  for (const { socket } of all) if (bytes.length > 0) socket.write(bytes);
  await sleep(STAY_MS);
  for (const { socket } of all) socket.destroy();
}

async function times(count: number, atOnce: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Evenly over the time. */
async function guess(work: (i: number) => Promise<void>): Promise<void> {
  const began = performance.now();
  const all: Promise<void>[] = [];
  for (let i = 0; i < WRONG_PASSWORDS; i++) {
    const ms = began + (i * GUESSING_MS) / WRONG_PASSWORDS - performance.now();
    if (ms > 0) await sleep(ms);
    all.push(work(i));
  }
  await Promise.all(all);
}
