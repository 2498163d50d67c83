import type { ChildProcess } from 'node:child_process';
import net from 'node:net';
import type { Readable } from 'node:stream';

/** One read takes a frame of usual size whole: Linux buffers about 200 kB of a socket pair. */
const READ_BUFFER_BYTES = 256 << 10;

/** What Node's own types do not tell. */
interface Owner {
  _handle?: (NonNullable<net.SocketConstructorOpts['handle']> & { useUserBuffer?: unknown }) | null;
}

/**
 * Reads a process's standard output into one buffer again and again, as net's `onread` does: fresh 64 kB for each read push V8 into a full
 * collection every second (a bare reader of 30 frames of 160 kB a second: 0.76 % of a core against 0.32 %).
 * `feed` has to copy what it keeps. Where Node does not have what this needs, `feed` gets fresh buffers.
 */
export function readOutput(child: ChildProcess, feed: (bytes: Buffer) => void): void {
  const stdout = child.stdout as (Readable & Owner) | null;
  const handle = stdout?._handle;
  if (!stdout || typeof handle?.useUserBuffer !== 'function') {
    stdout?.on('data', feed);
    return;
  }
  // The child's own stream must not read, too, so it loses its handle; `exit` still comes, and nobody waits for its `close`.
  stdout._handle = null;
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
    callback(bytes: number, buffer: Uint8Array) {
      feed((buffer as Buffer).subarray(0, bytes));
      return true;
    },
  };
  const socket = new net.Socket({ handle, readable: true, writable: false, onread });
  socket.on('error', () => {}); // The process's exit tells more.
  socket.resume();
}
