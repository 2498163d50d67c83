/**
 * How others on the network find this machine. A bare name is found by `.local` (RFC 6762), which Raspberry Pi OS and most others answer
 * to. Pure.
 * @param host as `os.hostname()` gives it
 */
export function networkName(host: string): string {
  return host.includes('.') || host === 'localhost' ? host : `${host}.local`;
}
