/** One JPEG on its way to viewers, made once and shared by all of them. */
import { readStamp, type Stamp } from '../shared/contract.ts';

/** Separates the parts of a multipart stream (RFC 2046, 5.1.1); no JPEG of ours contains this line. */
export const BOUNDARY = 'homeguard-frame';
/** Ends a part, and begins the next one. */
export const PART_END = Buffer.from(`\r\n--${BOUNDARY}\r\n`, 'latin1');
/** Stands for `partHead` where the head of a part has to be sent before its picture is there. */
export const EARLY_HEAD = Buffer.from('Content-Type: image/jpeg\r\n\r\n', 'latin1');
export const EARLY_PART_END = Buffer.concat([PART_END, EARLY_HEAD]);

const SOI = 0xffd8;
const EOI = 0xffd9;

export class Picture {
  readonly jpeg: Buffer;
  /** Null for placeholders and for pictures of publishers that do not stamp. */
  readonly stamp: Stamp | null;
  /** When it was taken, in microseconds since 1970: the stamp's time, else when it came. */
  readonly takenAt: number;
  /** Drawn by the gateway because there is nothing to show. */
  readonly isPlaceholder: boolean;
  #partHead: Buffer | undefined;
  #named: Buffer | undefined;

  /** @param receivedAt microseconds since 1970 */
  constructor(jpeg: Buffer, receivedAt: number, isPlaceholder = false) {
    this.jpeg = jpeg;
    this.isPlaceholder = isPlaceholder;
    this.stamp = readStamp(jpeg);
    this.takenAt = this.stamp?.t ?? receivedAt;
  }

  /** What stands in front of the picture in a `multipart/x-mixed-replace` stream, behind the boundary. */
  get partHead(): Buffer {
    this.#partHead ??= Buffer.from(
      `Content-Type: image/jpeg\r\nContent-Length: ${this.jpeg.length}\r\nX-Timestamp: ${secondsOf(this.takenAt)}\r\n\r\n`,
      'latin1',
    );
    return this.#partHead;
  }

  /** The picture with its camera's id and a zero byte in front, for the WebSocket of all cameras; one buffer for all viewers. */
  named(id: string): Buffer {
    this.#named ??= Buffer.concat([Buffer.from(`${id}\0`, 'latin1'), this.jpeg]);
    return this.#named;
  }
}

/** Behind SOI, so that the page can tell placeholders from pictures of publishers that do not stamp (ITU T.81 B.2.4.5). */
const PLACEHOLDER_MARK = Buffer.from('\xff\xfe\x00\x17homeguard placeholder', 'latin1');

/** A picture that says why there is none. */
export function createPlaceholder(jpeg: Buffer, drawnAt: number): Picture {
  return new Picture(Buffer.concat([jpeg.subarray(0, 2), PLACEHOLDER_MARK, jpeg.subarray(2)]), drawnAt, true);
}

/** Microseconds as seconds with six decimals, as ustreamer gives them. */
export function secondsOf(microseconds: number): string {
  const fraction = String(microseconds % 1_000_000).padStart(6, '0');
  return `${Math.floor(microseconds / 1_000_000)}.${fraction}`;
}

/** Whether bytes from the bus are worth passing on: a JPEG from its first marker to its last (ITU T.81 B.1.1.3). */
export function isJpeg(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes.readUInt16BE(0) === SOI && bytes.readUInt16BE(bytes.length - 2) === EOI;
}
