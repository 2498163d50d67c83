import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokenRuleError } from '../../services/broker/guard/broken-rule.ts';
import { Guard } from '../../services/broker/guard/guard.ts';

const str = (text: string | Buffer) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
/** Whole packet: first byte, then numbers, strings with their length, and bytes as they are. */
function packet(first: number, ...fields: (number | string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    fields.map((each) => (typeof each === 'number' ? Buffer.from([each]) : typeof each === 'string' ? str(each) : each)),
  );
  return Buffer.concat([Buffer.from([first, body.length]), body]);
}
const connect = (level: number, flags = 2, ...rest: (number | string | Buffer)[]) =>
  packet(0x10, level === 3 ? 'MQIsdp' : 'MQTT', level, flags, 0, 9, ...(level === 5 ? [0] : []), 'x', ...rest);
const raw = (text: string) => str(Buffer.from(text, 'latin1'));

/** The clause that a refusal names, or null when everything is let through. */
function verdict(packets: Buffer[]): string | null {
  const guard = new Guard();
  try {
    for (const each of packets) guard.check(each);
    return null;
  } catch (error) {
    assert.ok(error instanceof BrokenRuleError, String(error));
    return (
      error.message
        .match(/\[(?:3.1.1: )?(.*)\]|\(3.1.1: \[(.*)\]\)/)
        ?.slice(1)
        .find(Boolean) ?? error.message
    );
  }
}

