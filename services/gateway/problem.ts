import { STATUS_CODES } from 'node:http';

/**
 * An error as `application/problem+json` (RFC 9457).
 * @param detail what went wrong and what to do about it, for the reader of the answer
 * @param more further members, such as a camera's condition
 */
export function problem(status: number, detail: string, more: object = {}, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail, ...more }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...headers },
  });
}
