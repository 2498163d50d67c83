import { STATUS_CODES } from 'node:http';
import type { Darkness } from './darkness.ts';

const PROBLEM_HEADERS = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' };

/**
 * An error as `application/problem+json` (RFC 9457).
 * @param detail what went wrong and what to do about it, for the reader of the answer
 * @param more further members, such as a camera's condition
 */
export function problem(status: number, detail: string, more: object = {}, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail, ...more }), {
    status,
    headers: { ...PROBLEM_HEADERS, ...headers },
  });
}

/** The same as a whole HTTP/1.1 answer, behind which the connection is closed: for what never became a request. */
export function problemText(status: number, detail: string): string {
  const { headers, body } = problemParts(status, detail);
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}

/** The same in its parts, for Node's own response. */
export function problemParts(status: number, detail: string): { headers: Record<string, string>; body: string } {
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail });
  return { headers: { ...PROBLEM_HEADERS, 'Content-Length': String(Buffer.byteLength(body)) }, body };
}

/** Nothing can be had of a camera: 503 with the condition, its cause and what to do. @param more further members */
export function darkProblem({ condition, cause, advice }: Darkness, more: object = {}): Response {
  const detail = [cause, advice].flatMap((text) => (text ? sentence(text) : [])).join(' ');
  return problem(503, detail || `The camera shows nothing: ${condition}.`, { condition, cause, advice, ...more });
}

/** Causes are no whole sentences everywhere: `EACCES on /dev/video0`. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
