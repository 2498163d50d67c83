import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt-packet';
import { startBroker } from '../../services/broker/broker.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { stamped, tinyJpeg } from '../helpers/pictures.ts';
import { processStats } from '../helpers/process-stats.ts';
import { startProgram } from '../helpers/program.ts';
import { connectRaw, openRaw, type RawMqtt } from '../helpers/raw-mqtt.ts';
import { connectMqtt, receive, startTestBroker, type TestBroker, testSettings } from '../helpers/services.ts';
import { until, untilEvent, within } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

/** A PUBLISH header that announces 100 MB. */
const hugeHeader = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x32, 0, 1, 0x61]);

/** Writes as fast as the peer reads, until it is closed or all is out. */
async function flood(raw: RawMqtt, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(1 << 20);
  for (let sent = 0; sent < bytes && !raw.closed; sent += chunk.length) {
    if (raw.socket.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      for (const event of ['drain', 'close']) raw.socket.once(event, () => resolve());
      if (raw.closed) resolve();
    });
  }
}

async function startSeparately(t: Scope) {
  const program = startProgram(t, { main: 'services/broker/main.ts', env: { BROKER_AUTH: 'off' } });
  const [, port] = await program.outputMatching(/open on 127\.0\.0\.1:(\d+)/);
  return { program, address: { host: '127.0.0.1', port: Number(port) }, rss: () => processStats(program.pid)?.rssBytes ?? 0 };
}

describe('packets that are too large', { concurrency: true }, () => {
  test('announced before or after CONNECT: that peer is closed at once, memory stays, everyone else notices nothing', async (t) => {
    const { program, address, rss } = await startSeparately(t);
    const witness = await connectRaw(t, address);
    await witness.subscribe('w');
    const before = rss();
    for (let i = 0; i < 5; i++) {
      for (const raw of [await openRaw(t, address), await connectRaw(t, address), await connectRaw(t, address, { version: 5 })]) {
        raw.socket.write(hugeHeader);
        await flood(raw, 100 << 20);
        await until('end of the peer', () => raw.closed, { ms: 3000 });
      }
    }
    const grown = rss() - before;
    assert.ok(grown <= 20e6, `memory grew by ${grown} bytes`);
    witness.send({ cmd: 'publish', topic: 'w', payload: 'still here', qos: 0, dup: false, retain: false });
    await witness.next('publish');
    await program.stop();
  });

  test('before CONNECT 64 kB is the bound, afterwards a frame and its wrapping', async (t) => {
    const bus = await startTestBroker(t, { BROKER_AUTH: 'off', FRAME_MAX_BYTES: '200000' });
    const address = { host: '127.0.0.1', port: bus.broker.address.port };
    const publish = (size: number) =>
      mqtt.generate({ cmd: 'publish', topic: 'a/frame', payload: Buffer.alloc(size), qos: 0, dup: false, retain: false });
    const early = await openRaw(t, address);
    early.socket.write(publish(70_000).subarray(0, 10));
    await until('end of the early one', () => early.closed, { ms: 3000 });
    const subscriber = await connectRaw(t, address);
    await subscriber.subscribe('a/frame');
    const publisher = await connectRaw(t, address);
    publisher.socket.write(publish(200_000));
    const frame = await subscriber.next('publish');
    assert.equal(frame.cmd === 'publish' && frame.payload.length, 200_000);
    publisher.socket.write(publish(270_000).subarray(0, 10));
    await until('end of the publisher', () => publisher.closed, { ms: 3000 });
    assert.ok(!subscriber.closed);
  });

  test('a login and a frame in one write: the frame arrives, though it came before the answer to the login', async (t) => {
    const bus = await startTestBroker(t, { BROKER_AUTH: 'off' });
    const address = { host: '127.0.0.1', port: bus.broker.address.port };
    const subscriber = await connectRaw(t, address);
    await subscriber.subscribe('a/frame');
    const raw = await openRaw(t, address);
    raw.socket.write(
      Buffer.concat([
        mqtt.generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'eager', clean: true, keepalive: 0 }),
        mqtt.generate({ cmd: 'publish', topic: 'a/frame', payload: Buffer.alloc(20_000), qos: 0, dup: false, retain: false }),
      ]),
    );
    const frame = await subscriber.next('publish');
    assert.equal(frame.cmd === 'publish' && frame.payload.length, 20_000);
  });
});

test('a message of QoS 2 that is released twice at once ends nobody but itself', async (t) => {
  const { program, address } = await startSeparately(t);
  const raw = await connectRaw(t, address);
  const release = mqtt.generate({ cmd: 'pubrel', messageId: 1 });
  for (let i = 1; i <= 3; i++) {
    const publish = mqtt.generate({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1, dup: false, retain: false });
    raw.socket.write(Buffer.concat([publish, release, release, release]));
    await raw.next('pubcomp');
  }
  await connectRaw(t, address);
  await program.stop();
});

