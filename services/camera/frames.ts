/** Bytes of ffmpeg's mpjpeg muxer -> whole frames. Pure. */
import { type Stamp, stampLength, writeStamp } from '../shared/contract.ts';
import { findJpegEnd, type JpegHead, readJpegHead } from '../shared/jpeg.ts';
import { STANDARD_TABLES } from './huffman.ts';

/** ffmpeg begins each part with this line (its option `-boundary_tag`). */
const BOUNDARY = Buffer.from('--ffmpeg\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const PART_HEAD = /^(?:\r\n)?--ffmpeg\r\n(?:[\w-]+:[^\r\n]*\r\n)*?Content-length: *(\d{1,15})\r\n(?:[\w-]+:[^\r\n]*\r\n)*$/i;
/** ffmpeg's heads have about 70 bytes. */
const MAX_HEAD_BYTES = 1024;
/** No JPEG is shorter: its tables and headers alone take more. */
const MIN_FRAME_BYTES = 125;
/** In front of a frame's bytes: room for the longest stamp, and for Huffman tables should they be missing. */
const ROOM = stampLength(Number.MAX_SAFE_INTEGER) + STANDARD_TABLES.length;

/** Why bytes were not a frame. */
export type Corruption = 'no part head' | 'empty' | 'too large' | 'no picture' | 'cut off';

export interface FrameSink {
  /** Asked when a frame's length is known: is it wanted? If not, its bytes are passed over without a look. */
  wanted(): boolean;
  /** A whole, checked frame. */
  whole(frame: Frame): void;
  /** A frame of `bytes` bytes that was not wanted has gone by. */
  skipped(bytes: number): void;
  corrupt(reason: Corruption): void;
}

/** A whole frame in a buffer of its own, with room in front for what is added. */
export class Frame {
  readonly width: number;
  readonly height: number;
  /** The camera's bytes, without padding. */
  readonly bytes: number;
  readonly #buffer: Buffer;
  readonly #head: JpegHead;

  constructor(buffer: Buffer, head: JpegHead, bytes: number) {
    this.width = head.width;
    this.height = head.height;
    this.bytes = bytes;
    this.#buffer = buffer;
    this.#head = head;
  }

  /** The JPEG file with the stamp behind SOI and, where it had none, Huffman tables in front of the scan. Moves bytes: call it once. */
  stamped(stamp: Stamp): Buffer {
    const { hasTables, sos } = this.#head;
    const added = stampLength(stamp.seq) + (hasTables ? 0 : STANDARD_TABLES.length);
    const jpeg = this.#buffer.subarray(ROOM - added, ROOM + this.bytes);
    jpeg.writeUInt16BE(0xffd8, 0);
    writeStamp(jpeg, 2, stamp);
    if (!hasTables) {
      jpeg.copyWithin(2 + stampLength(stamp.seq), added + 2, added + sos);
      STANDARD_TABLES.copy(jpeg, added + sos - STANDARD_TABLES.length);
    }
    return jpeg;
  }
}

/**
 * Cuts parts by their Content-Length and hands over each frame with its last byte. Holds at most one frame. What is no frame is told
 * as corrupt, once, and passed over up to the next boundary.
 */
export class FrameCutter {
  readonly #sink: FrameSink;
  readonly #maxBytes: number;
  #state: 'head' | 'body' | 'skip' | 'lost' = 'head';
  readonly #head = Buffer.alloc(MAX_HEAD_BYTES);
  #headBytes = 0;
  /** The frame under way, behind ROOM; null while it is passed over. */
  #buffer: Buffer | null = null;
  #length = 0;
  #filled = 0;
  /** While lost: the last bytes, in case they begin a boundary. */
  #tail: Buffer = Buffer.alloc(0);

  /** @param maxBytes the longest frame that is taken */
  constructor(sink: FrameSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'head') at = this.#readHead(chunk, at);
      else if (this.#state === 'lost') at = this.#seek(chunk, at);
      else at = this.#readBody(chunk, at);
    }
  }

  #readHead(chunk: Buffer, from: number): number {
    const before = this.#headBytes;
    const copied = chunk.copy(this.#head, before, from);
    this.#headBytes += copied;
    const end = this.#head.subarray(0, this.#headBytes).indexOf(HEAD_END, Math.max(2, before - 3));
    if (end < 0) {
      if (this.#headBytes === MAX_HEAD_BYTES) this.#lose('no part head');
      return from + copied;
    }
    const length = Number(PART_HEAD.exec(this.#head.toString('latin1', 0, end + 2))?.[1] ?? Number.NaN);
    this.#headBytes = end + HEAD_END.length;
    const next = from + this.#headBytes - before;
    this.#begin(length);
    return next;
  }

  #begin(length: number): void {
    const fault = this.#faultOf(length);
    if (fault) {
      this.#lose(fault);
      return;
    }
    this.#headBytes = 0;
    this.#length = length;
    this.#filled = 0;
    this.#state = this.#sink.wanted() ? 'body' : 'skip';
    this.#buffer = this.#state === 'body' ? Buffer.allocUnsafeSlow(ROOM + length) : null;
  }

  #faultOf(length: number): Corruption | null {
    if (Number.isNaN(length)) return 'no part head';
    if (length > this.#maxBytes) return 'too large';
    return length < MIN_FRAME_BYTES ? 'empty' : null;
  }

  #readBody(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#length - this.#filled, chunk.length - from);
    if (this.#buffer) chunk.copy(this.#buffer, ROOM + this.#filled, from, from + taken);
    this.#filled += taken;
    if (this.#filled === this.#length) this.#finish();
    return from + taken;
  }

  #finish(): void {
    const buffer = this.#buffer;
    this.#state = 'head';
    this.#buffer = null;
    const found = buffer ? readFrame(buffer) : null;
    if (found === null) this.#sink.skipped(this.#length);
    else if (found instanceof Frame) this.#sink.whole(found);
    else this.#sink.corrupt(found);
  }

  /** From here to the next boundary nothing is known; a boundary may stand among the bytes that were taken for a head. */
  #lose(reason: Corruption): void {
    this.#sink.corrupt(reason);
    this.#state = 'lost';
    this.#tail = Buffer.alloc(0);
    const again = Buffer.from(this.#head.subarray(reason === 'no part head' ? 1 : this.#headBytes, this.#headBytes));
    this.#headBytes = 0;
    if (again.length > 0) this.feed(again);
  }

  #seek(chunk: Buffer, from: number): number {
    const rest = from === 0 ? chunk : chunk.subarray(from);
    const seam = Buffer.concat([this.#tail, rest.subarray(0, BOUNDARY.length - 1)]);
    const atSeam = seam.indexOf(BOUNDARY);
    const inRest = atSeam < 0 ? rest.indexOf(BOUNDARY) : -1;
    if (atSeam < 0 && inRest < 0) {
      this.#tail = Buffer.from(rest.length >= BOUNDARY.length ? rest.subarray(1 - BOUNDARY.length) : seam.subarray(1 - BOUNDARY.length));
      return chunk.length;
    }
    this.#state = 'head';
    this.#headBytes = BOUNDARY.copy(this.#head);
    return from + BOUNDARY.length + (atSeam < 0 ? inRest : atSeam - this.#tail.length);
  }
}

/** Checks the JPEG behind ROOM, and cuts off its padding. */
function readFrame(buffer: Buffer): Frame | Corruption {
  const jpeg = buffer.subarray(ROOM);
  const head = readJpegHead(jpeg);
  if (!head) return 'no picture';
  const end = findJpegEnd(jpeg, head.sos);
  return end < 0 ? 'cut off' : new Frame(buffer, head, end);
}
