/** The user whom a proxy with a login of its own names in a header, as Authelia and Authentik do. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Rights } from '../../shared/rights.ts';

/** A name that can stand in a log: what a proxy's users may be called, mail addresses too. */
const NAME = /^[^\p{Cc}\p{Cs},]{1,128}$/u;

export interface ProxyLogin {
  /** GATEWAY_AUTH_HEADER, in small letters. */
  header: string;
  /** What those may who are no users here. */
  rights: Rights;
}

/** The name in the header; null when there is none, or more than one. The caller has made sure that a trusted proxy wrote it. */
export function proxyUser(headers: IncomingHttpHeaders, { header }: ProxyLogin): string | null {
  const value = headers[header];
  if (typeof value !== 'string') return null;
  // Node reads headers as Latin-1; proxies write UTF-8.
  const name = Buffer.from(value, 'latin1').toString().trim();
  return NAME.test(name) ? name : null;
}
