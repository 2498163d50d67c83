/** Bytes of an MQTT connection -> whole control packets, each with a bound on its size. Pure. */

/** A packet was announced that is larger than allowed, or its length is not one (MQTT 5.0, 1.5.5). */
export class PacketError extends Error {
  override name = 'PacketError';
  readonly size: number;
  constructor(message: string, size: number) {
    super(message);
    this.size = size;
  }
}

/** Packet type and at most four bytes of length. */
const MAX_HEADER = 5;
/** A view pins the whole chunk it was cut from, so only packets that fill most of one are views. */
const VIEW_FROM_BYTES = 48 << 10;

/**
 * Cuts a byte stream into packets by their announced length, so that a parser never has to join chunks
 * and never waits for more than `limit()` bytes. Holds at most one packet.
 */
export class PacketCutter {
  readonly #limit: () => number;
  readonly #reused: boolean;
  readonly #header = Buffer.alloc(MAX_HEADER);
  #headerBytes = 0;
  #packet: Buffer | null = null;
  #filled = 0;

  /**
   * @param limit the largest whole packet that is accepted now, in bytes
   * @param reused whether the caller overwrites its chunks later, so that every packet has to be copied
   */
  constructor(limit: () => number, reused = false) {
    this.#limit = limit;
    this.#reused = reused;
  }

  /** Takes the next bytes and hands over every packet that they complete. Throws PacketError; then the connection has to be closed. */
  feed(chunk: Buffer, take: (packet: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) at = this.#packet ? this.#fill(chunk, at, take) : this.#begin(chunk, at, take);
  }

  /** Reads a header (its bytes may be spread over chunks) and makes room for its packet. Returns the place behind what it took. */
  #begin(chunk: Buffer, from: number, take: (packet: Buffer) => void): number {
    const before = this.#headerBytes;
    while (this.#headerBytes < MAX_HEADER && from + this.#headerBytes - before < chunk.length) {
      const byte = chunk.readUInt8(from + this.#headerBytes - before);
      this.#header[this.#headerBytes++] = byte;
      if (this.#headerBytes > 1 && byte < 0x80) return this.#open(chunk, from, before, take);
    }
    if (this.#headerBytes === MAX_HEADER) throw new PacketError('a packet length of more than four bytes', Number.POSITIVE_INFINITY);
    return chunk.length;
  }

  #open(chunk: Buffer, from: number, before: number, take: (packet: Buffer) => void): number {
    const headerBytes = this.#headerBytes;
    const size = headerBytes + this.#remainingLength(headerBytes);
    if (size > this.#limit()) throw new PacketError(`a packet of ${size} bytes, ${this.#limit()} are allowed`, size);
    this.#headerBytes = 0;
    const end = from + size;
    if (before === 0 && end <= chunk.length && size >= VIEW_FROM_BYTES && !this.#reused) {
      take(chunk.subarray(from, end));
      return end;
    }
    this.#packet = Buffer.allocUnsafe(size);
    this.#header.copy(this.#packet, 0, 0, headerBytes);
    this.#filled = headerBytes;
    return this.#fill(chunk, from + headerBytes - before, take);
  }

  /** MQTT 5.0, 1.5.5: seven bits a byte, the lowest first. */
  #remainingLength(headerBytes: number): number {
    let length = 0;
    for (let i = headerBytes - 1; i > 0; i--) length = length * 128 + (this.#header.readUInt8(i) & 0x7f);
    return length;
  }

  #fill(chunk: Buffer, from: number, take: (packet: Buffer) => void): number {
    const packet = this.#packet as Buffer;
    const copied = chunk.copy(packet, this.#filled, from);
    this.#filled += copied;
    if (this.#filled === packet.length) {
      this.#packet = null;
      take(packet);
    }
    return from + copied;
  }
}
