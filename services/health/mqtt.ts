/**
 * The few packets of MQTT 3.1.1, which every broker speaks, that a check needs. By hand: loading a library takes longer than the rest of the
 * check. Pure.
 */
const [CONNECT, CONNACK, PUBLISH, SUBSCRIBE] = [0x10, 0x20, 0x30, 0x82];
/** The broker lets go of us after 1.5 times this, in seconds; we are gone long before. */
const KEEPALIVE_S = 10;
const CLEAN_SESSION = 0x02;
const [WITH_USERNAME, WITH_PASSWORD] = [0x80, 0x40];

export interface Login {
  username?: string;
  password?: string;
}

/** What a broker sends that matters to us. */
export type Packet = { is: 'connack'; code: number } | { is: 'publish'; topic: string; payload: Buffer; retain: boolean } | { is: 'other' };

/** CONNECT with a clean session and no will (3.1). */
export function connectPacket(clientId: string, { username, password }: Login): Buffer {
  const flags = CLEAN_SESSION | (username ? WITH_USERNAME : 0) | (username && password ? WITH_PASSWORD : 0);
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, KEEPALIVE_S])]);
  const login = [username, username && password].flatMap((part) => (part ? text(part) : []));
  return packet(CONNECT, [head, text(clientId), ...login]);
}

/** SUBSCRIBE to all of them at QoS 0 (3.8). */
export function subscribePacket(topics: string[]): Buffer {
  return packet(SUBSCRIBE, [Buffer.from([0, 1]), ...topics.flatMap((topic) => [text(topic), Buffer.from([0])])]);
}

/** Reads a whole packet, as `PacketCutter` cuts them. Throws RangeError when it is shorter than it says. */
export function readPacket(bytes: Buffer): Packet {
  const type = bytes.readUInt8(0) & 0xf0;
  const at = bytes.findIndex((byte, i) => i > 0 && byte < 0x80) + 1;
  if (type === CONNACK) return { is: 'connack', code: bytes.readUInt8(at + 1) };
  if (type !== PUBLISH) return { is: 'other' };
  const end = at + 2 + bytes.readUInt16BE(at);
  const qos = (bytes.readUInt8(0) >> 1) & 3;
  const payload = bytes.subarray(end + (qos > 0 ? 2 : 0));
  return { is: 'publish', topic: bytes.toString('utf8', at + 2, end), payload, retain: (bytes.readUInt8(0) & 1) === 1 };
}

function packet(type: number, parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([type, ...lengthOf(body.length)]), body]);
}

/** Seven bits a byte, the lowest first (2.2.3). */
function lengthOf(length: number): number[] {
  return length < 128 ? [length] : [(length % 128) | 0x80, ...lengthOf(Math.floor(length / 128))];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