describe('connections', { concurrency: true }, () => {
  /** A peer that has not said anything. */
  const come = (t: Scope, port: number, localAddress: string) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress });
    defer(t, () => void socket.destroy());
    socket.on('error', () => {});
    return socket;
  };

  test('when all places are taken, whoever has not logged in gives way to who comes, and the log says so', async (t) => {
    const bus = await startTestBroker(t, { BROKER_MAX_CONNECTIONS: '3' });
    const address = { host: '127.0.0.1', port: bus.broker.address.port };
    const inside = await connectRaw(t, address, bus.login('camera'));
    const silent = [await openRaw(t, address), await openRaw(t, address)];
    const newcomers = [await connectRaw(t, address, bus.login('gateway')), await connectRaw(t, address, bus.login('homeassistant'))];
    await until('end of the silent ones', () => silent.every(({ closed }) => closed));
    assert.ok([inside, ...newcomers].every(({ closed }) => !closed));
    const tooMany = await openRaw(t, address);
    await until('end of the one for which there is no room', () => tooMany.closed);
    assert.deepEqual(
      bus.lines.flatMap(({ msg }) => /^more than .*: (.*?),? (?=so|is closed)/.exec(msg)?.[1] ?? []),
      ['the oldest one that has not logged in', 'all have logged in'],
    );
  });

  test('from one address, on all listeners together', async (t) => {
    const path = join(makeWorkDir(t), 'bus.sock');
    const bus = await startTestBroker(t, { BROKER_MAX_CONNECTIONS_PER_ADDRESS: '2', BROKER_SOCKET: path });
    const { port } = bus.broker.address;
    const [one, two, three] = Array.from({ length: 3 }, () => come(t, port, '127.0.0.2'));
    await untilEvent(three as net.Socket, 'close');
    assert.deepEqual([one?.closed, two?.closed], [false, false]);
    assert.match(bus.lines.at(-1)?.msg ?? '', /^more than 2 connections from one address/);
    assert.equal(bus.lines.at(-1)?.from, '127.0.0.2');
    for (let i = 0; i < 4; i++)
      for (const where of [{ host: '127.0.0.1', port }, { path }]) await connectRaw(t, where, bus.login('camera'));
  });

  test('an address that comes again and again is closed unread, others come in', async (t) => {
    const bus = await startTestBroker(t);
    const { port } = bus.broker.address;
    const isTold = () => bus.lines.some(({ msg, from }) => msg.includes('connections in a minute') && from === '127.0.0.3');
    for (let i = 0; i < 120; i++) await untilEvent(come(t, port, '127.0.0.3').end(), 'close');
    assert.ok(!isTold());
    const unread = come(t, port, '127.0.0.3');
    unread.write(mqtt.generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'again', clean: true, keepalive: 0 }));
    await untilEvent(unread, 'close');
    assert.equal(unread.bytesRead, 0);
    assert.ok(isTold());
    await connectRaw(t, { host: '127.0.0.1', port }, bus.login('camera'));
  });
});

