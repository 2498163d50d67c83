/** A certificate of a message bus that is not believed: which errors say so, and what mends it. Pure. */

/** What Node and OpenSSL say of such a one; what the other side says of ours begins with ERR_SSL. */
const NOT_BELIEVED = /^(?!ERR_SSL).*(CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY))/;

/** Is the bus's certificate what this error is about? @param code such as DEPTH_ZERO_SELF_SIGNED_CERT */
export function isCertificateFault(code: unknown): boolean {
  return NOT_BELIEVED.test(String(code));
}

/** Cause and remedy, in a sentence. @param settings how the settings of the connection begin */
export function distrust(
  url: string,
  { code, message }: { code: unknown; message?: string },
  settings: 'MQTT' | 'BRIDGE' = 'MQTT',
): string {
  // Behind the semicolon Node advises a flag of its own.
  const why = message?.split(';')[0] || code;
  return `The certificate of the message bus at ${url} is not believed (${why}): ${remedyOf(code, settings)}.`;
}

function remedyOf(code: unknown, settings: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return "renew it, or set this machine's clock right";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `name the broker in ${settings}_URL as its certificate does`;
    default:
      return `set ${settings}_TLS_CA to the file with the certificate of the authority that signed it`;
  }
}
