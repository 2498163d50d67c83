/** The text of CAMERA_SOURCE -> what it means. Pure. */
import { withoutSecrets } from '../shared/without-secrets.ts';

export type Source =
  /** The first capture device; `orTest`: the test picture while there is none. */
  | { kind: 'first'; orTest: boolean }
  | { kind: 'device'; path: string }
  /** The device whose name, or whose link in /dev/v4l/by-id, has this part. */
  | { kind: 'usb'; part: string }
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  | { kind: 'test' };

/**
 * @param text as the settings have let it through: `device`, `auto`, `test`, `usb:…`, a path, or an rtsp or http address
 * @param isDevice whether a path outside /dev is a character device
 */
export function parseSource(text: string, isDevice: (path: string) => boolean): Source {
  if (text === 'device' || text === 'auto') return { kind: 'first', orTest: text === 'auto' };
  if (text === 'test') return { kind: 'test' };
  if (/^usb:/i.test(text)) return { kind: 'usb', part: text.slice('usb:'.length) };
  if (/^(rtsps?|https?):/i.test(text)) return { kind: 'url', url: text };
  return { kind: text.startsWith('/dev/') || isDevice(text) ? 'device' : 'file', path: text };
}

/** An address without its user, password and query, which often hold secrets: it is shown on the bus and in the log. */
export function publicUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** `text` (what ffmpeg said of the address) with every trace of its secrets taken out. */
export function withoutSecretsOf(url: string, text: string): string {
  const { username, password, search } = new URL(url);
  let clean = withoutSecrets(text.replaceAll(url, publicUrl(url)));
  for (const secret of [password, decoded(password), username, search].filter((part) => part.length > 3)) {
    clean = clean.replaceAll(secret, '…');
  }
  return clean;
}

/** A password with a `%` that begins no code is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
