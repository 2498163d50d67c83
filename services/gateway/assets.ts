import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { bundlePage, type Files } from './bundle.ts';

export interface Asset {
  type: string;
  body: Buffer;
  /** A strong validator (RFC 9110, 8.8.3), of the plain body. */
  etag: string;
  /** Its address has the hash of it: what is there never changes. */
  isImmutable: boolean;
  /** The body in that coding, packed once, when it is first asked for; null where packing gains nothing. */
  packed: (coding: Coding) => Buffer | null;
}

/** Content codings (RFC 9110, 8.4.1), the better one first. */
export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

/** Beyond this a file takes longer to pack than the bytes are worth: at the most 0.1 s for all of them on a Pi. */
const BROTLI_QUALITY = 6;
/** As the bundler and we write it. */
const HASHED = /-[0-9A-Z]{8}(?=\.\w+$)/;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.js': 'text/javascript; charset=utf-8',
};

/**
 * All files of the page, read once at the start: name -> content. What has its hash in its name stays as it is for good; style sheets and
 * pictures stand there under their plain names, too.
 */
export function readAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const [name, body] of readFiles()) {
    const asset = createAsset(TYPES[path.extname(name)] ?? '', body);
    const plain = name.replace(HASHED, '');
    if (name !== plain) assets.set(name, { ...asset, isImmutable: true });
    if (name === plain || !name.endsWith('.js')) assets.set(plain, asset);
  }
  return assets;
}

/** Compiled, the page lies bundled beside this file. */
function readFiles(): Files {
  if (import.meta.filename.endsWith('.ts')) return bundlePage();
  const folder = path.join(import.meta.dirname, 'page');
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
}

export function createAsset(type: string, body: Buffer): Asset {
  const made = new Map<Coding, Buffer | null>();
  const packed = (coding: Coding) => {
    let bytes = made.get(coding);
    if (bytes === undefined) {
      bytes = type.startsWith('image/png') ? null : pack(body, coding);
      if (bytes && bytes.length >= body.length) bytes = null;
      made.set(coding, bytes);
    }
    return bytes;
  };
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { type, body, etag, isImmutable: false, packed };
}

function pack(body: Buffer, coding: Coding): Buffer {
  if (coding === 'gzip') return gzipSync(body, { level: 9 });
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}
