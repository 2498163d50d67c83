import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClientFinder } from '../../services/gateway/access/proxy.ts';

type Headers = Record<string, string | string[]>;

/** Who is found behind `peer`, with these proxies. */
function found(proxies: string[], peer: string | undefined, headers: Headers = {}) {
  return createClientFinder(proxies)({ headers, socket: { remoteAddress: peer } });
}
const forwarded = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };

test('nobody is believed unless he was named', () => {
  for (const peer of ['198.51.100.7', '127.0.0.1', '::1', '172.17.0.1']) {
    assert.deepEqual(found([], peer, forwarded), { address: peer, https: false, proxied: false });
    assert.deepEqual(found(['10.0.0.1', '192.168.0.0/16'], peer, forwarded), { address: peer, https: false, proxied: false });
  }
});

test('a named proxy is believed: by address, by network, of both families, and as an IPv6 socket tells an IPv4 peer', () => {
  const behind = { address: '203.0.113.9', https: true, proxied: true };
  assert.deepEqual(found(['127.0.0.1'], '127.0.0.1', forwarded), behind);
  assert.deepEqual(found(['127.0.0.1'], '::ffff:127.0.0.1', forwarded), behind);
  assert.deepEqual(found(['::ffff:127.0.0.1'], '127.0.0.1', forwarded), behind);
  assert.deepEqual(found(['172.16.0.0/12'], '::ffff:172.31.255.254', forwarded), behind);
  assert.deepEqual(found(['::1', 'fd00::/8'], 'fd12::1', forwarded), behind);
  assert.deepEqual(found(['fe80::/10'], 'fe80::1%eth0', forwarded), behind);
  assert.deepEqual(found(['172.16.0.0/12'], '172.32.0.1', forwarded), { address: '172.32.0.1', https: false, proxied: false });
});

test('the client is the first from the right that is no proxy; what it wrote itself stands further left', () => {
  const from = (list: string | string[]) => found(['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', { 'x-forwarded-for': list }).address;
  assert.equal(from('6.6.6.6, 203.0.113.9'), '203.0.113.9');
  assert.equal(from('6.6.6.6,203.0.113.9 , 10.1.2.3'), '203.0.113.9');
  assert.equal(from(['6.6.6.6', '203.0.113.9']), '203.0.113.9');
  assert.equal(from('10.0.0.9, 10.0.0.8'), '10.0.0.9', 'all are proxies: the farthest');
  assert.equal(from('[2001:db8::7]:4711'), '2001:db8::7');
  assert.equal(from('203.0.113.9:4711'), '203.0.113.9');
});

test('what is no address ends the way back, and nothing said leaves the peer', () => {
  const from = (headers: Headers) => found(['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', headers).address;
  assert.equal(from({ 'x-forwarded-for': '203.0.113.9, unknown' }), '127.0.0.1');
  assert.equal(from({ 'x-forwarded-for': '203.0.113.9, <b>, 10.0.0.8' }), '10.0.0.8');
  assert.equal(from({ 'x-forwarded-for': '' }), '127.0.0.1');
  assert.equal(from({}), '127.0.0.1');
  assert.deepEqual(found(['127.0.0.1'], undefined, forwarded), { address: '', https: false, proxied: false });
});

test('of several words on the scheme the nearest proxy’s counts, and only https is https', () => {
  const isHttps = (proto: string | string[]) => found(['127.0.0.1'], '127.0.0.1', { 'x-forwarded-proto': proto }).https;
  assert.deepEqual(['https', 'HTTPS', 'http,https', ['http', 'https']].map(isHttps), [true, true, true, true]);
  assert.deepEqual(['http', 'https, http', '', 'httpsx', 'wss'].map(isHttps), [false, false, false, false, false]);
});
