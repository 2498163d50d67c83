import { WebSocket } from 'ws';
import { readStamp, type Stamp } from '../../services/shared/contract.ts';
import { defer, type Scope } from './cleanup.ts';
import { type Part, readMultipart } from './http.ts';
import { token } from './services.ts';

export const bearer = { Authorization: `Bearer ${token}` };

/** One picture as a viewer got it; a placeholder has no stamp. */
export interface Seen {
  jpeg: Buffer;
  stamp: Stamp | null;
  /** When its last byte was here, in ms, monotonic. */
  at: number;
}

export interface StreamViewer {
  seen: Seen[];
  parts: Part[];
  /** The stream has ended, by itself or by `leave`. */
  ended: Promise<void>;
  leave(): void;
}

/** Watches an MJPEG stream in the background until the test ends. */
export function watchStream(t: Scope, url: string, headers: Record<string, string> = bearer): StreamViewer {
  const controller = new AbortController();
  const [seen, parts]: [Seen[], Part[]] = [[], []];
  const read = async () => {
    for await (const part of readMultipart(url, { headers, signal: controller.signal })) {
      parts.push({ headers: part.headers, body: Buffer.alloc(0) });
      seen.push({ jpeg: part.body, stamp: readStamp(part.body), at: performance.now() });
    }
  };
  const ended = read().catch((error: Error) => {
    if (!controller.signal.aborted && !/aborted|ECONNRESET/.test(error.message)) throw error;
  });
  defer(t, () => {
    controller.abort();
    return ended;
  });
  return { seen, parts, ended, leave: () => controller.abort() };
}

export interface LiveViewer {
  socket: WebSocket;
  /** Binary messages. */
  pictures: Seen[];
  /** The ids in front of the pictures; at `/ws` only. */
  ids: string[];
  /** Text messages, read. */
  messages: Record<string, unknown>[];
  say(message: unknown): void;
}

export interface Handshake {
  headers?: Record<string, string>;
  /** Pictures come with their camera's id and a zero byte in front. */
  named?: boolean;
}

/** Opens a WebSocket; rejects with the status when it is refused. */
export function openLive(t: Scope, url: string, { headers = bearer, named = false }: Handshake = {}): Promise<LiveViewer> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, perMessageDeflate: false });
  defer(t, () => socket.terminate());
  const viewer: LiveViewer = {
    socket,
    pictures: [],
    ids: [],
    messages: [],
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
  };
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) {
      viewer.messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
      return;
    }
    const zero = named ? data.indexOf(0) : -1;
    if (named) viewer.ids.push(data.toString('latin1', 0, zero));
    const jpeg = data.subarray(zero + 1);
    viewer.pictures.push({ jpeg, stamp: readStamp(jpeg), at: performance.now() });
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(viewer));
    socket.once('unexpected-response', (_request, response) => reject(new Error(`refused with ${response.statusCode}`)));
    socket.once('error', reject);
  });
}

/** The numbers of the stamped pictures. */
export const seqs = (seen: Seen[]): number[] => seen.flatMap(({ stamp }) => stamp?.seq ?? []);
