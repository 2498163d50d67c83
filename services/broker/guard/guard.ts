import { Body } from './body.ts';
import { BrokenRuleError, REASON, requireThat } from './broken-rule.ts';
import { checkConnect, readLevel } from './connect.ts';
import { has, PLACE, readProperties, TOPIC_ALIAS } from './properties.ts';
import { readFilter, readTopic } from './topic.ts';

const [CONNECT, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT, AUTH] = [
  1, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15,
] as const;
/** No packet but a PUBLISH needs more, a SUBSCRIBE with a thousand filters included; one of 8 MB would keep the broker busy for seconds. */
const MAX_SMALL_BYTES = 64 << 10;
/** 3.1 let these be marked as sent again. */
const DUP = 0x08;

const RECEIVED = new Set([0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASED = new Set([0, 0x92]);
const LEFT = new Set([0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]);
/** Go on, and authenticate anew. */
const AUTHENTICATED = new Set([0x18, 0x19]);

/**
 * Stands in front of the broker's parser, one for a connection, and checks that what a client sends keeps to MQTT 3.1, 3.1.1 or 5.0.
 * It never looks at the payload of a PUBLISH.
 */
export class Guard {
  /** 0 before the CONNECT. */
  #level = 0;
  /** Whether the CONNECT was answered, so that a DISCONNECT may be sent [MQTT-3.14.0-1]. */
  isAnswered = false;

  /** @param packet a whole one. Throws BrokenRuleError, and nothing else */
  check(packet: Buffer): void {
    const hadConnect = this.#level > 0;
    try {
      this.#check(packet);
    } catch (error) {
      if (error instanceof BrokenRuleError) error.farewell = this.#farewell(packet, error.reason, hadConnect);
      throw error;
    }
  }

  #check(packet: Buffer): void {
    const first = packet[0] as number;
    const [type, flags] = [first >> 4, first & 15];
    const body = new Body(packet, 1);
    body.varint();
    if (this.#level === 0) this.#checkFirst(type, flags, body);
    else if (type === PUBLISH) this.#checkPublish(flags, body);
    else this.#checkSmall(type, flags, body);
  }

  #checkSmall(type: number, flags: number, body: Body): void {
    requireThat(
      body.end <= MAX_SMALL_BYTES,
      `a packet of more than ${MAX_SMALL_BYTES} bytes that is no message: subscribe in several`,
      REASON.tooLarge,
    );
    const isOld = this.#level === 3 && (type === PUBREL || type === SUBSCRIBE || type === UNSUBSCRIBE);
    const wanted = type === PUBREL || type === SUBSCRIBE || type === UNSUBSCRIBE ? 2 : 0;
    requireThat((isOld ? flags & ~DUP : flags) === wanted, 'reserved flags of a packet’s first byte [MQTT-2.1.3-1]');
    this.#checkOther(type, body);
    body.finish();
  }

  #checkFirst(type: number, flags: number, body: Body): void {
    requireThat(type === CONNECT, 'something else before the CONNECT [MQTT-3.1.0-1]', REASON.protocol);
    requireThat(flags === 0, 'reserved flags of a packet’s first byte [MQTT-2.1.3-1]');
    this.#level = readLevel(body);
    checkConnect(body, this.#level);
    body.finish();
  }

  #checkPublish(flags: number, body: Body): void {
    const qos = (flags >> 1) & 3;
    requireThat(qos < 3, 'a message of QoS 3 [MQTT-3.3.1-4]');
    requireThat(qos > 0 || (flags & DUP) === 0, 'a message of QoS 0 that is sent again [MQTT-3.3.1-2]');
    const length = readTopic(body);
    if (qos > 0) body.packetId();
    const seen = this.#level === 5 ? readProperties(body, PLACE.publish) : 0n;
    requireThat(length > 0 || has(seen, TOPIC_ALIAS), 'a message without a topic [MQTT-4.7.3-1]', REASON.protocol);
  }

  #checkOther(type: number, body: Body): void {
    if (type === PUBACK || type === PUBREC) this.#checkAck(body, RECEIVED);
    else if (type === PUBREL || type === PUBCOMP) this.#checkAck(body, RELEASED);
    else if (type === SUBSCRIBE) this.#checkSubscribe(body);
    else if (type === UNSUBSCRIBE) this.#checkUnsubscribe(body);
    else if (type === DISCONNECT) this.#checkDisconnect(body);
    else if (type === AUTH && this.#level === 5) checkReason(body, AUTHENTICATED, PLACE.auth);
    else if (type === CONNECT) throw new BrokenRuleError('a second CONNECT [MQTT-3.1.0-2]', REASON.protocol);
    else if (type !== PINGREQ) throw new BrokenRuleError('a packet that no client of its version sends [MQTT 5.0, 2.1.2]', REASON.protocol);
  }

  #checkDisconnect(body: Body): void {
    if (this.#level === 5) checkReason(body, LEFT, PLACE.disconnect);
  }

  #checkAck(body: Body, reasons: Set<number>): void {
    body.packetId();
    if (this.#level === 5) checkReason(body, reasons, PLACE.ack);
  }

  #checkSubscribe(body: Body): void {
    body.packetId();
    if (this.#level === 5) readProperties(body, PLACE.subscribe);
    requireThat(body.left > 0, 'a SUBSCRIBE to nothing [MQTT-3.8.3-2]', REASON.protocol);
    while (body.left > 0) {
      const isShared = readFilter(body, this.#level === 5);
      const options = body.byte();
      requireThat((options & 3) < 3, 'a subscription of QoS 3 [MQTT-3.8.3-4]', REASON.protocol);
      requireThat((options & (this.#level === 5 ? 0xc0 : 0xfc)) === 0, 'reserved bits of a subscription [MQTT-3.8.3-5]');
      requireThat((options & 0x30) < 0x30, 'a subscription’s retain handling of 3 [MQTT 5.0, 3.8.3.1]', REASON.protocol);
      requireThat(!isShared || (options & 4) === 0, 'No Local with a shared subscription [MQTT-3.8.3-4]', REASON.protocol);
    }
  }

  #checkUnsubscribe(body: Body): void {
    body.packetId();
    if (this.#level === 5) readProperties(body, PLACE.unsubscribe);
    requireThat(body.left > 0, 'an UNSUBSCRIBE from nothing [MQTT-3.10.3-2]', REASON.protocol);
    while (body.left > 0) readFilter(body, this.#level === 5);
  }

  #farewell(packet: Buffer, reason: number, hadConnect: boolean): Buffer | null {
    if (hadConnect) return this.#level === 5 && this.isAnswered ? Buffer.from([0xe0, 1, reason]) : null;
    if (packet[0] !== CONNECT << 4) return null;
    if (this.#level === 5) return Buffer.from([0x20, 3, 0, reason, 0]);
    // [3.1.1: MQTT-3.1.2-2]: unacceptable protocol version.
    return reason === REASON.version ? Buffer.from([0x20, 2, 0, 1]) : null;
  }
}

/** A reason and properties, both of which may be left out at the end (MQTT 5.0, 3.4.2.1). */
function checkReason(body: Body, reasons: Set<number>, place: number): void {
  if (body.left === 0) return;
  requireThat(reasons.has(body.byte()), 'a reason code that its packet may not have [MQTT 5.0, 2.4]', REASON.protocol);
  if (body.left > 0) readProperties(body, place);
}
