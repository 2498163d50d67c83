import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Scope } from './cleanup.ts';
import { makeWorkDir } from './work-dir.ts';

/** A site's certificate for 127.0.0.1, made for this test and trusted by this process only. */
export function makeCertificate(t: Scope): { path: string; keyPath: string } {
  const dir = makeWorkDir(t);
  const [path, keyPath] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  const what = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1', '-out', path];
  execFileSync('openssl', ['req', '-x509', ...key, ...what], { stdio: 'pipe' });
  setDefaultCACertificates([...getCACertificates(), readFileSync(path, 'utf8')]);
  return { path, keyPath };
}
