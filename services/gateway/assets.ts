import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

export interface Asset {
  type: string;
  body: Buffer;
  /** A strong validator (RFC 9110, 8.8.3). */
  etag: string;
}

const FOLDER = path.join(import.meta.dirname, 'page');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** All files of the page, read once at the start: name -> content, TypeScript with its types cut away. */
export function readAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(FOLDER)) {
    const type = TYPES[path.extname(name)];
    if (!type) continue;
    const source = readFileSync(path.join(FOLDER, name));
    const body = name.endsWith('.ts') ? Buffer.from(stripTypes(source.toString())) : source;
    assets.set(name, createAsset(type, body));
  }
  return assets;
}

export function createAsset(type: string, body: Buffer): Asset {
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Node strips the types of all our modules without a word, but warns when it is asked to for one; a user need not read that. */
function stripTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
