import type { Body } from './body.ts';
import { REASON, requireThat } from './broken-rule.ts';
import { PLACE, readProperties } from './properties.ts';
import { readTopic } from './topic.ts';

/** A bridge of old says so in the level's highest bit. */
const BRIDGE = 0x80;
const NAMES = new Map([
  [3, 'MQIsdp'],
  [4, 'MQTT'],
  [5, 'MQTT'],
]);

/** Reads the protocol's name and level: 3 (MQTT 3.1), 4 (3.1.1) or 5. */
export function readLevel(body: Body): number {
  const length = body.text();
  const name = body.bytes.toString('latin1', body.at - length, body.at);
  requireThat(name === 'MQTT' || name === 'MQIsdp', 'the name of another protocol [MQTT-3.1.2-1]', REASON.protocol);
  const said = body.byte();
  const level = said === (BRIDGE | 3) || said === (BRIDGE | 4) ? said & ~BRIDGE : said;
  requireThat(NAMES.get(level) === name, 'a version of MQTT that is not spoken here: use 3.1, 3.1.1 or 5 [MQTT-3.1.2-2]', REASON.version);
  return level;
}

/** The rest of a CONNECT (MQTT 5.0, 3.1.2.3 and on). */
export function checkConnect(body: Body, level: number): void {
  const flags = body.byte();
  const [hasUser, hasPassword, hasWill] = [(flags & 0x80) !== 0, (flags & 0x40) !== 0, (flags & 0x04) !== 0];
  requireThat((flags & 1) === 0, 'the reserved flag of a CONNECT [MQTT-3.1.2-3]');
  requireThat((flags & 0x18) !== 0x18, 'a will of QoS 3 [MQTT-3.1.2-12]');
  requireThat(hasWill || (flags & 0x38) === 0, 'QoS or retain of a will that is not there [MQTT-3.1.2-11, 3.1.2-13]');
  requireThat(level === 5 || hasUser || !hasPassword, 'a password without a user (3.1.1: [MQTT-3.1.2-22])');
  body.uint16();
  if (level === 5) readProperties(body, PLACE.connect);
  body.text();
  if (hasWill) {
    if (level === 5) readProperties(body, PLACE.will);
    requireThat(readTopic(body) > 0, 'an empty topic of a will [MQTT-4.7.3-1]');
    body.binary();
  }
  if (hasUser) body.text();
  if (hasPassword) body.binary();
}
