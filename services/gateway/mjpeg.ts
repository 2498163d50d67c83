import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pace } from '../shared/pace.ts';
import { Progress } from '../shared/progress.ts';
import type { Channel, Viewer } from './channel.ts';
import { BOUNDARY, PART_END, type Picture } from './picture.ts';

/** A viewer that takes nothing of what waits for it for so long is closed, in ms. */
export const STALLED_MS = 30_000;

/**
 * Streams a camera to one HTTP client as `multipart/x-mixed-replace`, each part with its length and capture time, until it leaves.
 * It is written to Node's own response: what a slow client has not taken is one picture at most, further ones it misses.
 * @param fps at most so many pictures a second; Infinity for all
 */
export function streamMjpeg(
  channel: Channel,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
  fps: number,
): void {
  // Neither chunks nor a length: the stream ends with the connection (RFC 9112, 6.3, last case).
  outgoing.removeHeader('Transfer-Encoding');
  outgoing.writeHead(200, {
    'Content-Type': `multipart/x-mixed-replace; boundary=${BOUNDARY}`,
    'Cache-Control': 'no-store',
    Connection: 'close',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
  });
  if (incoming.method === 'HEAD') {
    outgoing.end();
    return;
  }
  outgoing.write(`--${BOUNDARY}\r\n`);
  const watching = channel.watch(new MjpegViewer(outgoing, fps));
  outgoing.once('close', () => watching[Symbol.dispose]());
}

class MjpegViewer implements Viewer {
  readonly #response: ServerResponse;
  readonly #pace: Pace;
  readonly #progress = new Progress(performance.now());

  constructor(response: ServerResponse, fps: number) {
    this.#response = response;
    this.#pace = new Pace(fps);
  }

  show(picture: Picture, now: number): void {
    const socket = this.#response.socket;
    if (!socket) return;
    if (socket.writableLength > 0) {
      if (this.#progress.stalledFor(socket, now) >= STALLED_MS) this.#response.destroy();
      return;
    }
    this.#progress.stalledFor(socket, now);
    if (!picture.isPlaceholder && !this.#pace.admit(now)) return;
    // Three buffers in one system call, the picture's own among them: nothing is copied for a viewer.
    socket.cork();
    socket.write(picture.partHead);
    socket.write(picture.jpeg);
    socket.write(PART_END);
    socket.uncork();
  }

  end(): void {
    this.#response.end();
  }
}
