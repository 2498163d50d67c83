import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { defer, type Scope } from './cleanup.ts';
import { untilEvent } from './until.ts';

export interface Part {
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

export interface Request {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const crlf = '\r\n';

/**
 * The parts of a multipart/x-mixed-replace answer as they come (RFC 2046, 5.1; each with a Content-Length). Leaving the loop closes the
 * connection. Strict: an answer other than 200, a wrong delimiter or a missing length fails; the end of the stream ends the loop.
 */
export async function* readMultipart(url: string | URL, { headers = {}, signal }: Request = {}): AsyncGenerator<Part, void> {
  const response = await openStream(url, headers, signal);
  try {
    const boundary = boundaryOf(response);
    const bytes = new ByteReader(response);
    for (;;) {
      const head = await bytes.take(Buffer.from(crlf + crlf));
      if (head === undefined) return;
      const part = parseHead(head.toString('latin1'), boundary);
      const body = await bytes.takeCount(Number(part['content-length']));
      if (body === undefined) return;
      yield { headers: part, body };
    }
  } finally {
    response.destroy();
  }
}

/** A viewer that asks and then never reads: what the kernel will not hold waits in the server. `resume()` makes it read. */
export async function stalledViewer(t: Scope, url: string | URL, { headers = {} }: Request = {}): Promise<Socket> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = new Socket();
  defer(t, () => {
    socket.destroy();
  });
  socket.pause(); // before it connects: Node reads one buffer ahead otherwise
  const connected = untilEvent(socket, 'connect');
  socket.connect({ host: hostname, port: Number(port || 80) });
  await connected;
  socket.on('error', () => {
    // The server may close it. The test sees that only once it lets the viewer read (resume, then 'close').
  });
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}${crlf}`);
  socket.write(`GET ${pathname}${search} HTTP/1.1${crlf}${lines.join('')}${crlf}`);
  return socket;
}

async function openStream(url: string | URL, headers: Record<string, string>, signal?: AbortSignal): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const ask = new URL(url).protocol === 'https:' ? getSecurely : get;
    ask(url, { headers, signal, agent: false }, resolve).once('error', reject);
  });
  if (response.statusCode === 200) return response;
  throw new Error(`${url} answered ${response.statusCode}: ${await text(response)}`);
}

function boundaryOf(response: IncomingMessage): string {
  const type = response.headers['content-type'] ?? '';
  const boundary = /^multipart\/x-mixed-replace;\s*boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (!boundary) throw new Error(`not a multipart stream: content-type ${type}`);
  return boundary;
}

function parseHead(head: string, boundary: string): Record<string, string> {
  // The CRLF before a delimiter belongs to it; the first one may go without.
  const [delimiter, ...lines] = head.replace(/^\r\n/, '').split(crlf);
  if (delimiter !== `--${boundary}`) throw new Error(`'${delimiter}' where --${boundary} belongs`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  if (!/^\d+$/.test(headers['content-length'] ?? '')) throw new Error(`a part without Content-Length:\n${head}`);
  return headers;
}

/** Takes pieces of known length or known end from a stream; undefined once it has ended. */
class ByteReader {
  #chunks: Buffer[] = [];
  #length = 0;
  readonly #source: AsyncIterator<Buffer>;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** All before `mark`, which is taken too. */
  async take(mark: Buffer): Promise<Buffer | undefined> {
    for (;;) {
      const held = this.#joined();
      const at = held.indexOf(mark);
      if (at >= 0) {
        this.#keep(held.subarray(at + mark.length));
        return held.subarray(0, at);
      }
      if (!(await this.#more())) return undefined;
    }
  }

  async takeCount(count: number): Promise<Buffer | undefined> {
    while (this.#length < count) if (!(await this.#more())) return undefined;
    const held = this.#joined();
    this.#keep(held.subarray(count));
    return held.subarray(0, count);
  }

  #joined(): Buffer {
    const held = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#keep(held);
    return held;
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest];
    this.#length = rest.length;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#chunks.push(value);
    this.#length += value.length;
    return true;
  }
}
