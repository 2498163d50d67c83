import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { FaultError } from './fault.ts';

const PEM = '-----BEGIN CERTIFICATE-----';

/**
 * Reads the certificate of the authority that vouches for a message bus, from `{settings}_TLS_CA`; with it no other is believed.
 * @throws FaultError when the file cannot be read, or holds no certificate in PEM, which TLS would pass over in silence
 */
export function readAuthority(path: string, settings: 'MQTT' | 'BRIDGE' = 'MQTT'): Buffer {
  const pem = read(path, settings);
  try {
    if (pem.includes(PEM)) return new X509Certificate(pem) && pem;
  } catch {
    // Told below: what stands between its lines is none.
  }
  throw new FaultError(`${settings}_TLS_CA names ${path}, which holds no certificate: name a file that begins with ${PEM}`);
}

function read(path: string, settings: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new FaultError(`${settings}_TLS_CA names ${path}, which cannot be read (${code})`, { cause: error });
  }
}