describe('what a client may have', () => {
  let bus: TestBroker;
  let address: { host: string; port: number };
  const undos: (() => void | Promise<void>)[] = [];
  after(() => Promise.all(undos.map((undo) => undo())).then(() => {}));
  before(async () => {
    bus = await startTestBroker({ after: (undo) => void undos.push(undo) }, { BROKER_AUTH: 'off' });
    address = { host: '127.0.0.1', port: bus.broker.address.port };
  });

  const granted = async (raw: RawMqtt, topics: string[]) => {
    raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: topics.map((topic) => ({ topic, qos: 1 })) });
    const answer = await raw.next('suback');
    return answer.cmd === 'suback' ? answer.granted : [];
  };
  /** Whether the client's session was still there. */
  const visit = async (t: Scope, clientId: string) => {
    const raw = await openRaw(t, address);
    raw.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId, clean: false, keepalive: 0 });
    const answer = await raw.next('connack');
    return { raw, isKept: answer.cmd === 'connack' && answer.sessionPresent };
  };

  test('a topic or a filter that is too long is refused, with what to do, and the connection stays', async (t) => {
    const raw = await connectRaw(t, address);
    const long = 'x'.repeat(1_025);
    assert.deepEqual(await granted(raw, [long, long.slice(1), 'a']), [128, 1, 1]);
    for (const topic of [long, 'a']) raw.send({ cmd: 'publish', topic, payload: topic, qos: 0, dup: false, retain: false });
    const answer = await raw.next('publish');
    assert.equal(answer.cmd === 'publish' && answer.topic, 'a');
    const told = bus.lines.filter(({ remedy }) => /more than 1024 bytes/.test(String(remedy)));
    assert.deepEqual(
      told.map(({ msg, from }) => `${msg.slice(0, 14)} ${from}`),
      ['a subscription 127.0.0.1', 'a message was  127.0.0.1'],
    );
  });

  test('a topic that is too deep ends its client, and the log says whose', async (t) => {
    const raw = await connectRaw(t, address);
    raw.send({ cmd: 'publish', topic: 'x/'.repeat(32), payload: 'x', qos: 0, dup: false, retain: false });
    await until('end of the client', () => raw.closed);
    const line = bus.lines.find(({ msg }) => msg === 'client closed for a fault');
    assert.deepEqual([line?.from, line?.cause], ['127.0.0.1', 'topic has too many levels']);
  });

  test('five thousand subscriptions, in one SUBSCRIBE as in many; others are refused, and none of them is kept for a session', async (t) => {
    const { raw } = await visit(t, 'greedy');
    const answers = await granted(
      raw,
      Array.from({ length: 5_010 }, (_, i) => `g/${i}`),
    );
    assert.deepEqual([answers.filter((code) => code === 1).length, answers.filter((code) => code === 128).length], [5_000, 10]);
    assert.deepEqual(await granted(raw, ['g/x', 'g/1']), [128, 1]);
    raw.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['g/1'] });
    await raw.next('unsuback');
    assert.deepEqual(await granted(raw, ['g/5001', 'g/1']), [1, 128]);
    assert.ok(bus.lines.some(({ msg, client }) => msg.startsWith('more than 5000 subscriptions of one client') && client === 'greedy'));
    raw.socket.destroy();
    await until('its end', () => raw.closed);
    const other = await connectRaw(t, address);
    const again = await visit(t, 'greedy');
    assert.ok(again.isKept);
    for (const topic of ['g/5009', 'g/5001'])
      other.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId: 1, dup: false, retain: false });
    const message = await again.raw.next('publish');
    assert.equal(message.cmd === 'publish' && message.topic, 'g/5001');
  });

  test('a thousand sessions of absent clients of 3.1.1; the one that was left first is forgotten', async (t) => {
    const first = await visit(t, 'first');
    await first.raw.subscribe('kept', 1);
    first.raw.socket.end();
    await until('its end', () => first.raw.closed);
    for (let i = 0; i < 1_000; i += 100) {
      const visits = await Promise.all(Array.from({ length: 100 }, (_, k) => visit(t, `passing-${i + k}`)));
      for (const { raw } of visits) raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'kept', qos: 1 }] });
      await Promise.all(visits.map(({ raw }) => raw.next('suback')));
      for (const { raw } of visits) raw.send({ cmd: 'disconnect' });
      await until('their ends', () => visits.every(({ raw }) => raw.closed));
    }
    assert.ok(bus.lines.some(({ msg }) => msg.startsWith('more than 1000 sessions of absent clients')));
    assert.ok((await visit(t, 'passing-999')).isKept);
    assert.ok(!(await visit(t, 'first')).isKept);
  });
});

