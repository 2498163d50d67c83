import net from 'node:net';
import { Duplex, type DuplexOptions } from 'node:stream';
import { PacketCutter } from './packets.ts';

/** A bound nobody reaches: what may wait is bounded by bytes (`NewestWins`, the broker's backlog limit), not by the stream's mark. */
const NEVER_FULL = 1 << 30;
/** So much may be parsed and not yet handled before the peer is no longer read. */
const READ_AHEAD_BYTES = 1 << 20;
/** One read takes a whole frame of usual size. */
const READ_BUFFER_BYTES = 256 << 10;

/**
 * A connection that speaks in whole MQTT packets: each chunk that is read is one packet or several, never a part of one.
 * A write never waits for a drain (so no peer can hold up another); `backlog` tells what has not gone out, for those who bound it.
 */
export abstract class PacketStream extends Duplex {
  /** Bytes written here that the peer's side of the line (kernel, or the other end in memory) has not taken. */
  abstract readonly backlog: number;

  constructor(options: DuplexOptions = {}) {
    super({ writableHighWaterMark: NEVER_FULL, readableHighWaterMark: READ_AHEAD_BYTES, allowHalfOpen: false, ...options });
  }
}

/**
 * A PacketStream over a socket. Emits PacketError when the peer announces a packet above `limit()` bytes, and what `check` throws;
 * the error's `farewell`, if it has one, is sent before the end.
 */
export class SocketPackets extends PacketStream {
  readonly socket: net.Socket;
  readonly #cutter: PacketCutter;
  /** Looks at each packet before it is read. */
  check: ((packet: Buffer) => void) | null = null;

  constructor(socket: net.Socket, limit: () => number, cutter = new PacketCutter(limit)) {
    super();
    this.socket = socket;
    this.#cutter = cutter;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** Bytes from the peer. */
  receive(chunk: Buffer): void {
    try {
      this.#cutter.feed(chunk, (packet) => {
        this.check?.(packet);
        if (!this.push(packet)) this.socket.pause();
      });
    } catch (error) {
      this.socket.pause();
      const { farewell } = error as { farewell?: Buffer | null };
      if (farewell) this.socket.write(farewell);
      this.destroy(error as Error);
    }
  }

  get backlog(): number {
    return this.socket.writableLength;
  }

  override _read(): void {
    if (this.socket.isPaused()) this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.socket.write(chunk);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.socket.cork();
    for (const { chunk } of chunks) this.socket.write(chunk);
    this.socket.uncork();
    done();
  }

  override _final(done: () => void): void {
    this.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}

/** What `dial` reads into; one connection after the other may have it, so that attempts which fail cost none. */
export function makeReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
}

/** Opens a connection to `address` that reads into one buffer again and again (net's `onread`): frames cost no fresh read buffers. */
export function dial(
  address: { host: string; port: number } | { path: string },
  limit: () => number,
  buffer = makeReadBuffer(),
): SocketPackets {
  let stream: SocketPackets | undefined;
  const socket = net.connect({
    ...address,
    noDelay: true,
    onread: {
      buffer,
      callback(bytes) {
        stream?.receive(buffer.subarray(0, bytes));
        return true;
      },
    },
  });
  stream = new SocketPackets(socket, limit, new PacketCutter(limit, true));
  return stream;
}

/** One end of a connection inside the process: what is written here is read at the other end, by reference. */
abstract class MemoryPackets extends PacketStream {
  #other: MemoryPackets | undefined;

  join(other: MemoryPackets): void {
    this.#other = other;
    this.once('close', () => other.destroy());
  }

  /** Takes what the other end wrote at once: whole packets in pieces. */
  protected abstract receive(pieces: Buffer[]): void;
  protected abstract readonly unread: number;

  get backlog(): number {
    return this.#other?.unread ?? 0;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#other?.receive([chunk]);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#other?.receive(chunks.map(({ chunk }) => chunk));
    done();
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }
}

/** The end that MQTT.js reads: it takes pieces one by one. */
class ClientEnd extends MemoryPackets {
  protected override receive(pieces: Buffer[]): void {
    for (const piece of pieces) this.push(piece);
  }

  protected override get unread(): number {
    return this.readableLength;
  }
}

/**
 * The end that Aedes reads. `read()` would join pieces, which copies whole frames; so all pieces of a write are handed over
 * as one list, which Aedes passes on to mqtt-packet's parser, whose buffer list takes lists as well.
 */
class BrokerEnd extends MemoryPackets {
  #unread = 0;

  constructor() {
    super({ readableObjectMode: true });
  }

  protected override receive(pieces: Buffer[]): void {
    for (const piece of pieces) this.#unread += piece.length;
    this.push(pieces);
  }

  protected override get unread(): number {
    return this.#unread;
  }

  override read(size?: number): Buffer[] | null {
    const pieces: Buffer[] | null = super.read(size);
    for (const piece of pieces ?? []) this.#unread -= piece.length;
    return pieces;
  }
}

/** A connection within the process: the broker's end and its client's, which behave like sockets. */
export function memoryPair(): { broker: PacketStream; client: PacketStream } {
  const [broker, client] = [new BrokerEnd(), new ClientEnd()];
  broker.join(client);
  client.join(broker);
  return { broker, client };
}
