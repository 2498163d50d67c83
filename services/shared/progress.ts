import type net from 'node:net';

/** Bytes that a socket was given and the kernel has not taken, partly written ones counted by what is left of them. */
export function unsentBytes(socket: net.Socket): number {
  // libuv's own count is what Node's socket time-outs look at; writableLength stands still until a whole write is out.
  const handle = (socket as { _handle?: { writeQueueSize?: number } | null })._handle;
  return socket.writableLength === 0 ? 0 : (handle?.writeQueueSize ?? socket.writableLength);
}

/** Whether a peer takes what it is sent, however slowly. It knows only what it is shown: call `stalledFor` about once a second. */
export class Progress {
  #taken = 0;
  #takenAt: number;

  /** @param now ms, monotonic */
  constructor(now: number) {
    this.#takenAt = now;
  }

  /** For how long (ms) something has been waiting for the peer without any of it going out. */
  stalledFor(socket: net.Socket, now: number): number {
    const unsent = unsentBytes(socket);
    const taken = socket.bytesWritten - unsent;
    if (unsent === 0 || taken !== this.#taken) {
      this.#taken = taken;
      this.#takenAt = now;
    }
    return now - this.#takenAt;
  }
}
