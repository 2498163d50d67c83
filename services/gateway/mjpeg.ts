import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pace } from '../shared/pace.ts';
import { Progress } from '../shared/progress.ts';
import type { Channel } from './channel.ts';
import { BOUNDARY, EARLY_HEAD, EARLY_PART_END, PART_END, type Picture } from './picture.ts';
import type { Traffic } from './traffic.ts';
import type { Viewer } from './viewer.ts';

/** A viewer that takes nothing of what waits for it for so long is closed, in ms. */
export const STALLED_MS = 30_000;

/** Head of the answer. It tells neither chunks nor a length: the stream ends with the connection (RFC 9112, 6.3, last case). */
export const STREAM_HEADERS = {
  'Content-Type': `multipart/x-mixed-replace; boundary=${BOUNDARY}`,
  'Cache-Control': 'no-store',
  Connection: 'close',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
  // Web sites embed it; who may see it the login decides, whose cookie no other site can send.
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

/**
 * Streams a camera to one HTTP client as `multipart/x-mixed-replace`, each part with its length and capture time, until it leaves.
 * It is written to Node's own response: what a slow client has not taken is one picture at most, further ones it misses.
 * @param fps at most so many pictures a second; Infinity for all
 * @param slow is told when it is closed since it takes nothing
 */
export function streamMjpeg(
  channel: Channel,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
  { fps, slow }: { fps: number; slow: (channel: Channel) => void },
): void {
  outgoing.removeHeader('Transfer-Encoding');
  outgoing.writeHead(200, STREAM_HEADERS);
  const early = wantsEarlyHeads(incoming);
  outgoing.write(`--${BOUNDARY}\r\n${early ? EARLY_HEAD : ''}`);
  const watching = channel.watch(new MjpegViewer(outgoing, { fps, early, slow: () => slow(channel), traffic: channel.traffic }));
  outgoing.once('close', () => watching[Symbol.dispose]());
}

/**
 * Chromium shows a part of an `<img>` only when it has read the head of the next one (its bug 527446), so it would always show
 * the last picture but one. It gets heads early, which then cannot tell length and time; an `<img>` looks at neither.
 * No other browser asks for `image/apng`, nor do scripts with `fetch`.
 */
function wantsEarlyHeads({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('image/apng') ?? false;
}

interface MjpegOptions {
  fps: number;
  early: boolean;
  slow: () => void;
  traffic: Traffic;
}

class MjpegViewer implements Viewer {
  readonly #response: ServerResponse;
  readonly #pace: Pace;
  readonly #early: boolean;
  readonly #slow: () => void;
  readonly #traffic: Traffic;
  readonly #progress = new Progress(performance.now());

  constructor(response: ServerResponse, { fps, early, slow, traffic }: MjpegOptions) {
    this.#response = response;
    this.#early = early;
    this.#pace = new Pace(fps);
    this.#slow = slow;
    this.#traffic = traffic;
  }

  show(picture: Picture, now: number): void {
    const socket = this.#response.socket;
    if (!socket) return;
    if (socket.writableLength > 0) {
      if (!picture.isPlaceholder) this.#traffic.missed++;
      if (this.#progress.stalledFor(socket, now) < STALLED_MS || this.#response.destroyed) return;
      this.#slow();
      this.#response.destroy();
      return;
    }
    this.#progress.stalledFor(socket, now);
    if (!picture.isPlaceholder && !this.#pace.admit(now)) return;
    if (!picture.isPlaceholder) this.#traffic.sent++;
    // Three buffers in one system call, the picture's own among them: nothing is copied for a viewer.
    socket.cork();
    if (!this.#early) socket.write(picture.partHead);
    socket.write(picture.jpeg);
    socket.write(this.#early ? EARLY_PART_END : PART_END);
    socket.uncork();
  }

  end(): void {
    this.#response.end();
  }
}
