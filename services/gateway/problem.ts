import { STATUS_CODES } from 'node:http';
import type { Darkness } from './darkness.ts';

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

/** Nothing can be had of a camera: 503 with the condition, its cause and what to do. */
export function darkProblem({ condition, cause, advice }: Darkness): Response {
  const detail = [cause, advice].flatMap((text) => (text ? sentence(text) : [])).join(' ');
  return problem(503, detail || `The camera shows nothing: ${condition}.`, { condition, cause, advice });
}

/** Causes are no whole sentences everywhere: `EACCES on /dev/video0`. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
