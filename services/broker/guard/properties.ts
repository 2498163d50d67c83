import { Body } from './body.ts';
import { BrokenRuleError, REASON, requireThat } from './broken-rule.ts';
import { readTopic } from './topic.ts';

/** Which packet (or the will in it) properties belong to. */
export const PLACE = { connect: 1, will: 2, publish: 4, ack: 8, subscribe: 16, unsubscribe: 32, disconnect: 64, auth: 128 } as const;
const MESSAGE = PLACE.publish | PLACE.will;
const LOGIN = PLACE.connect | PLACE.auth;

const isFlag = (body: Body) => requireThat(body.byte() < 2, 'a property that is neither 0 nor 1 [MQTT 5.0, 2.2.2]', REASON.protocol);
const isNotZero = (value: number, reason: number = REASON.protocol) => requireThat(value > 0, 'a property of 0 [MQTT 5.0, 2.2.2]', reason);
const uint32 = (body: Body) => body.uint32();
const text = (body: Body) => body.text();
const pair = (body: Body) => body.text() + body.text();

const USER_PROPERTY = 0x26;
const [METHOD, DATA] = [0x15, 0x16];
export const TOPIC_ALIAS = 0x23;

/** What a client may send (MQTT 5.0, 2.2.2.2): identifier -> where, and how it is read. */
const PROPERTIES: Record<number, { in: number; read: (body: Body) => unknown }> = {
  1: { in: MESSAGE, read: isFlag },
  2: { in: MESSAGE, read: uint32 },
  3: { in: MESSAGE, read: text },
  8: { in: MESSAGE, read: (body) => requireThat(readTopic(body) > 0, 'an empty response topic [MQTT-4.7.3-1]', REASON.protocol) },
  9: { in: MESSAGE, read: (body) => body.binary() },
  11: { in: PLACE.subscribe, read: (body) => isNotZero(body.varint()) },
  17: { in: PLACE.connect | PLACE.disconnect, read: uint32 },
  [METHOD]: { in: LOGIN, read: text },
  [DATA]: { in: LOGIN, read: (body) => body.binary() },
  23: { in: PLACE.connect, read: isFlag },
  24: { in: PLACE.will, read: uint32 },
  25: { in: PLACE.connect, read: isFlag },
  31: { in: PLACE.ack | PLACE.disconnect | PLACE.auth, read: text },
  33: { in: PLACE.connect, read: (body) => isNotZero(body.uint16()) },
  34: { in: PLACE.connect, read: (body) => body.uint16() },
  [TOPIC_ALIAS]: { in: PLACE.publish, read: (body) => isNotZero(body.uint16(), REASON.alias) },
  [USER_PROPERTY]: { in: 255, read: pair },
  39: { in: PLACE.connect, read: (body) => isNotZero(body.uint32()) },
};

/** Those that only a server sends: out of place from a client, but not malformed. */
const SERVERS = new Set([18, 19, 26, 28, 36, 37, 40, 41, 42]);

/** Reads the properties at `place` (one of PLACE); returns which identifiers came, as bits. */
export function readProperties(packet: Body, place: number): bigint {
  const length = packet.varint();
  if (length === 0) return 0n;
  const from = packet.skip(length);
  const body = new Body(packet.bytes, from, packet.at);
  let seen = 0n;
  while (body.left > 0) {
    const id = body.varint();
    const property = PROPERTIES[id];
    const reason = SERVERS.has(id) ? REASON.protocol : REASON.malformed;
    if (!property) throw new BrokenRuleError('a property that no client may send [MQTT 5.0, 2.2.2.2]', reason);
    requireThat((property.in & place) !== 0, 'a property that its packet may not have [MQTT 5.0, 2.2.2.2]', REASON.protocol);
    const bit = 1n << BigInt(id);
    requireThat(id === USER_PROPERTY || !(seen & bit), 'a property twice [MQTT 5.0, 2.2.2.2]', REASON.protocol);
    seen |= bit;
    property.read(body);
  }
  requireThat(!has(seen, DATA) || has(seen, METHOD), 'authentication data without a method [MQTT 5.0, 3.1.2.11.10]', REASON.protocol);
  return seen;
}

export const has = (seen: bigint, id: number) => (seen & (1n << BigInt(id))) !== 0n;
