/** What a request may be like, before any of it is looked at. Pure. */
import type { IncomingMessage } from 'node:http';

/** Longest request target, in characters: what RFC 9110, 4.1 wants everybody to take. */
const MAX_URL = 8_000;
/** Most header lines. Node would pass over further ones, and nobody knew which. */
export const MAX_HEADERS = 100;
/** Longest body that is read at all, in bytes; values and passwords have lower bounds of their own. */
const MAX_BODY_BYTES = 16 << 10;

/** Why a request is refused unread, and with which status. */
export interface Refused {
  status: number;
  detail: string;
}

/** Null when it is to be read. */
export function boundExceeded({
  method,
  url = '',
  rawHeaders,
  headers,
}: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders' | 'headers'>): Refused | null {
  if (url.length > MAX_URL) return { status: 414, detail: `An address is at most ${MAX_URL} characters long.` };
  if (rawHeaders.length > 2 * MAX_HEADERS) return { status: 431, detail: `A request has at most ${MAX_HEADERS} headers.` };
  if (Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES)
    return { status: 413, detail: `The body of a request is at most ${MAX_BODY_BYTES} bytes long.` };
  if ((method === 'GET' || method === 'HEAD') && headers['transfer-encoding'] !== undefined)
    return { status: 400, detail: `A ${method} request has no body.` };
  return null;
}

/** Any other upgrade than this is none that we know, and the request is answered as if it asked for none (RFC 9110, 7.8). */
export function isWebSocket({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return method === 'GET' && !hasBody && headers.upgrade?.toLowerCase() === 'websocket';
}