const firsts: [string, Buffer, string | null][] = [
  ['3.1', connect(3), null],
  ['3.1.1', connect(4), null],
  ['5', connect(5), null],
  ['a bridge of old', packet(0x10, 'MQTT', 0x84, 2, 0, 9, 'x'), null],
  ['will and login', connect(4, 0xee, 't', 'message', 'user', 'password'), null],
  ['a password alone, 5', connect(5, 0x42, 'password'), null],
  ['a message before it', packet(0x30, 't'), 'MQTT-3.1.0-1'],
  ['flags', packet(0x11, 'MQTT', 4, 2, 0, 9, 'x'), 'MQTT-2.1.3-1'],
  ['another name', packet(0x10, 'MQTX', 4, 2, 0, 9, 'x'), 'MQTT-3.1.2-1'],
  ['another level', packet(0x10, 'MQTT', 6, 2, 0, 9, 'x'), 'MQTT-3.1.2-2'],
  ['the name of 3.1 for 3.1.1', packet(0x10, 'MQIsdp', 4, 2, 0, 9, 'x'), 'MQTT-3.1.2-2'],
  ['reserved flag', connect(4, 3), 'MQTT-3.1.2-3'],
  ['will of QoS 3', connect(4, 0x1e, 't', 'message'), 'MQTT-3.1.2-12'],
  ['QoS without a will', connect(4, 0x0a), 'MQTT-3.1.2-11, 3.1.2-13'],
  ['retain without a will', connect(4, 0x22), 'MQTT-3.1.2-11, 3.1.2-13'],
  ['wildcard as will', connect(4, 6, '#', 'message'), 'MQTT-3.3.2-2'],
  ['no topic of a will', connect(4, 6, '', 'message'), 'MQTT-4.7.3-1'],
  ['a password alone, 3.1.1', connect(4, 0x42, 'password'), 'MQTT-3.1.2-22'],
  ['bytes behind it', connect(4, 2, 0), 'MQTT-2.1.4'],
  ['cut short', connect(4, 0x82), 'MQTT-2.1.4'],
  ['NUL in the id', packet(0x10, 'MQTT', 4, 2, 0, 9, 'a\0'), 'MQTT-1.5.4-1'],
  ['receive maximum 0', packet(0x10, 'MQTT', 5, 2, 0, 9, 3, 33, 0, 0, 'x'), 'MQTT 5.0, 2.2.2'],
  ['data without a method', packet(0x10, 'MQTT', 5, 2, 0, 9, 3, 22, 0, 0, 'x'), 'MQTT 5.0, 3.1.2.11.10'],
];
/** After a CONNECT of that level. */
const laters: [string, number, Buffer, string | null][] = [
  ['message', 4, packet(0x30, 'a/b', Buffer.from([0, 0xff])), null],
  ['wide text', 4, packet(0x30, str(Buffer.from('Tür/日本/😀'))), null],
  ['alias', 5, packet(0x30, '', 3, 35, 0, 1), null],
  ['subscriptions', 4, packet(0x82, 0, 1, '#', 0, '+/a/#', 1, '/+', 2), null],
  ['shared', 5, packet(0x82, 0, 1, 0, '$share/g/#', 0x2a), null],
  ['ack', 5, packet(0x40, 0, 1, 0x10), null],
  ['leave', 5, packet(0xe0, 4), null],
  ['ping', 4, packet(0xc0), null],
  ['sent again, 3.1', 3, packet(0x6a, 0, 1), null],
  ['sent again, 3.1.1', 4, packet(0x6a, 0, 1), 'MQTT-2.1.3-1'],
  ['second CONNECT', 4, connect(4), 'MQTT-3.1.0-2'],
  ['CONNACK', 4, packet(0x20, 0, 0), 'MQTT 5.0, 2.1.2'],
  ['SUBACK', 5, packet(0x90, 0, 1, 0, 0), 'MQTT 5.0, 2.1.2'],
  ['AUTH before 5', 4, packet(0xf0), 'MQTT 5.0, 2.1.2'],
  ['type 0', 4, packet(0), 'MQTT 5.0, 2.1.2'],
  ['QoS 3', 4, packet(0x36, 'a', 0, 1), 'MQTT-3.3.1-4'],
  ['QoS 0 again', 4, packet(0x38, 'a'), 'MQTT-3.3.1-2'],
  ['id 0', 4, packet(0x32, 'a', 0, 0), 'MQTT-2.2.1-3'],
  ['ack of id 0', 4, packet(0x40, 0, 0), 'MQTT-2.2.1-3'],
  ['wildcard', 4, packet(0x30, 'a/+'), 'MQTT-3.3.2-2'],
  ['no topic', 4, packet(0x30, ''), 'MQTT-4.7.3-1'],
  ['no topic, no alias', 5, packet(0x30, '', 0), 'MQTT-4.7.3-1'],
  ['alias 0', 5, packet(0x30, 'a', 3, 35, 0, 0), 'MQTT 5.0, 2.2.2'],
  ['subscription id of a client', 5, packet(0x30, 'a', 2, 11, 1), 'MQTT 5.0, 2.2.2.2'],
  ['property twice', 5, packet(0x30, 'a', 4, 1, 0, 1, 0), 'MQTT 5.0, 2.2.2.2'],
  ['property beyond the end', 5, packet(0x30, 'a', 9, 1), 'MQTT-2.1.4'],
  ['unknown property', 5, packet(0x30, 'a', 2, 99, 0), 'MQTT 5.0, 2.2.2.2'],
  ['control character', 4, packet(0x30, 'a\x1b'), 'MQTT-1.5.4-1'],
  ['C1', 4, packet(0x30, raw('\xc2\x80')), 'MQTT-1.5.4-1'],
  ['surrogate', 4, packet(0x30, raw('\xed\xa0\x80')), 'MQTT-1.5.4-1'],
  ['overlong', 4, packet(0x30, raw('\xc0\x80')), 'MQTT-1.5.4-1'],
  ['non-character', 4, packet(0x30, raw('\xef\xbf\xbf')), 'MQTT-1.5.4-1'],
  ['SUBSCRIBE to nothing', 4, packet(0x82, 0, 1), 'MQTT-3.8.3-2'],
  ['SUBSCRIBE, flags', 4, packet(0x80, 0, 1, 'a', 0), 'MQTT-2.1.3-1'],
  ['SUBSCRIBE, QoS 3', 4, packet(0x82, 0, 1, 'a', 3), 'MQTT-3.8.3-4'],
  ['SUBSCRIBE, reserved', 4, packet(0x82, 0, 1, 'a', 4), 'MQTT-3.8.3-5'],
  ['SUBSCRIBE, retain handling', 5, packet(0x82, 0, 1, 0, 'a', 0x30), 'MQTT 5.0, 3.8.3.1'],
  ['filter a#', 4, packet(0x82, 0, 1, 'a#', 0), 'MQTT-4.7.1-1'],
  ['filter #/a', 4, packet(0x82, 0, 1, '#/a', 0), 'MQTT-4.7.1-1'],
  ['filter a+/b', 4, packet(0x82, 0, 1, 'a+/b', 0), 'MQTT-4.7.1-1'],
  ['no filter', 4, packet(0x82, 0, 1, '', 0), 'MQTT-4.7.3-1'],
  ['shared, no filter', 5, packet(0x82, 0, 1, 0, '$share/g/', 0), 'MQTT-4.8.2-1'],
  ['shared, No Local', 5, packet(0x82, 0, 1, 0, '$share/g/a', 4), 'MQTT-3.8.3-4'],
  ['UNSUBSCRIBE from nothing', 4, packet(0xa2, 0, 1), 'MQTT-3.10.3-2'],
  ['reason', 5, packet(0x40, 0, 1, 0x55), 'MQTT 5.0, 2.4'],
  ['bytes behind a ping', 4, packet(0xc0, 0), 'MQTT-2.1.4'],
  ['bytes behind an ack', 4, packet(0x40, 0, 1, 0), 'MQTT-2.1.4'],
];

