import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAuthority } from '../../services/shared/authority.ts';
import { distrust, isCertificateFault } from '../../services/shared/certificate.ts';
import { FaultError } from '../../services/shared/fault.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

test('which errors are about a certificate of the bus', () => {
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ]) {
    assert.ok(isCertificateFault(code), code);
  }
  // The last one is about ours: the broker wants one.
  for (const code of [undefined, 5, 'ECONNREFUSED', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'])
    assert.ok(!isCertificateFault(code), code?.toString());
});

test('each has the remedy that mends it', () => {
  const url = 'mqtts://hub';
  const message = 'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca';
  assert.equal(
    distrust(url, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message }),
    'The certificate of the message bus at mqtts://hub is not believed (self-signed certificate): set MQTT_TLS_CA to the file with the certificate of the authority that signed it.',
  );
  assert.match(distrust(url, { code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'BRIDGE'), /\(SELF_SIGNED_CERT_IN_CHAIN\): set BRIDGE_TLS_CA/);
  assert.match(distrust(url, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'BRIDGE'), /name the broker in BRIDGE_URL as its certificate does/);
  assert.match(distrust(url, { code: 'CERT_HAS_EXPIRED' }), /renew it, or set this machine's clock right/);
});

test('a file that is no certificate is a fault at once, for TLS itself would pass over it', (t) => {
  const dir = makeWorkDir(t);
  const file = (name: string, text: string | Buffer) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const begin = '-----BEGIN CERTIFICATE-----';
  const wrong: [string, RegExp][] = [
    [join(dir, 'none'), /^MQTT_TLS_CA names .*none, which cannot be read \(ENOENT\)$/],
    [file('empty', ''), /which holds no certificate: name a file that begins with -----BEGIN CERTIFICATE-----$/],
    [file('key', '-----BEGIN PRIVATE KEY-----\n'), /holds no certificate/],
    [file('cut', `${begin}\nMIIB\n-----END CERTIFICATE-----\n`), /holds no certificate/],
  ];
  for (const [path, message] of wrong) assert.throws(() => readAuthority(path), { name: FaultError.name, message }, path);
  const path = join(dir, 'ca.pem');
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(dir, 'ca-key.pem'), '-out', path];
  execFileSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=house'], { stdio: 'pipe' });
  assert.deepEqual(readAuthority(path), readFileSync(path));
  // Node reads one in DER, and TLS takes none.
  assert.throws(() => readAuthority(file('der', new X509Certificate(readFileSync(path)).raw)), /holds no certificate/);
  assert.throws(() => readAuthority(join(dir, 'none'), 'BRIDGE'), /^FaultError: BRIDGE_TLS_CA names/);
});
