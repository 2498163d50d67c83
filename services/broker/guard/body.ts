import { BrokenRuleError, REASON, requireThat } from './broken-rule.ts';
import { isText } from './text.ts';

/** Reads the fields of one packet (MQTT 5.0, 1.5). Throws BrokenRuleError at a field that goes beyond the end or is not allowed. */
export class Body {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;

  constructor(bytes: Buffer, at: number, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Steps over `count` bytes and returns where they began. */
  skip(count: number): number {
    if (count > this.left) throw new BrokenRuleError('a packet ends within a field [MQTT-2.1.4]');
    const from = this.at;
    this.at += count;
    return from;
  }

  byte(): number {
    return this.bytes[this.skip(1)] as number;
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.skip(2));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.skip(4));
  }

  /** Variable byte integer (1.5.5). */
  varint(): number {
    let value = 0;
    for (let i = 0, scale = 1; i < 4; i++, scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        requireThat(i === 0 || byte > 0, 'a length in more bytes than it needs [MQTT-1.5.5-1]');
        return value;
      }
    }
    throw new BrokenRuleError('a length of more than four bytes [MQTT-1.5.5]');
  }

  /** A string's length in bytes; the string ends at `at`. */
  text(): number {
    const length = this.uint16();
    const from = this.skip(length);
    if (!isText(this.bytes, from, this.at))
      throw new BrokenRuleError('a string that is not UTF-8 or has control characters [MQTT-1.5.4-1]');
    return length;
  }

  binary(): void {
    this.skip(this.uint16());
  }

  packetId(): void {
    requireThat(this.uint16() !== 0, 'packet id 0 [MQTT-2.2.1-3]', REASON.protocol);
  }

  finish(): void {
    requireThat(this.left === 0, 'bytes behind the end of a packet’s fields [MQTT-2.1.4]');
  }
}
