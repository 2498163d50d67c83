/** What is written to the ports: valid packets, requests and WebSocket frames, broken, doubled, and in any pieces. */
import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { broken, inPieces, oddJsonText, oddText } from './inputs.ts';

export interface Login {
  username?: string;
  password?: string;
  /** `Authorization: Bearer …`. */
  token: string;
}

type Version = 4 | 5;

/** MQTT: a login, mostly, and then anything. */
export function mqttInput({ username, password }: Login): fc.Arbitrary<Buffer[]> {
  const connect = (protocolVersion: Version): Packet => ({
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion, clientId: `fuzz-${username}`, clean: true, keepalive: 9 },
    ...{ username, password: password === undefined ? undefined : Buffer.from(password) },
    will: { topic: 'homeguard/front/fps/set', payload: Buffer.from('x'), qos: 1, retain: false },
  });
  const topic = fc.oneof(
    fc.constantFrom('homeguard/front/frame', 'homeguard/front/state', 'homeguard/front/snapshot/set', 'homeguard/_bridge/hello', '$SYS/x'),
    fc.constantFrom('homeguard/x/frame', 'homeguard/x/status', 'homeguard/x/telemetry', 'homeassistant/device/homeguard_x/config'),
  );
  const filter = fc.constantFrom('#', '+/+/frame', 'homeguard/#', '$SYS/#', 'homeguard/+/viewers/+');
  const messageId = fc.integer({ min: 1, max: 3 });
  const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
  const payload = fc.oneof(oddJsonText({ condition: 'live', fps: 5 }), oddText).map((text) => Buffer.from(text));
  const retain = fc.boolean();
  const packet: fc.Arbitrary<Packet> = fc.oneof(
    fc.record({ cmd: fc.constant('publish' as const), topic, payload, qos, retain, dup: fc.boolean(), messageId }),
    fc.tuple(messageId, filter, qos).map(([id, each, most]): Packet => {
      return { cmd: 'subscribe', messageId: id, subscriptions: [{ topic: each, qos: most }] };
    }),
    fc.tuple(messageId, filter).map(([id, each]): Packet => ({ cmd: 'unsubscribe', messageId: id, unsubscriptions: [each] })),
    fc.tuple(fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId).map(([cmd, id]) => ({ cmd, messageId: id }) as Packet),
    fc.constantFrom<Packet>({ cmd: 'pingreq' }, { cmd: 'disconnect' }, connect(4), connect(5)),
  );
  const bytes = fc.tuple(fc.constantFrom<Version>(4, 5), fc.array(packet, { maxLength: 6 })).chain(([protocolVersion, packets]) => {
    const generate = (each: Packet) => mqtt.generate(each, { protocolVersion });
    const rest = broken(fc.constant(Buffer.concat(packets.map(generate))));
    const first = fc.oneof(
      { weight: 3, arbitrary: fc.constant(generate(connect(protocolVersion))) },
      broken(fc.constant(generate(connect(protocolVersion)))),
    );
    return fc.tuple(first, rest).map((parts) => Buffer.concat(parts));
  });
  return inPieces(bytes, 4);
}

const crlf = '\r\n';
const paths = [
  '/',
  '/cameras',
  '/cameras/front',
  '/cameras/front/stream',
  '/snapshot',
  '/cameras/front/snapshot?max_age=0',
  '/ws',
  '/metrics',
].concat(
  [
    '/healthz',
    '/readyz',
    '/login',
    '/login?token=x',
    '/me',
    '/tokens',
    '/tickets',
    '/assets/page.js',
    '/cameras/front/fps',
    '/%00',
    '/%',
    '//x',
  ],
  ['/?action=stream', '/?action=snapshot', '/cameras/__proto__', '/cameras/front/controls/toString', '*', 'http://x/', '/..', '\\'],
);

/** HTTP: one request or several, with a login or without. */
export function httpInput({ token }: Login): fc.Arbitrary<Buffer[]> {
  const header = fc
    .constantFrom('Content-Length: 2', 'Transfer-Encoding: chunked', 'Expect: 100-continue', 'Connection: close', 'Origin: http://evil')
    .chain((line) =>
      fc.constantFrom(
        line,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Upgrade: foo',
        'Cookie: homeguard=x',
        'Range: bytes=5-0',
        'Accept: text/html',
      ),
    );
  const request = fc
    .record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'x'),
      path: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...paths) },
        oddText.map((text) => `/${encodeURIComponent(text.toWellFormed())}`),
      ),
      version: fc.constantFrom('1.1', '1.1', '1.1', '1.0', '2.0'),
      headers: fc.array(header, { maxLength: 3 }),
      login: fc.constantFrom(`Bearer ${token}`, `Bearer ${token}`, 'Bearer x', 'Basic eDp4'),
      body: fc.oneof(fc.constantFrom('', '15', '2\r\n15\r\n0\r\n\r\n'), oddJsonText({ value: '15', path: '/stream' })),
    })
    .map(({ method, path, version, headers, login, body }) => {
      const lines = [`${method} ${path} HTTP/${version}`, 'Host: 127.0.0.1', `Authorization: ${login}`, ...headers];
      return Buffer.from(`${lines.join(crlf)}${crlf}${crlf}${body}`);
    });
  return inPieces(broken(fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => Buffer.concat(all))), 4);
}

/** A frame of a WebSocket client (RFC 6455, 5.2). */
export function frameOf(opcode: number, payload: Buffer, { isLast = true, announced = payload.length } = {}): Buffer {
  const first = (isLast ? 0x80 : 0) | opcode;
  const head = Buffer.alloc(announced < 126 ? 2 : announced < 65_536 ? 4 : 10);
  head.writeUInt8(first);
  head.writeUInt8(0x80 | (announced < 126 ? announced : announced < 65_536 ? 126 : 127), 1);
  if (head.length === 4) head.writeUInt16BE(announced, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(announced), 2);
  // A mask of zeros changes nothing.
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** The handshake of a WebSocket. */
export function handshake(path: string, token: string): Buffer {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: Bearer ${token}`, 'Connection: Upgrade', 'Upgrade: websocket'];
  return Buffer.from(
    [...lines, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${Buffer.alloc(16, 'k').toString('base64')}`, '', ''].join(crlf),
  );
}

/** WebSocket: a handshake, and then frames. */
export function webSocketInput({ token }: Login): fc.Arbitrary<Buffer[]> {
  const wish = oddJsonText({ fps: 5, watch: ['front', 'x'], ping: 1 });
  const frame = fc
    .record({
      opcode: fc.constantFrom(1, 1, 1, 2, 0, 8, 9, 10, 3, 15),
      payload: fc.oneof(wish, oddText, fc.constant('x'.repeat(200))).map((text) => Buffer.from(text)),
      isLast: fc.constantFrom(true, true, true, false),
      announced: fc.option(fc.constantFrom(0, 5, 125, 126, 4_096, 65_536, 100 << 20), { nil: undefined, freq: 8 }),
    })
    .map(({ opcode, payload, isLast, announced }) => frameOf(opcode, payload, { isLast, announced }));
  const frames = broken(
    fc.array(frame, { maxLength: 8 }).map((all) => Buffer.concat(all)),
    2,
  );
  const bytes = fc
    .tuple(fc.constantFrom('/ws', '/cameras/front/ws'), frames)
    .map(([path, rest]) => Buffer.concat([handshake(path, token), rest]));
  return inPieces(bytes, 4);
}