describe('addresses', { concurrency: true }, () => {
  test('a busy port is a fault in one sentence, and nothing stays open', async (t) => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    defer(t, () => void taken.close());
    await untilEvent(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    const socket = join(makeWorkDir(t), 'bus.sock');
    const settings = testSettings(t, { BROKER_PORT: String(port), BROKER_SOCKET: socket });
    await assert.rejects(startBroker(settings, keepLog()), (error) => {
      assert.ok(error instanceof FaultError);
      assert.equal(error.message, `127.0.0.1:${port} is taken by another program: stop that one, or set BROKER_PORT to something else`);
      return true;
    });
    assert.ok(!existsSync(socket));
  });

  test('the program says so and ends with exit code 1', async (t) => {
    const bus = await startTestBroker(t);
    const program = startProgram(t, { main: 'services/broker/main.ts', env: { BROKER_PORT: String(bus.broker.address.port) } });
    await program.ends({ code: 1 });
    assert.match(program.stderr, /^HomeGuard cannot start: 127\.0\.0\.1:\d+ is taken by another program: [^\n]*\n$/);
  });

  test('an address that is not ours, and a certificate that is not there', async (t) => {
    await assert.rejects(startBroker(testSettings(t, { BROKER_HOST: '192.0.2.1' }), keepLog()), /cannot listen on 192\.0\.2\.1/);
    const settings = testSettings(t, { BROKER_TLS_CERT: '/nowhere/cert.pem', BROKER_TLS_KEY: '/nowhere/key.pem' });
    await assert.rejects(startBroker(settings, keepLog()), /BROKER_TLS_CERT names \/nowhere\/cert\.pem, which cannot be read \(ENOENT\)/);
  });

  test('the Unix socket is for owner and group, serves like TCP, and is gone after a stop', async (t) => {
    const path = join(makeWorkDir(t), 'bus.sock');
    const bus = await startTestBroker(t, { BROKER_SOCKET: path });
    assert.equal(statSync(path).mode & 0o777, 0o660);
    const client = await connectMqtt(t, `mqtt+unix://${path}`, bus.login('homeassistant'));
    await client.subscribeAsync('a');
    const got = untilEvent(client, 'message');
    await client.publishAsync('a', 'x');
    assert.equal(await got, 'a');
    await bus.stop();
    assert.ok(!existsSync(path));
  });

  test('a Unix socket left over by a killed broker is taken over', async (t) => {
    const path = join(makeWorkDir(t), 'bus.sock');
    const first = startProgram(t, { main: 'services/broker/main.ts', env: { BROKER_SOCKET: path } });
    await first.outputMatching(/open on/);
    await first.stop({ signal: 'SIGKILL', code: null });
    assert.ok(existsSync(path), 'it was left over');
    const bus = await startTestBroker(t, { BROKER_SOCKET: path });
    await connectMqtt(t, `mqtt+unix://${path}`, bus.login('camera'));
  });

  test('a Unix socket of a broker that lives is refused, and stays its', async (t) => {
    const path = join(makeWorkDir(t), 'bus.sock');
    const first = await startTestBroker(t, { BROKER_SOCKET: path });
    await assert.rejects(startBroker(testSettings(t, { BROKER_SOCKET: path }), keepLog()), (error) => {
      assert.ok(error instanceof FaultError);
      assert.match(error.message, /another broker listens on .*bus\.sock: stop it, or set BROKER_SOCKET/);
      return true;
    });
    await connectMqtt(t, `mqtt+unix://${path}`, first.login('camera'));
  });

  test('with a certificate MQTTS is served beside it, frames and all', async (t) => {
    const dir = makeWorkDir(t);
    const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...subject, '-keyout', key, '-out', cert],
      {
        stdio: 'ignore',
      },
    );
    const free = net.createServer().listen(0, '127.0.0.1');
    await untilEvent(free, 'listening');
    const { port } = free.address() as net.AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const bus = await startTestBroker(t, { BROKER_TLS_CERT: cert, BROKER_TLS_KEY: key, BROKER_TLS_PORT: String(port) });
    const secure = await connectMqtt(t, `mqtts://127.0.0.1:${port}`, { ...bus.login('homeassistant'), rejectUnauthorized: false });
    const received = await receive(secure, 'homeguard/+/frame');
    const plain = await connectMqtt(t, bus.url, bus.login('camera'));
    const frame = stamped(tinyJpeg({ size: 300_000 }), 1);
    for (let i = 1; i <= 5; i++) {
      await plain.publishAsync('homeguard/front/frame', frame);
      await until(`frame ${i}`, () => received.length === i);
      assert.ok(received.at(-1)?.payload.equals(frame));
    }
    await assert.rejects(connectMqtt(t, `mqtts://127.0.0.1:${bus.broker.address.port}`, { connectTimeout: 2_000 }));
    const plainPeer = await openRaw(t, { host: '127.0.0.1', port });
    plainPeer.socket.write('GET / HTTP/1.0\r\n\r\n');
    await until('end of who speaks no TLS', () => plainPeer.closed);
    assert.ok(bus.lines.some(({ msg, from }) => msg.startsWith('a TLS handshake failed') && from === '127.0.0.1'));
    // A handshake that does not come holds up no stop.
    const silent = await openRaw(t, { host: '127.0.0.1', port });
    await within('stop', bus.stop());
    await until('end of who was silent', () => silent.closed);
  });

  test('a file that is no socket is not deleted', async (t) => {
    const path = join(makeWorkDir(t), 'precious');
    writeFileSync(path, 'photos of the children');
    await assert.rejects(startBroker(testSettings(t, { BROKER_SOCKET: path }), keepLog()), FaultError);
    assert.ok(statSync(path).isFile());
  });

  test('SIGTERM ends the program with clients on it', async (t) => {
    const { program, address } = await startSeparately(t);
    const client = await connectRaw(t, address);
    await client.subscribe('a');
    await program.stop();
    await until('end of the client', () => client.closed);
  });
});