test('each rule of MQTT is kept at the CONNECT', () => {
  for (const [what, bytes, clause] of firsts) assert.equal(verdict([bytes]), clause, what);
});

test('and after it', () => {
  for (const [what, level, bytes, clause] of laters) assert.equal(verdict([connect(level), bytes]), clause, what);
});

test('who speaks MQTT 5 is told why, once his CONNECT was answered', () => {
  for (const [isAnswered, farewell] of [
    [false, null],
    [true, Buffer.from([0xe0, 1, 0x82])],
  ] as const) {
    const guard = new Guard();
    guard.check(connect(5));
    guard.isAnswered = isAnswered;
    assert.throws(() => guard.check(connect(5)), { farewell });
  }
  assert.throws(() => new Guard().check(packet(0x10, 'MQTT', 6, 2, 0, 9, 'x')), { farewell: Buffer.from([0x20, 2, 0, 1]) });
  // Who speaks another protocol would not understand.
  assert.throws(() => new Guard().check(packet(0x10, 'MQTX', 4, 2, 0, 9, 'x')), { farewell: null });
  assert.throws(() => new Guard().check(connect(5, 3)), { farewell: Buffer.from([0x20, 3, 0, 0x81, 0]) });
});

test('nothing but a message may have more than 64 kB', () => {
  const whole = (first: number, size: number, field: Buffer) => {
    const body = Buffer.concat([Buffer.from([0, 1]), ...new Array(Math.floor((size - 6) / field.length)).fill(field)]);
    return Buffer.concat([Buffer.from([first, (body.length & 127) | 128, ((body.length >> 7) & 127) | 128, body.length >> 14]), body]);
  };
  const filter = Buffer.concat([str('a'), Buffer.from([1])]);
  for (const [first, field] of [
    [0x82, filter],
    [0xa2, str('a')],
  ] as const) {
    assert.equal(verdict([connect(4), whole(first, 65_536, field)]), null);
    assert.match(verdict([connect(4), whole(first, 65_560, field)]) ?? '', /more than 65536 bytes that is no message/);
  }
  assert.equal(verdict([connect(4), whole(0x30, 100_000, Buffer.from('x'))]), null);
});
