import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Who sent a request, as far as it can be believed. */
export interface Client {
  /** IP address; empty once its connection is gone. */
  address: string;
  /** The browser speaks HTTPS to the outermost proxy. */
  https: boolean;
  /** It came by a trusted proxy. */
  proxied: boolean;
}

/** What is needed of a request: its peer, and what a proxy says of the one behind it. */
export type Sender = Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string } };

/**
 * Tells who sent a request. A proxy's word (`X-Forwarded-For`, `X-Forwarded-Proto`) counts only where the connection comes from one of
 * `proxies`; anybody else could write into these headers what he likes. Pure.
 * @param proxies addresses and CIDR networks, as `GATEWAY_TRUSTED_PROXIES` has them, checked already
 */
export function createClientFinder(proxies: string[]): (sender: Sender) => Client {
  const trusted = new BlockList();
  for (const entry of proxies) {
    const [network = '', bits] = entry.split('/');
    if (bits) trusted.addSubnet(network, Number(bits), familyOf(network));
    else trusted.addAddress(plainAddress(network), familyOf(plainAddress(network)));
  }
  const isTrusted = (address: string) => isIP(address) > 0 && trusted.check(address, familyOf(address));
  return ({ headers, socket }) => {
    const peer = plainAddress(socket.remoteAddress ?? '');
    if (!isTrusted(peer)) return { address: peer, https: false, proxied: false };
    // The nearest proxy's own word stands last; what stands before it somebody else may have written.
    const proto = listOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase();
    return { address: behind(peer, listOf(headers['x-forwarded-for']), isTrusted), https: proto === 'https', proxied: true };
  };
}

/** Each proxy adds whom it heard at the right end: the first from there that is no proxy of ours is the client. */
function behind(peer: string, hops: string[], isTrusted: (address: string) => boolean): string {
  let client = peer;
  for (const hop of hops.map(plainAddress).reverse()) {
    if (!isIP(hop)) return client;
    client = hop;
    if (!isTrusted(hop)) return client;
  }
  return client;
}

function listOf(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap((line) => line.split(',').map((part) => part.trim()));
}

/** Without the port and brackets that some proxies write, without a zone, and IPv4 as such where a socket for both tells it as IPv6. */
function plainAddress(text: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return bare.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
